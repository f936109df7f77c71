package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Whether pixels that a map holds for important, taken away a few at a time, cost the score more.
 *
 * <p><b>Definition:</b> pixels in the order of the map, largest first, are cut into groups G of
 * step pixels. The value is Pearson's correlation, over the groups, of Σ_G a and f(x) − f(x_G), x_G
 * showing the substrate in G alone, all channels. NaN where one of the two is constant, or all a
 * are equal: sums then tell the last group, which is smaller, from the others, and nothing else. Of
 * equal pixels, those that come first row by row.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → −1 … 1.
 *
 * <p><b>Parameters:</b> step (pixels of a group, 1 or more, default 224; the last group has the
 * rest); substrate (zero, blur, padded_blur, mean, least, most or average, default zero); score
 * (default probability).
 *
 * <p><b>Cost:</b> ceil(h w / step) + 1 forward rows: 225 for 224 × 224.
 *
 * <p><b>Source:</b> Alvarez-Melis and Jaakkola 2018, "Towards robust interpretability with
 * self-explaining neural networks", section 5 (faithfulness); in this form as Quantus.
 *
 * <p><b>Differences:</b> Quantus takes away one value a step, replaces by black and divides maps by
 * their largest |a|, which a correlation does not see. What superpixels or cells have counts as in
 * {@link Completeness}.
 */
public record FaithfulnessEstimate(int step, Substrate substrate, ScoreKind score)
    implements Metric {
  public FaithfulnessEstimate() {
    this(224, Substrate.ZERO, ScoreKind.PROBABILITY);
  }

  public FaithfulnessEstimate {
    Check.atLeast(1, step, "faithfulness-estimate: step");
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Vectors.isFinite(explained.map())
        ? new Groups(this, explained, workspace)
        : Known.notFinite(explained);
  }

  /** Row 0 is the image, row i + 1 lacks group i. */
  private static final class Groups extends Scored {
    private final Device device;
    private final Tensor x;
    private final Tensor other;
    private final MemorySegment group;
    private final MemorySegment gone;
    private final double[] sums;
    private final boolean even;

    Groups(FaithfulnessEstimate metric, Explained explained, Workspace workspace) {
      super(
          metric.score(),
          explained.shape(),
          explained.target(),
          Math.ceilDiv(explained.ranks().length, metric.step()) + 1);
      device = workspace.device();
      x = workspace.tensor(explained.shape(), explained.pixels());
      other = metric.substrate().of(explained, workspace);
      int[] ranks = explained.ranks();
      float[] map = explained.atFullSize(explained.contributions());
      even = Vectors.isConstant(explained.contributions());
      sums = new double[all() - 1];
      for (int i = 0; i < ranks.length; i++) {
        sums[ranks[i] / metric.step()] += map[i];
      }
      int[] ofValue = new int[x.count()];
      Arrays.setAll(ofValue, i -> ranks[i % ranks.length] / metric.step());
      group = workspace.ints(ofValue);
      int[] ofRow = new int[all()];
      Arrays.setAll(ofRow, i -> i - 1);
      gone = workspace.ints(ofRow);
      know(0, workspace.asked(explained.pixels(), ask(), target()));
    }

    @Override
    protected void fill(int first, Tensor rows) {
      device
          .kernels()
          .mask()
          .selectFeatures(
              rows.shape().dim(0),
              x.count(),
              x.data(),
              other.data(),
              group,
              gone.asSlice((long) first * Integer.BYTES),
              rows.data());
    }

    @Override
    Score of(double[] scores) {
      double[] falls = new double[sums.length];
      Arrays.setAll(falls, i -> scores[0] - scores[i + 1]);
      return even ? Score.none(Reason.EVEN) : Score.correlation(sums, falls);
    }
  }
}
