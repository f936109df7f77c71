package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * How much the score falls when the feature that a pixel belongs to is replaced.
 *
 * <p><b>Definition:</b> a_i = f(x) − f(x with all values of i's feature taken from the baseline).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> grid (features are the cells of a grid × grid, 1 or more, default 7);
 * featureMask (feature 0, 1, 2, … of every pixel or of every value, instead of the grid; default
 * none); baseline (default zero); seed (of a random baseline, default 0); score (default logit).
 *
 * <p><b>Cost:</b> features + 1 forward rows.
 *
 * <p><b>Source:</b> Captum's FeatureAblation.
 *
 * <p><b>Differences:</b> a mask of pixels gives one plane; Captum repeats it for every channel.
 */
public record FeatureAblation(
    int grid, List<Integer> featureMask, Baseline baseline, long seed, ScoreKind score)
    implements Method {
  public FeatureAblation() {
    this(7, List.of(), Baseline.ZERO, 0, ScoreKind.LOGIT);
  }

  public FeatureAblation {
    Check.atLeast(1, grid, "feature-ablation: grid");
    featureMask = FeatureMask.checked("feature-ablation", featureMask);
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Features(
        subject, workspace, FeatureMask.of("feature-ablation", grid, featureMask, subject.image()));
  }

  private final class Features extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final FeatureMask mask;
    private final Tensor x;
    private final Tensor fill;
    private final MemorySegment feature;
    private final MemorySegment off;
    private final double[] drop;
    private double score;

    Features(Subject subject, Workspace workspace, FeatureMask mask) {
      super(Ask.score(FeatureAblation.this.score), subject.target(), mask.count() + 1);
      this.workspace = workspace;
      this.mask = mask;
      image = subject.image();
      x = workspace.tensor(subject.shape(), subject.pixels());
      fill = baseline.of(subject, seed, workspace);
      feature = workspace.ints(mask.values(x.count()));
      drop = new double[mask.count()];
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
    protected void add(int first, Answers answers) {
      answers.scoresLater(
          s -> {
            for (int i = 0; i < s.length; i++) {
              if (first + i == 0) {
                score = s[0];
              } else {
                drop[first + i - 1] = score - s[i];
              }
            }
          });
    }

    @Override
    public Attribution result() {
      return new Attribution(
          mask.shape(image), mask.spread(drop), Channels.SUM, Map.of("score", score));
    }
  }
}
