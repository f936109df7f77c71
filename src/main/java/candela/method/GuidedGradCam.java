package candela.method;

import candela.graph.ScoreKind;
import candela.probe.InTurn;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;
import candela.tensor.CandelaException;
import java.util.List;

/**
 * Which pixels draw the features that raise the class.
 *
 * <p><b>Definition:</b> a = {@link GuidedBackprop} times the upsampled {@link GradCam}, element by
 * element.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); upsampling (bilinear or nearest; default bilinear); score (default logit); channels
 * (default max_absolute).
 *
 * <p><b>Cost:</b> 2 forward rows, 2 backward rows.
 *
 * <p><b>Source:</b> Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
 * gradient-based localization", section 3.2.
 *
 * <p><b>Differences:</b> Captum upsamples to the nearest by default.
 */
public record GuidedGradCam(String layer, Upsampling upsampling, ScoreKind score, Channels channels)
    implements Method {
  public GuidedGradCam() {
    this("", Upsampling.BILINEAR, ScoreKind.LOGIT, Channels.MAX_ABSOLUTE);
  }

  public GuidedGradCam {
    if (upsampling == Upsampling.NONE) {
      throw CandelaException.of(
          "guided-grad-cam: upsampling: bilinear, nearest expected, got 'none'");
    }
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    // All channels: they are multiplied before they become one.
    var gradient =
        new Gradient.One(this, subject, workspace, Presets.guidedBackprop(), false, true);
    var cam =
        new ClassActivation(
            this, subject, workspace, layer, upsampling, (a, g) -> GradCam.map(a, g, true));
    return new InTurn<>(
        subject.target(), List.of(gradient, cam), () -> product(gradient.result(), cam.result()));
  }

  private Attribution product(Attribution gradient, Attribution cam) {
    float[] a = gradient.values().clone();
    for (int i = 0; i < a.length; i++) {
      a[i] *= cam.values()[i % cam.values().length];
    }
    return new Attribution(gradient.shape(), a, channels, cam.notes());
  }
}
