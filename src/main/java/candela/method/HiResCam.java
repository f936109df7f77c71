package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Which pixels of the features raise the class.
 *
 * <p><b>Definition:</b> a = Σ_k A_k ∂f/∂A_k, pixel by pixel; below zero left out where relu.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); relu (default false); upsampling (bilinear, nearest, none; default bilinear); score
 * (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> Draelos and Carin 2020, "Use HiResCAM instead of Grad-CAM for faithful
 * explanations of convolutional neural networks", section 3.
 *
 * <p><b>Differences:</b> none; pytorch-grad-cam leaves out what is below zero. Of a network that
 * averages its last feature map it is {@link GradCam}, up to scale.
 */
public record HiResCam(String layer, boolean relu, Upsampling upsampling, ScoreKind score)
    implements Method {
  public HiResCam() {
    this("", false, Upsampling.BILINEAR, ScoreKind.LOGIT);
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
    double[] map = new double[a.pixels()];
    for (int i = 0; i < map.length; i++) {
      for (int k = 0; k < a.channels(); k++) {
        map[i] += a.at(k, i) * g.at(k, i);
      }
      map[i] = relu ? Math.max(map[i], 0) : map[i];
    }
    return map;
  }
}
