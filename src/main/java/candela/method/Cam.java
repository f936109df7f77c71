package candela.method;

import candela.graph.ScoreKind;
import candela.graph.Unsuited;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that the classifier weighs for the class.
 *
 * <p><b>Definition:</b> a = Σ_k w_k A_k of the feature map A that is averaged before the
 * classifier, w_k the classifier's weight, which is the gradient of the score with respect to the
 * average: ∂f/∂A_k, the same at all pixels, times their number.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); upsampling (bilinear, nearest, none; default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> Zhou et al. 2016, "Learning deep features for discriminative localization",
 * section 2.
 *
 * <p><b>Differences:</b> none; networks whose last feature map is not averaged and weighed are
 * refused, the other maps of this family take them.
 */
public record Cam(String layer, Upsampling upsampling, ScoreKind score) implements Method {
  /** Of the largest gradient: rounding of a product with 1/(h w). */
  private static final double EQUAL = 1e-4;

  public Cam() {
    this("", Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(this, subject, workspace, layer, upsampling, Cam::map);
  }

  private static double[] map(FeatureMap a, FeatureMap g) {
    double most = 0;
    double apart = 0;
    double[] weight = new double[a.channels()];
    for (int k = 0; k < weight.length; k++) {
      weight[k] = g.sum(k);
      for (int i = 0; i < g.pixels(); i++) {
        most = Math.max(most, Math.abs(g.at(k, i)));
        apart = Math.max(apart, Math.abs(g.at(k, i) - g.at(k, 0)));
      }
    }
    if (apart > EQUAL * most) {
      throw Unsuited.of(
          "cam: a layer that is averaged over its pixels before the classifier expected, the"
              + " gradient differs from pixel to pixel; use grad-cam, or name another layer");
    }
    return ClassActivation.weighted(weight, a, false);
  }
}
