package candela.graph;

import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts what the weights of layers come to in place of the nodes that compute it, say standardised
 * weights: once, where each reading of the model would compute it again.
 *
 * <p>What else is constant is left, since the number of images may decide about it.
 */
final class ComputedWeights {
  private final OnnxModel model;
  private final ConstantNodes constants;
  private final Map<String, OnnxTensor> initialisers;
  private final Set<String> outputs = new HashSet<>();

  private ComputedWeights(OnnxModel model) {
    this.model = model;
    constants = new ConstantNodes(model);
    initialisers = new LinkedHashMap<>(model.initialisers());
    model.outputs().stream().map(OnnxValue::name).forEach(outputs::add);
  }

  /** The model, its weights as they are used. */
  static OnnxModel of(OnnxModel model) {
    return new ComputedWeights(model).computed();
  }

  private OnnxModel computed() {
    List<OnnxNode> others = model.nodes().stream().filter(n -> !constants.take(n)).toList();
    others.forEach(this::weights);
    return constants.replaced(initialisers);
  }

  private void weights(OnnxNode n) {
    switch (n.domain().isEmpty() ? n.op() : "") {
      case "Conv", "ConvTranspose", "Gemm" -> {
        weight(n, 1, false);
        weight(n, 2, false);
      }
      case "MatMul" -> {
        weight(n, 0, true);
        weight(n, 1, true);
      }
      default -> {}
    }
  }

  /**
   * Computes input i.
   *
   * @param matrix whether of higher ranks it may belong to images
   */
  private void weight(OnnxNode n, int i, boolean matrix) {
    String value = n.has(i) ? n.inputs().get(i) : "";
    if (!constants.isComputed(value)
        || initialisers.containsKey(value)
        || outputs.contains(value)) {
      return;
    }
    OnnxTensor t = constants.compute(value);
    if (t != null && !(matrix && t.shape().rank() > 2)) {
      initialisers.put(value, t);
    }
  }
}
