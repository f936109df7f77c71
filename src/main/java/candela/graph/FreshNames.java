package candela.graph;

import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import java.util.HashSet;
import java.util.Set;

/** Names for nodes and values that are added to a model: none that it has. */
final class FreshNames {
  private final Set<String> used = new HashSet<>();

  FreshNames(OnnxModel model) {
    used.addAll(model.initialisers().keySet());
    model.inputs().forEach(v -> used.add(v.name()));
    model.outputs().forEach(v -> used.add(v.name()));
    for (OnnxNode n : model.nodes()) {
      used.add(n.name());
      used.addAll(n.inputs());
      used.addAll(n.outputs());
    }
  }

  /** The name itself the first time, where the model does not have it; else with strokes behind. */
  String of(String name) {
    while (!used.add(name)) {
      name += "'";
    }
    return name;
  }
}
