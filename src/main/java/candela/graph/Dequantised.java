package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.HashMap;
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

  /** Scales that the file computes: constants, and products of constants, by their names. */
  private final Map<String, OnnxNode> scales = new HashMap<>();

  private Dequantised(OnnxModel model) {
    this.model = model;
  }

  /** The model with weights of floats, which are named as what DequantizeLinear gave. */
  static OnnxModel weights(OnnxModel model) {
    return new Dequantised(model).weights();
  }

  private OnnxModel weights() {
    Map<String, OnnxTensor> initialisers = new LinkedHashMap<>(model.initialisers());
    List<OnnxNode> nodes = new ArrayList<>();
    Set<String> read = new HashSet<>();
    for (OnnxNode n : model.nodes()) {
      boolean own = n.domain().isEmpty() && n.inputs().stream().allMatch(this::isKnown);
      if (own && isWeights(n)) {
        OnnxTensor weights = numbers(n);
        initialisers.put(weights.name(), weights);
        continue;
      }
      if (own && (n.op().equals("Constant") || n.op().equals("Mul"))) {
        n.outputs().forEach(v -> scales.put(v, n));
      }
      nodes.add(n);
      read.addAll(n.inputs());
    }
    if (nodes.size() == model.nodes().size()) {
      return model;
    }
    model.outputs().forEach(v -> read.add(v.name()));
    initialisers.keySet().retainAll(read);
    return model.with(nodes, initialisers);
  }

  private boolean isKnown(String value) {
    return value.isEmpty() || model.initialisers().containsKey(value) || scales.containsKey(value);
  }

  private boolean isWeights(OnnxNode n) {
    OnnxTensor levels = n.has(0) ? model.initialisers().get(n.inputs().getFirst()) : null;
    return n.op().equals("DequantizeLinear") && levels != null && levels.isInteger();
  }

  private OnnxTensor numbers(OnnxNode n) {
    Import reading = Import.constants(model);
    n.inputs().forEach(v -> bind(reading, v));
    reading.read(n);
    String name = n.outputs().getFirst();
    try {
      OnnxTensor t = reading.known(name).constant();
      return new OnnxTensor(name, ElementType.FLOAT, t.shape(), t.data());
    } catch (CandelaException e) {
      throw new CandelaException(model.name() + ": " + n.label() + ": " + e.getMessage(), e);
    }
  }

  private void bind(Import reading, String value) {
    OnnxNode n = scales.get(value);
    if (n != null) {
      n.inputs().forEach(v -> bind(reading, v));
      reading.read(n);
    } else if (!value.isEmpty()) {
      reading.bind(value, model.initialisers().get(value));
    }
  }
}
