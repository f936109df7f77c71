package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Which pixels of the features raise the class: sharp at early layers too.
 *
 * <p><b>Definition:</b> a = max(Σ_k max(∂f/∂A_k, 0) A_k, 0), pixel by pixel.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); upsampling (bilinear, nearest, none; default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> Jiang et al. 2021, "LayerCAM: exploring hierarchical class activation maps for
 * localization", section III.
 *
 * <p><b>Differences:</b> none; the authors scale maps of early layers by tanh before they join
 * them, which is left to the reader of the map.
 */
public record LayerCam(String layer, Upsampling upsampling, ScoreKind score) implements Method {
  public LayerCam() {
    this("", Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(this, subject, workspace, layer, upsampling, LayerCam::map);
  }

  private static double[] map(FeatureMap a, FeatureMap g) {
    double[] map = new double[a.pixels()];
    for (int i = 0; i < map.length; i++) {
      for (int k = 0; k < a.channels(); k++) {
        map[i] += a.at(k, i) * Math.max(g.at(k, i), 0);
      }
      map[i] = Math.max(map[i], 0);
    }
    return map;
  }
}
