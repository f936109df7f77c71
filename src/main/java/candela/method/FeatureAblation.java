package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * How much the score falls when the feature that a pixel belongs to is replaced.
 *
 * <p><b>Definition:</b> a_i = f(x) − f(x with all values of i's feature taken from the baseline).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 7); segments, compactness, sigma (of SLIC,
 * defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (default zero); seed (of a random baseline, default
 * 0); score (default logit).
 *
 * <p><b>Cost:</b> features + 1 forward rows.
 *
 * <p><b>Source:</b> Captum's FeatureAblation.
 *
 * <p><b>Differences:</b> a mask of pixels gives one plane; Captum repeats it for every channel.
 */
public record FeatureAblation(Features features, Baseline baseline, long seed, ScoreKind score)
    implements Method {
  public FeatureAblation() {
    this(Features.grid(7), Baseline.ZERO, 0, ScoreKind.LOGIT);
  }

  public FeatureAblation {
    features.check("feature-ablation");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Ablated(subject, workspace, features.of("feature-ablation", subject, workspace));
  }

  private final class Ablated extends Drops {
    private final FeatureMask mask;
    private final Tensor x;
    private final Tensor fill;
    private final MemorySegment feature;
    private final MemorySegment off;

    Ablated(Subject subject, Workspace workspace, FeatureMask mask) {
      super(FeatureAblation.this, subject, workspace, mask.count());
      this.mask = mask;
      x = workspace.tensor(subject.shape(), subject.pixels());
      fill = baseline.of(subject, seed, workspace);
      feature = workspace.ints(mask.values(x.count()));
      int[] ids = new int[drop.length + 1];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = i - 1;
      }
      off = workspace.ints(ids);
    }

    /** Row 0 switches nothing off. */
    @Override
    protected void fill(int first, Tensor rows) {
      workspace
          .device()
          .kernels()
          .mask()
          .selectFeatures(
              rows.shape().dim(0),
              x.count(),
              x.data(),
              fill.data(),
              feature,
              off.asSlice(first * 4L),
              rows.data());
    }

    @Override
    public Attribution result() {
      return mask.spread(image, drop, Channels.SUM, Map.of("score", score));
    }
  }
}
