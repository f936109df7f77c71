package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts the numbers that quantised weights stand for in place of them: they are parameters like all
 * others then, to be drawn anew or trained.
 */
final class Dequantised {
  private Dequantised() {}

  /** The model with weights of floats, which are named as what DequantizeLinear gave. */
  static OnnxModel weights(OnnxModel model) {
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    List<OnnxNode> nodes = new ArrayList<>();
    Set<String> read = new HashSet<>();
    Import reading = null;
    for (OnnxNode n : model.nodes()) {
      if (isWeights(model, n)) {
        reading = reading == null ? Import.constants(model) : reading;
        reading.read(n);
        String name = n.outputs().getFirst();
        OnnxTensor t = reading.known(name).constant();
        initialisers.put(name, new OnnxTensor(name, ElementType.FLOAT, t.shape(), t.data()));
      } else {
        nodes.add(n);
        read.addAll(n.inputs());
      }
    }
    if (reading == null) {
      return model;
    }
    model.outputs().forEach(v -> read.add(v.name()));
    initialisers.keySet().retainAll(read);
    return model.with(nodes, initialisers);
  }

  private static boolean isWeights(OnnxModel model, OnnxNode n) {
    return n.domain().isEmpty()
        && n.op().equals("DequantizeLinear")
        && n.inputs().stream().allMatch(v -> v.isEmpty() || model.initialisers().containsKey(v))
        && n.has(0)
        && model.initialisers().get(n.inputs().getFirst()).isInteger();
  }
}
