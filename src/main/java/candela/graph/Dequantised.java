package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Puts the numbers that quantised weights stand for in place of them: they are parameters like all
 * others then, to be drawn anew or trained.
 */
final class Dequantised {
  private final OnnxModel model;

  /** Scales may be computed from constants. */
  private final ConstantNodes constants;

  private Dequantised(OnnxModel model) {
    this.model = model;
    constants = new ConstantNodes(model);
  }

  /** The model with weights of floats, which are named as what DequantizeLinear gave. */
  static OnnxModel weights(OnnxModel model) {
    return new Dequantised(model).weights();
  }

  private OnnxModel weights() {
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    model.nodes().forEach(constants::take);
    for (OnnxNode n : model.nodes()) {
      OnnxTensor t = isWeights(n) ? constants.compute(n.outputs().getFirst()) : null;
      if (t != null) {
        initialisers.put(
            t.name(), new OnnxTensor(t.name(), ElementType.FLOAT, t.shape(), t.data()));
      }
    }
    return constants.replaced(initialisers);
  }

  /** Levels that come of numbers are left to the node that makes them. */
  private boolean isWeights(OnnxNode n) {
    return n.op().equals("DequantizeLinear")
        && n.has(0)
        && !constants.isMade(n.inputs().getFirst(), "QuantizeLinear")
        && constants.isComputed(n.outputs().getFirst());
  }
}
