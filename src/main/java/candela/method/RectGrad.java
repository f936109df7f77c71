package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;
import candela.tensor.CandelaException;

/**
 * The gradient through the few units of every layer that matter most.
 *
 * <p><b>Definition:</b> the gradient ∂f(x)/∂x with R_i = R_j 1[y_i R_j > τ] at every rectifier, y
 * its output, τ the percentile of y R over the layer. Times x where multiplyByInputs.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> percent (0 to 100, default 98); multiplyByInputs (default false); score
 * (default logit); channels (default max_absolute).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row; ranking takes some 40 passes over every rectifier.
 *
 * <p><b>Source:</b> Kim et al. 2019, "Why are saliency maps noisy? Cause of and solution to noisy
 * saliency maps"; percentile and channels as Sixt et al. 2020.
 *
 * <p><b>Differences:</b> τ is the image's own, not the batch's.
 */
public record RectGrad(double percent, boolean multiplyByInputs, ScoreKind score, Channels channels)
    implements Method {
  public RectGrad() {
    this(98, false, ScoreKind.LOGIT, Channels.MAX_ABSOLUTE);
  }

  public RectGrad {
    if (!(percent >= 0 && percent <= 100)) {
      throw CandelaException.of("rectgrad: percent: 0 to 100 expected, got %s", percent);
    }
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Gradient.One(
        this, subject, workspace, Presets.rectGrad((float) percent), multiplyByInputs);
  }
}
