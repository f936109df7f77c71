package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that raise the class, several objects of it alike.
 *
 * <p><b>Definition:</b> a = max(Σ_k w_k A_k, 0), w_k = Σ over pixels of α max(g, 0), g = ∂f/∂A_k, α
 * = g² / (2 g² + Σ A_k · g³ + 1e-6), the sum over pixels; α = 0 where g = 0.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); upsampling (bilinear, nearest, none; default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> Chattopadhay et al. 2018, "Grad-CAM++: improved visual explanations for deep
 * convolutional networks", section 3.
 *
 * <p><b>Differences:</b> α as pytorch-grad-cam writes it, of the exponential of the score; not
 * scaled to 0…1.
 */
public record GradCamPlusPlus(String layer, Upsampling upsampling, ScoreKind score)
    implements Method {
  /** Of pytorch-grad-cam. */
  private static final double STABILISER = 1e-6;

  public GradCamPlusPlus() {
    this("", Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(this, subject, workspace, layer, upsampling, GradCamPlusPlus::map);
  }

  private static double[] map(FeatureMap a, FeatureMap g) {
    double[] weight = new double[a.channels()];
    for (int k = 0; k < weight.length; k++) {
      double sum = a.sum(k);
      for (int i = 0; i < g.pixels(); i++) {
        double d = g.at(k, i);
        double alpha = d == 0 ? 0 : d * d / (2 * d * d + sum * d * d * d + STABILISER);
        weight[k] += alpha * Math.max(d, 0);
      }
    }
    return ClassActivation.weighted(weight, a, true);
  }
}
