package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that the layer has most of, whatever the class.
 *
 * <p><b>Definition:</b> a = Σ_k v_k A_k, v the first right singular vector of A as a matrix of
 * pixels by channels: the mix of channels, |v| = 1, of largest Σ a². Its sign is such that Σ_k v_k
 * is above zero; where that is zero, such that the first pixel of a that is not zero is above it.
 * With centred the mean of each channel is taken off A before; with relu what is below zero is left
 * out.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); centred (default false); relu (default false); upsampling (bilinear, nearest, none;
 * default bilinear).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer, whose gradient is not read.
 *
 * <p><b>Source:</b> Muhammad and Yeasin 2020, "Eigen-CAM: class activation map using principal
 * components", section III.
 *
 * <p><b>Differences:</b> the paper leaves the sign open. pytorch-grad-cam is centred=true,
 * relu=true but for the sign, which is whatever its library gives, and scales the map to 0…1.
 */
public record EigenCam(String layer, boolean centred, boolean relu, Upsampling upsampling)
    implements Method {
  public EigenCam() {
    this("", false, false, Upsampling.BILINEAR);
  }

  /** Asked, but not read. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Channels channels() {
    return relu ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(
        this, subject, workspace, layer, upsampling, (a, g) -> Principal.map(a, centred, relu));
  }
}
