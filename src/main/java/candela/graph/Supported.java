package candela.graph;

import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxValue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Leaves out nodes that no output needs, and outputs that operators outside {@link Operators} give,
 * say the places of the largest scores, where the first output does without them.
 */
final class Supported {
  private Supported() {}

  /** The model of the outputs that can be had; of all where the first cannot. */
  static OnnxModel of(OnnxModel model) {
    Set<String> missing = new HashSet<>();
    for (OnnxNode n : model.nodes()) {
      if (!isSupported(n) || n.reads().stream().anyMatch(missing::contains)) {
        n.outputs().stream().filter(v -> !v.isEmpty()).forEach(missing::add);
      }
    }
    if (missing.contains(model.outputs().getFirst().name())) {
      return model; // refused when the node is read
    }
    List<OnnxValue> outputs =
        model.outputs().stream().filter(v -> !missing.contains(v.name())).toList();
    Set<String> read = new HashSet<>();
    outputs.forEach(v -> read.add(v.name()));
    List<OnnxNode> nodes = new ArrayList<>();
    for (OnnxNode n : model.nodes().reversed()) {
      if (n.outputs().stream().anyMatch(v -> !v.isEmpty() && read.contains(v))) {
        nodes.add(n);
        read.addAll(n.reads());
      }
    }
    return model.withOutputs(outputs, nodes.reversed());
  }

  private static boolean isSupported(OnnxNode n) {
    return n.domain().isEmpty()
        && (Operators.find(n.op()) != null || Operators.decided().contains(n.op()));
  }
}
