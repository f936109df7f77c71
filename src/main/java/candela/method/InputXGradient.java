package candela.method;

import candela.graph.Rules;
import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * How much each input value adds to the score, to first order.
 *
 * <p><b>Definition:</b> a = x · ∂f(x)/∂x, element by element.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> score (default logit); channels (default sum).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Shrikumar et al. 2016, "Not just a black box".
 *
 * <p><b>Differences:</b> none; signed, as Captum. x is the preprocessed image, so 0 is the mean
 * colour in most preprocessings.
 */
public record InputXGradient(ScoreKind score, Channels channels) implements Method {
  public InputXGradient() {
    this(ScoreKind.LOGIT, Channels.SUM);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Gradient.One(this, subject, workspace, Rules.GRADIENT, true);
  }
}
