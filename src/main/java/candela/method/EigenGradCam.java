package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;

/**
 * Where the features are that most of what raises the class is made of.
 *
 * <p><b>Definition:</b> {@link EigenCam} of A ∂f/∂A: a = Σ_k v_k A_k ∂f/∂A_k, v the first right
 * singular vector of A ∂f/∂A as a matrix of pixels by channels, its sign such that Σ_k v_k is above
 * zero; where that is zero, such that the first pixel of a that is not zero is above it. With
 * centred the mean of each channel is taken off before; with relu what is below zero is left out.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); centred (default false); relu (default false); upsampling (bilinear, nearest, none;
 * default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, 1 backward row down to the layer.
 *
 * <p><b>Source:</b> EigenGradCAM of pytorch-grad-cam; no paper.
 *
 * <p><b>Differences:</b> pytorch-grad-cam is centred=true, relu=true but for the sign, which is
 * whatever its library gives, and scales the map to 0…1. Without centring the sign is that of
 * {@link HiResCam}: the sum over pixels of both maps' product is not below zero.
 */
public record EigenGradCam(
    String layer, boolean centred, boolean relu, Upsampling upsampling, ScoreKind score)
    implements Method {
  public EigenGradCam() {
    this("", false, false, Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return relu ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new ClassActivation(
        this,
        subject,
        workspace,
        layer,
        upsampling,
        (a, g) -> Principal.map(a.times(g), centred, relu));
  }
}
