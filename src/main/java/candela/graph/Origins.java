package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a model file itself tells of its values, before anything is imported. */
final class Origins {
  private final OnnxModel model;
  private final Map<String, OnnxNode> producers = new HashMap<>();

  /** Values of shapes and places, which hold integers. */
  private final Set<String> whole = new HashSet<>();

  Origins(OnnxModel model) {
    this.model = model;
    model.inputs().stream().filter(v -> !v.type().isFloating()).forEach(v -> whole.add(v.name()));
    model.initialisers().forEach((name, t) -> addWhole(t.isInteger(), List.of(name)));
    for (OnnxNode n : model.nodes()) {
      n.outputs().forEach(y -> producers.put(y, n));
      addWhole(isWhole(n), n.outputs());
    }
  }

  private void addWhole(boolean is, List<String> names) {
    if (is) {
      whole.addAll(names);
    }
  }

  private boolean isWhole(OnnxNode n) {
    return switch (n.op()) {
      case "ArgMax", "ArgMin", "Shape", "Size" -> true;
      case "Cast" -> !floating(n);
      case "Constant" ->
          n.has("value_int")
              || n.has("value_ints")
              || n.attributes().get("value") instanceof OnnxAttribute.Tensor(OnnxTensor t)
                  && t.isInteger();
      case "ConstantOfShape" ->
          n.attributes().get("value") instanceof OnnxAttribute.Tensor(OnnxTensor t)
              && t.isInteger();
      case "Where" -> n.has(1) && whole.contains(n.inputs().get(1));
      default -> n.has(0) && whole.contains(n.inputs().get(0));
    };
  }

  private static boolean floating(OnnxNode cast) {
    int to = (int) cast.integer("to", 1);
    return ElementType.of(to).map(ElementType::isFloating).orElse(false);
  }

  /** Whether a value holds integers, as far as the file tells. */
  boolean isWhole(String name) {
    return whole.contains(name);
  }

  /** The one number that a value is in the file; NaN where it is computed, or several. */
  float number(String name) {
    OnnxTensor t = model.initialisers().get(name);
    if (t != null) {
      return only(t);
    }
    OnnxNode n = producers.get(name);
    if (n == null) {
      return Float.NaN;
    }
    return switch (n.op()) {
      case "Constant" -> constant(n);
      case "Identity" -> number(n.inputs().get(0));
      case "Cast" -> floating(n) ? number(n.inputs().get(0)) : Float.NaN;
      default -> Float.NaN;
    };
  }

  private static float constant(OnnxNode n) {
    return switch (n.attributes().values().stream().findFirst().orElse(null)) {
      case OnnxAttribute.Tensor(OnnxTensor t) -> only(t);
      case OnnxAttribute.Float(float v) -> v;
      case OnnxAttribute.Int(long v) -> v;
      case OnnxAttribute.Floats(List<Float> v) -> v.size() == 1 ? v.getFirst() : Float.NaN;
      case OnnxAttribute.Ints(List<Long> v) -> v.size() == 1 ? v.getFirst() : Float.NaN;
      case null, default -> Float.NaN;
    };
  }

  private static float only(OnnxTensor t) {
    return t.shape().count() == 1 ? t.floats()[0] : Float.NaN;
  }
}
