package candela.onnx;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The value of a node's attribute. Sparse tensors, types, and graphs that are no part of an If,
 * Loop or Scan are refused when a file is read.
 */
public sealed interface OnnxAttribute {
  record Int(long value) implements OnnxAttribute {}

  record Ints(List<Long> values) implements OnnxAttribute {
    public Ints {
      values = List.copyOf(values);
    }
  }

  @SuppressWarnings("AvoidCommonTypeNames") // named as ONNX names it
  record Float(float value) implements OnnxAttribute {}

  record Floats(List<java.lang.Float> values) implements OnnxAttribute {
    public Floats {
      values = List.copyOf(values);
    }
  }

  record Text(String value) implements OnnxAttribute {}

  record Texts(List<String> values) implements OnnxAttribute {
    public Texts {
      values = List.copyOf(values);
    }
  }

  record Tensor(OnnxTensor value) implements OnnxAttribute {}

  /**
   * A branch of an If, or the body of a Loop or Scan: it reads values of the graph around it by
   * their names.
   *
   * @param inputs names of what it is given
   * @param nodes in the file's order
   * @param outputs names of what it gives
   */
  record Graph(
      List<String> inputs,
      List<OnnxNode> nodes,
      Map<String, OnnxTensor> initialisers,
      List<String> outputs)
      implements OnnxAttribute {
    public Graph {
      inputs = List.copyOf(inputs);
      nodes = List.copyOf(nodes);
      initialisers = Collections.unmodifiableMap(new LinkedHashMap<>(initialisers));
      outputs = List.copyOf(outputs);
    }

    /** Names of values of the graph around it. */
    Set<String> captured() {
      Set<String> own = new HashSet<>(initialisers.keySet());
      own.addAll(inputs);
      Set<String> captured = new LinkedHashSet<>();
      for (OnnxNode n : nodes) {
        n.reads().stream().filter(v -> !own.contains(v)).forEach(captured::add);
        own.addAll(n.outputs());
      }
      outputs.stream().filter(v -> !own.contains(v)).forEach(captured::add);
      return captured;
    }
  }
}
