package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;

/**
 * What in the image the network's units would draw to raise the score: rectifiers rectify what
 * flows back.
 *
 * <p><b>Definition:</b> the gradient ∂f(x)/∂x with R_i = max(R_j, 0) at every rectifier.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> score (default logit); channels (default max_absolute).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row.
 *
 * <p><b>Source:</b> Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks".
 *
 * <p><b>Differences:</b> starts from 1 at the class, as Captum; iNNvestigate from the class's
 * value. Leaky and clipped rectifiers count as rectifiers; Captum and zennit know ReLU only.
 */
public record DeconvNet(ScoreKind score, Channels channels) implements Method {
  public DeconvNet() {
    this(ScoreKind.LOGIT, Channels.MAX_ABSOLUTE);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Gradient.One(this, subject, workspace, Presets.deconvNet(), false);
  }
}
