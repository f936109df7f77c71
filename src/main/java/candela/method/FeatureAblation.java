package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
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
    featureMask = List.copyOf(featureMask);
    for (int f : featureMask) {
      Check.atLeast(0, f, "feature-ablation: featureMask");
    }
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Features(subject, workspace, mask(subject.image()));
  }

  /** The feature of every pixel [h,w] or of every value [c,h,w]. */
  private int[] mask(Shape image) {
    int h = image.dim(1);
    int w = image.dim(2);
    int pixels = h * w;
    if (!featureMask.isEmpty()) {
      if (featureMask.size() != pixels && featureMask.size() != image.count()) {
        throw CandelaException.of(
            "feature-ablation: featureMask of %d pixels or %d values expected, got %d",
            pixels, image.count(), featureMask.size());
      }
      return featureMask.stream().mapToInt(Integer::intValue).toArray();
    }
    if (grid > Math.min(h, w)) {
      throw CandelaException.of(
          "feature-ablation: grid of at most %d expected for a %d x %d image, got %d",
          Math.min(h, w), w, h, grid);
    }
    int[] mask = new int[pixels];
    for (int i = 0; i < pixels; i++) {
      mask[i] = (i / w) * grid / h * grid + (i % w) * grid / w;
    }
    return mask;
  }

  private final class Features extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final int[] mask;
    private final Tensor x;
    private final Tensor fill;
    private final MemorySegment feature;
    private final MemorySegment off;
    private final double[] drop;
    private double score;

    Features(Subject subject, Workspace workspace, int[] mask) {
      super(Ask.score(FeatureAblation.this.score), subject.target(), count(mask) + 1);
      this.workspace = workspace;
      this.mask = mask;
      image = subject.image();
      x = workspace.tensor(subject.shape(), subject.pixels());
      fill = baseline.of(subject, seed, workspace);
      int[] values = new int[x.count()];
      for (int i = 0; i < values.length; i++) {
        values[i] = mask[i % mask.length];
      }
      feature = workspace.ints(values);
      drop = new double[count(mask)];
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
      for (int i = 0; i < answers.rows(); i++) {
        double s = answers.scores()[i];
        if (first + i == 0) {
          score = s;
        } else {
          drop[first + i - 1] = score - s;
        }
      }
    }

    @Override
    public Attribution result() {
      float[] a = new float[mask.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) drop[mask[i]];
      }
      int planes = mask.length / image.count(1, 3);
      return new Attribution(image.with(0, planes), a, Channels.SUM, Map.of("score", score));
    }
  }

  private static int count(int[] mask) {
    int most = 0;
    for (int f : mask) {
      most = Math.max(most, f);
    }
    return most + 1;
  }
}
