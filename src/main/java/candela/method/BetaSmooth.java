package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;

/**
 * The gradient of a network whose rectifiers have rounded corners: it bends less, and is harder to
 * manipulate.
 *
 * <p><b>Definition:</b> the gradient ∂f(x)/∂x with R_i = σ(β z_i) R_j at every ReLU: the slope of
 * softplus with β. Times x where multiplyByInputs.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> beta (above 0, default 10; the authors show 10, 3 and 1); multiplyByInputs
 * (default false); score (default logit); channels (default sum_absolute, the authors').
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Dombrowski et al. 2019, "Explanations can be manipulated and geometry is to
 * blame", section 4.
 *
 * <p><b>Differences:</b> forward keeps ReLU, as in zennit; the authors smooth forward too.
 */
public record BetaSmooth(double beta, boolean multiplyByInputs, ScoreKind score, Channels channels)
    implements Method {
  public BetaSmooth() {
    this(10, false, ScoreKind.LOGIT, Channels.SUM_ABSOLUTE);
  }

  public BetaSmooth {
    Check.positive(beta, "beta-smooth: beta");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Gradient.One(
        this, subject, workspace, Presets.betaSmooth((float) beta), multiplyByInputs);
  }
}
