package candela.rule;

import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.tensor.CandelaException;

/**
 * The gradient of a rectifier whose corners are rounded: softplus instead of ReLU, in backward
 * only.
 *
 * <p><b>Definition:</b> R_i = σ(β x_i) R_j; for a clamp to lo..hi, (σ(β (x_i − lo)) − σ(β (x_i −
 * hi))) R_j.
 *
 * <p><b>Shapes:</b> as the rectifier's.
 *
 * <p><b>Parameters:</b> beta (above 0; infinity would be the gradient).
 *
 * <p><b>Cost:</b> one pass; x is kept.
 *
 * <p><b>Source:</b> Dombrowski et al. 2019, "Explanations can be manipulated and geometry is to
 * blame", section 4.
 *
 * <p><b>Differences:</b> forward keeps its ReLU, as in zennit's BetaSmooth (β = 10); the authors'
 * evaluation puts softplus into forward too.
 */
public record BetaSmooth(float beta) implements Rule {
  public BetaSmooth {
    if (!(beta > 0) || Float.isInfinite(beta)) {
      throw CandelaException.of("beta-smooth: beta above 0 expected, got %s", beta);
    }
  }

  @Override
  public void backward(Node node, Step step) {
    Rectify r = clamp(node.op());
    step.device()
        .kernels()
        .rectify()
        .smoothBackward(
            step.accumulate(0),
            step.dy().count(),
            beta,
            r.lo(),
            r.hi(),
            step.x().data(),
            step.dy().data(),
            step.dx().data());
  }

  @Override
  public void check(Graph graph, Node node) {
    if (clamp(node.op()) == null) {
      throw CandelaException.of("only ReLU and clamps can be smoothed");
    }
  }

  /** The ReLU or clamp that an operator is, but for NaN; else null. */
  static Rectify clamp(Op op) {
    return switch (op) {
      case Rectify r when !r.isFloor() -> r;
      case Elementwise e when e.kind() == Unary.THRESHOLDED_RELU && e.alpha() == 0 ->
          new Rectify(0, Float.POSITIVE_INFINITY);
      default -> null;
    };
  }

  @Override
  public boolean needsX(Node node, int i) {
    return true;
  }

  @Override
  public boolean needsY(Node node) {
    return false;
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
