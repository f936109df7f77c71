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
    List<OnnxNode> nodes = new ArrayList<>();
    model.nodes().forEach(constants::take);
    for (OnnxNode n : model.nodes()) {
      OnnxTensor t = isWeights(n) ? constants.compute(n.outputs().getFirst()) : null;
      if (t == null) {
        nodes.add(n);
      } else {
        initialisers.put(
            t.name(), new OnnxTensor(t.name(), ElementType.FLOAT, t.shape(), t.data()));
      }
    }
    if (nodes.size() == model.nodes().size()) {
      return model;
    }
    Set<String> read = new HashSet<>();
    model.outputs().forEach(v -> read.add(v.name()));
    for (OnnxNode n : nodes.reversed()) {
      if (!isUnread(n, read)) {
        read.addAll(n.inputs());
      }
    }
    nodes.removeIf(n -> isUnread(n, read));
    initialisers.keySet().retainAll(read);
    return model.with(nodes, initialisers);
  }

  /** Whether it made what nobody needs any more, such as levels out of the bytes they shared. */
  private boolean isUnread(OnnxNode n, Set<String> read) {
    return n.outputs().stream().allMatch(y -> constants.isComputed(y) && !read.contains(y));
  }

  /** Levels that come of numbers are left to the node that makes them. */
  private boolean isWeights(OnnxNode n) {
    return n.op().equals("DequantizeLinear")
        && n.has(0)
        && !constants.isMade(n.inputs().getFirst(), "QuantizeLinear")
        && constants.isComputed(n.outputs().getFirst());
  }
}
