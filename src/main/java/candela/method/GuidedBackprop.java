package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;

/**
 * What in the image active units would raise to raise the score: rectifiers let through positive
 * gradients of active units only.
 *
 * <p><b>Definition:</b> the gradient ∂f(x)/∂x with R_i = f'(z_i) max(R_j, 0) at every rectifier f;
 * for ReLU 1[z_i > 0] max(R_j, 0).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> score (default logit); channels (default max_absolute).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Springenberg et al. 2015, "Striving for simplicity: the all convolutional net",
 * section 4.
 *
 * <p><b>Differences:</b> starts from 1 at the class, as Captum; iNNvestigate from the class's
 * value. Leaky and clipped rectifiers count as rectifiers; Captum and zennit know ReLU only. Other
 * activations keep their gradient.
 */
public record GuidedBackprop(ScoreKind score, Channels channels) implements Method {
  public GuidedBackprop() {
    this(ScoreKind.LOGIT, Channels.MAX_ABSOLUTE);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Gradient.One(this, subject, workspace, Presets.guidedBackprop(), false);
  }
}
