package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Range;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Whether the score changes more, the more the map holds for important what becomes random.
 *
 * <p><b>Definition:</b> pixels in the order of |a|, largest first, are cut into groups G of step
 * pixels. The value is Spearman's correlation, over the groups, of the mean of |a| over G and the
 * mean over N random images u of (f(x) − f(x_G))², x_G showing u in G, all channels; every value of
 * u is uniform from min x to max x. NaN where one of the two is constant. Of equal pixels, those
 * that come first row by row.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → −1 … 1.
 *
 * <p><b>Parameters:</b> step (pixels of a group, 0 = a 28th of all, rounded up, as {@link
 * Deletion}; default 0; the last group has the rest); samples (N, 1 or more; the first k of more
 * are those of k; default 10); seed (default 0); score (default probability).
 *
 * <p><b>Cost:</b> 28 samples + 1 forward rows, or ceil(h w / step) samples + 1.
 *
 * <p><b>Source:</b> Nguyen and Rodríguez Martínez 2020, "On quantitative aspects of model
 * interpretability" (monotonicity), with the squared change for the loss, as Quantus; samples as
 * LATEC.
 *
 * <p><b>Differences:</b> the authors, and Quantus by default, take single values. Quantus draws
 * from 0 to 1 whatever the image's range, sums |a| over a group, which is the same but for one that
 * is short, and divides the change by f(x)², which ranks do not see; its groups are of values of
 * all channels, not of pixels. All groups see the same N images.
 */
public record MonotonicityCorrelation(int step, int samples, long seed, ScoreKind score)
    implements Metric {
  public MonotonicityCorrelation() {
    this(0, 10, 0, ScoreKind.PROBABILITY);
  }

  public MonotonicityCorrelation {
    Check.atLeast(0, step, "monotonicity-correlation: step");
    Check.atLeast(1, samples, "monotonicity-correlation: samples");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    int each = step == 0 ? RemovalOrder.rise(explained) : step;
    int groups = Math.ceilDiv(explained.height() * explained.width(), each);
    int most = (Integer.MAX_VALUE - 1) / groups;
    if (samples > most) {
      throw CandelaException.of(
          "monotonicity-correlation: samples: at most %d expected for %d groups, got %d",
          most, groups, samples);
    }
    return Vectors.isFinite(explained.map())
        ? new Groups(this, each, groups, explained, workspace)
        : Known.notFinite(explained);
  }

  /** Row 0 is the image; then, for one random image after another, a row a group. */
  private static final class Groups extends Scored {
    private final Workspace workspace;
    private final Device device;
    private final long seed;
    private final Tensor x;
    private final Range range;

    /** Of every value of the image. */
    private final MemorySegment group;

    /** 0, 1, 2, … */
    private final MemorySegment numbers;

    private final MemorySegment samples;

    /** The random image that rows are written from. */
    private final Tensor noise;

    /** Of every group, the mean of |a|. */
    private final double[] means;

    Groups(
        MonotonicityCorrelation metric,
        int each,
        int groups,
        Explained explained,
        Workspace workspace) {
      super(metric.score(), explained.shape(), explained.target(), groups * metric.samples() + 1);
      this.workspace = workspace;
      device = workspace.device();
      seed = metric.seed();
      x = workspace.tensor(explained.shape(), explained.pixels());
      noise = workspace.unset(x.shape());
      range = Range.of(explained.pixels());
      float[] sizes = explained.fullMap().clone();
      for (int i = 0; i < sizes.length; i++) {
        sizes[i] = Math.abs(sizes[i]);
      }
      int[] order = PixelOrder.descending(sizes);
      int[] ofPixel = new int[order.length];
      means = new double[groups];
      for (int i = 0; i < order.length; i++) {
        ofPixel[order[i]] = i / each;
        means[i / each] += sizes[order[i]];
      }
      for (int g = 0; g < groups; g++) {
        means[g] /= Math.min(each, order.length - g * each);
      }
      int[] ofValue = new int[x.count()];
      Arrays.setAll(ofValue, i -> ofPixel[i % ofPixel.length]);
      group = workspace.ints(ofValue);
      int[] all = new int[groups];
      Arrays.setAll(all, i -> i);
      numbers = workspace.ints(all);
      samples = workspace.samples(metric.samples());
      know(0, workspace.asked(explained.pixels(), ask(), target()));
    }

    @Override
    protected void fill(int first, Tensor rows) {
      int n = rows.shape().dim(0);
      int at = 0;
      if (first == 0) {
        workspace.repeat(x, rows.rows(0, 1));
        at = 1;
      }
      while (at < n) {
        int since = first + at - 1;
        int from = since % means.length;
        int many = Math.min(n - at, means.length - from);
        draw(since / means.length);
        device
            .kernels()
            .mask()
            .selectFeatures(
                many,
                x.count(),
                x.data(),
                noise.data(),
                group,
                numbers.asSlice((long) from * Integer.BYTES),
                rows.rows(at, at + many).data());
        at += many;
      }
    }

    /** The random image of this number. */
    private void draw(int number) {
      MemorySegment sample = samples.asSlice((long) number * Long.BYTES);
      device
          .kernels()
          .noise()
          .uniformNoise(
              1,
              x.count(),
              range.least(),
              range.largest(),
              MetricSeed.of(seed),
              sample,
              noise.data());
    }

    @Override
    Score of(double[] scores) {
      int groups = means.length;
      double[] changes = new double[groups];
      for (int i = 1; i < scores.length; i++) {
        double d = scores[i] - scores[0];
        changes[(i - 1) % groups] += d * d;
      }
      if (Arrays.stream(changes).anyMatch(Double::isNaN)) {
        return Score.none(Reason.NOT_FINITE);
      }
      return Score.correlation(Spearman.ranks(means), Spearman.ranks(changes));
    }
  }
}
