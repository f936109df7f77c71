package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model whose rectifiers have no corner. With s(x) = softplus(β x) / β, which is max(x, 0) but
 * for log(2) / β at most: s(x) for Relu and for Clip from 0 up, s(x) − s(x − max) for Clip from 0
 * to max, α x + (1 − α) s(x) for LeakyRelu and PRelu. The larger β, the closer; the gradient has a
 * slope of its own everywhere. Immutable.
 */
public final class Softened {
  private final Origins origins;
  private final FreshNames names;
  private final String beta;
  private final String inverse;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> initialisers;
  private final Map<String, Integer> corners = new TreeMap<>();
  private final OnnxModel model;
  private int rectifiers;

  private Softened(OnnxModel model, double beta) {
    origins = new Origins(model);
    names = new FreshNames(model);
    initialisers = new LinkedHashMap<>(model.initialisers());
    this.beta = constant("softened.beta", (float) beta);
    inverse = constant("softened.inverse", (float) (1 / beta));
    model.nodes().forEach(this::read);
    this.model = rectifiers == 0 ? model : model.with(nodes, initialisers);
  }

  /**
   * @param beta above 0
   */
  public static Softened of(OnnxModel model, double beta) {
    return new Softened(model, beta);
  }

  /** The one given where it has no rectifiers. */
  public OnnxModel model() {
    return model;
  }

  /** How many were softened. */
  public int rectifiers() {
    return rectifiers;
  }

  /**
   * Operators that are left and whose slope jumps, alphabetical, with how many there are. MaxPool
   * is not counted: what it has chosen is smooth, though its choice may change between two points.
   */
  public Map<String, Integer> corners() {
    return Collections.unmodifiableMap(corners);
  }

  private void read(OnnxNode n) {
    if (!n.domain().isEmpty() || !n.has(0) || origins.isWhole(n.inputs().get(0))) {
      nodes.add(n);
      return;
    }
    String x = n.inputs().get(0);
    String y = n.outputs().get(0);
    int before = nodes.size();
    switch (n.op()) {
      case "Relu" -> soften(x, y);
      case "Clip" -> clip(bound(n, "min", 1), bound(n, "max", 2), x, y);
      case "LeakyRelu" -> {
        float alpha = n.real("alpha", .01f);
        leak(x, constant(y + ".alpha", alpha), constant(y + ".rest", 1 - alpha), y);
      }
      case "PRelu" -> {
        String alpha = n.inputs().get(1);
        leak(x, alpha, node("Sub", List.of(constant(y + ".one", 1), alpha), y, ".rest"), y);
      }
      default -> {
        // others stay
      }
    }
    if (nodes.size() > before) {
      rectifiers++;
      return;
    }
    nodes.add(n);
    if (hasCorner(n)) {
      corners.merge(n.op(), 1, Integer::sum);
    }
  }

  private static boolean hasCorner(OnnxNode n) {
    return switch (n.op()) {
      case "Abs",
          "Clip",
          "HardSigmoid",
          "HardSwish",
          "Max",
          "Min",
          "QuantizeLinear",
          "Selu",
          "Shrink",
          "ThresholdedRelu" ->
          true;
      case "GridSample" -> !n.text("mode", "linear").endsWith("cubic");
      case "Elu" -> n.real("alpha", 1) != 1;
      default -> false;
    };
  }

  /** A bound of a clip; NaN where the file computes it. */
  private float bound(OnnxNode n, String name, int input) {
    float absent = name.equals("min") ? Float.NEGATIVE_INFINITY : Float.POSITIVE_INFINITY;
    return switch (n.attributes().get(name)) {
      case OnnxAttribute.Float(float v) -> v;
      case OnnxAttribute.Int(long v) -> v;
      case null -> n.has(input) ? origins.number(n.inputs().get(input)) : absent;
      default -> Float.NaN;
    };
  }

  private void clip(float min, float max, String x, String y) {
    if (min != 0 || !(max > 0)) {
      return;
    }
    if (max >= Float.MAX_VALUE) {
      soften(x, y);
      return;
    }
    String above = node("Sub", List.of(x, constant(y + ".top", max)), y, ".above");
    String lower = soften(x, names.of(y + ".lower"));
    String upper = soften(above, names.of(y + ".upper"));
    node("Sub", List.of(lower, upper), y);
  }

  private void leak(String x, String alpha, String rest, String y) {
    String straight = node("Mul", List.of(x, alpha), y, ".straight");
    String bent = node("Mul", List.of(soften(x, names.of(y + ".soft")), rest), y, ".bent");
    node("Add", List.of(straight, bent), y);
  }

  private String soften(String x, String y) {
    String steep = node("Mul", List.of(x, beta), y, ".steep");
    String soft = node("Softplus", List.of(steep), y, ".plus");
    return node("Mul", List.of(soft, inverse), y);
  }

  private String node(String op, List<String> in, String y, String what) {
    return node(op, in, names.of(y + what));
  }

  private String node(String op, List<String> in, String out) {
    nodes.add(new OnnxNode(names.of(op + "." + out), op, "", in, List.of(out), Map.of()));
    return out;
  }

  private String constant(String wanted, float value) {
    String name = names.of(wanted);
    initialisers.put(name, OnnxTensor.of(name, Shape.of(), value));
    return name;
  }
}
