package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model whose rectifiers have no corner: softplus(β x) / β for max(x, 0), and the difference of
 * two for a clip from 0. The larger β, the closer; its gradient has a slope of its own everywhere.
 */
public final class Softened {
  private static final String BETA = "softened.beta";
  private static final String INVERSE = "softened.inverse";

  private final OnnxModel model;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> initialisers;
  private int rectifiers;

  private Softened(OnnxModel model, double beta) {
    this.model = model;
    initialisers = new LinkedHashMap<>(model.initialisers());
    initialisers.put(BETA, OnnxTensor.of(BETA, Shape.of(), (float) beta));
    initialisers.put(INVERSE, OnnxTensor.of(INVERSE, Shape.of(), (float) (1 / beta)));
    model.nodes().forEach(this::read);
  }

  /**
   * The model with soft rectifiers; the same where it has none.
   *
   * @param beta above 0
   */
  public static OnnxModel of(OnnxModel model, double beta) {
    var s = new Softened(model, beta);
    return s.rectifiers == 0
        ? model
        : new OnnxModel(
            model.name(),
            model.producer(),
            model.opset(),
            model.otherDomains(),
            model.inputs(),
            model.outputs(),
            s.nodes,
            s.initialisers,
            model.files());
  }

  private void read(OnnxNode n) {
    if (n.op().equals("Relu")) {
      rectifiers++;
      soften(n.inputs().get(0), n.outputs().get(0));
    } else if (n.op().equals("Clip") && bound(n, "min", 1) == 0 && bound(n, "max", 2) > 0) {
      rectifiers++;
      String x = n.inputs().get(0);
      String y = n.outputs().get(0);
      String top = y + ".top";
      initialisers.put(top, OnnxTensor.of(top, Shape.of(), (float) bound(n, "max", 2)));
      node("Sub", List.of(x, top), y + ".above");
      soften(x, y + ".lower");
      soften(y + ".above", y + ".upper");
      node("Sub", List.of(y + ".lower", y + ".upper"), y);
    } else {
      nodes.add(n);
    }
  }

  /** A bound of a clip; NaN where there is none, or the file computes it. */
  private double bound(OnnxNode n, String name, int input) {
    if (n.attributes().get(name) instanceof OnnxAttribute.Float(float v)) {
      return v;
    }
    OnnxTensor t = n.has(input) ? constant(n.inputs().get(input)) : null;
    return t != null && !t.isInteger() && t.shape().count() == 1 ? t.floats()[0] : Double.NaN;
  }

  private OnnxTensor constant(String name) {
    OnnxTensor t = model.initialisers().get(name);
    for (OnnxNode n : t == null ? model.nodes() : List.<OnnxNode>of()) {
      if (n.op().equals("Constant")
          && n.outputs().contains(name)
          && n.attributes().get("value") instanceof OnnxAttribute.Tensor(OnnxTensor v)) {
        return v;
      }
    }
    return t;
  }

  private void soften(String x, String y) {
    node("Mul", List.of(x, BETA), y + ".steep");
    node("Softplus", List.of(y + ".steep"), y + ".soft");
    node("Mul", List.of(y + ".soft", INVERSE), y);
  }

  private void node(String op, List<String> in, String out) {
    nodes.add(new OnnxNode(op + "." + out, op, "", in, List.of(out), Map.of()));
  }
}
