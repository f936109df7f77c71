package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that raise the class.
 *
 * <p><b>Definition:</b> a = max(Σ_k w_k A_k, 0), w_k the mean over pixels of ∂f/∂A_k.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); relu (false keeps what is below zero, default true); upsampling (bilinear, nearest, none;
 * default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
 * gradient-based localization", section 3.
 *
 * <p><b>Differences:</b> the authors' code takes the sum for the mean, which only scales the map.
 * Captum: no ReLU, no upsampling; TorchCAM and pytorch-grad-cam scale the map to 0…1; tf-explain
 * takes guided gradients.
 */
public record GradCam(String layer, boolean relu, Upsampling upsampling, ScoreKind score)
    implements Method {
  public GradCam() {
    this("", true, Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return relu ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(
        this, subject, workspace, layer, upsampling, (a, g) -> map(a, g, relu));
  }

  static double[] map(FeatureMap a, FeatureMap g, boolean relu) {
    double[] weight = new double[a.channels()];
    for (int k = 0; k < weight.length; k++) {
      weight[k] = g.sum(k) / g.pixels();
    }
    return ClassActivation.weighted(weight, a, relu);
  }
}
