package candela.graph;

import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model without nodes that no output needs, and without outputs that operators outside {@link
 * Operators} give, say the places of the largest scores, where others do without them.
 *
 * @param missing outputs that were left out, with the node that is why
 */
record Supported(OnnxModel model, Map<String, String> missing) {
  /** The model of the outputs that can be had; of all where none can. */
  static Supported of(OnnxModel model) {
    Map<String, String> why = new HashMap<>();
    for (OnnxNode n : model.nodes()) {
      String reason =
          isSupported(n)
              ? n.reads().stream().filter(why::containsKey).map(why::get).findFirst().orElse(null)
              : n.label() + ": " + Import.whyNot(n);
      if (reason != null) {
        n.outputs().stream().filter(v -> !v.isEmpty()).forEach(v -> why.put(v, reason));
      }
    }
    List<OnnxValue> outputs =
        model.outputs().stream().filter(v -> !why.containsKey(v.name())).toList();
    if (outputs.isEmpty()) {
      return new Supported(model, Map.of()); // refused when the node is read
    }
    Map<String, String> missing = new LinkedHashMap<>();
    for (OnnxValue v : model.outputs()) {
      if (why.containsKey(v.name())) {
        missing.put(v.name(), why.get(v.name()));
      }
    }
    return new Supported(model.withOutputs(outputs, needed(model, outputs)), missing);
  }

  private static List<OnnxNode> needed(OnnxModel model, List<OnnxValue> outputs) {
    Set<String> read = new HashSet<>();
    outputs.forEach(v -> read.add(v.name()));
    List<OnnxNode> nodes = new ArrayList<>();
    for (OnnxNode n : model.nodes().reversed()) {
      if (n.outputs().stream().anyMatch(v -> !v.isEmpty() && read.contains(v))) {
        nodes.add(n);
        read.addAll(n.reads());
      }
    }
    return nodes.reversed();
  }

  private static boolean isSupported(OnnxNode n) {
    return n.domain().isEmpty()
        && (Operators.find(n.op()) != null || Operators.decided().contains(n.op()));
  }
}
