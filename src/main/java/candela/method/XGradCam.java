package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that raise the class, each channel weighed by what it adds to the score.
 *
 * <p><b>Definition:</b> a = max(Σ_k w_k A_k, 0), w_k = Σ A_k ∂f/∂A_k / Σ A_k, both sums over
 * pixels; 0 where Σ A_k is 0.
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
 * <p><b>Source:</b> Fu et al. 2020, "Axiom-based Grad-CAM: towards accurate visualization and
 * explanation of CNNs", section 3.
 *
 * <p><b>Differences:</b> pytorch-grad-cam adds 1e-7 to the sum below the line and scales the map to
 * 0…1. Made for features that are not negative: where both signs cancel in Σ A_k the weight is
 * large. Of a network that averages its last feature map it is {@link GradCam}.
 */
public record XGradCam(String layer, boolean relu, Upsampling upsampling, ScoreKind score)
    implements Method {
  public XGradCam() {
    this("", true, Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return relu ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(this, subject, workspace, layer, upsampling, this::map);
  }

  private double[] map(FeatureMap a, FeatureMap g) {
    FeatureMap product = a.times(g);
    double[] weight = new double[a.channels()];
    for (int k = 0; k < weight.length; k++) {
      double sum = a.sum(k);
      weight[k] = sum == 0 ? 0 : product.sum(k) / sum;
    }
    return ClassActivation.weighted(weight, a, relu);
  }
}
