package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far the map's values are from adding up to what the score loses without the image.
 *
 * <p><b>Definition:</b> |Σ a − (f(x) − f(s))| / |f(x) − f(s)|, s the substrate everywhere. NaN
 * where f(x) = f(s).
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w] as the method gives it → 0 or more; parts {@code
 * delta}, Σ a − (f(x) − f(s)), and {@code fall}, f(x) − f(s).
 *
 * <p><b>Parameters:</b> substrate (zero, blur, padded_blur, mean, least, most or average, default
 * zero; take the method's baseline); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward row, and 1 for all maps of an image, or on a card for each.
 *
 * <p><b>Source:</b> Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks",
 * section 3.
 *
 * <p><b>Differences:</b> Quantus tells whether the two are equal, or their difference; delta is
 * Captum's convergence delta. It reads a map as contributions with their sign: methods with {@code
 * channels=sum}. What a method finds of a superpixel or a cell is shared among its pixels; a map
 * that is a file counts as it is.
 */
public record Completeness(Substrate substrate, ScoreKind score) implements Metric {
  public Completeness() {
    this(Substrate.ZERO, ScoreKind.LOGIT);
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Vectors.isFinite(explained.map())
        ? new Ends(this, explained, workspace)
        : Known.notFinite(explained);
  }

  /** Row 0 is the image, row 1 the substrate. */
  private static final class Ends extends Scored {
    private final Workspace workspace;
    private final float[] map;
    private final Tensor x;
    private final Tensor other;

    Ends(Completeness metric, Explained explained, Workspace workspace) {
      super(metric.score(), explained.shape(), explained.target(), 2);
      this.workspace = workspace;
      map = explained.contributions();
      x = workspace.tensor(explained.shape(), explained.pixels());
      other = metric.substrate().of(explained, workspace);
      know(0, workspace.asked(explained.pixels(), ask(), target()));
    }

    @Override
    protected void fill(int first, Tensor rows) {
      for (int i = 0; i < rows.shape().dim(0); i++) {
        workspace.repeat(first + i == 0 ? x : other, rows.rows(i, i + 1));
      }
    }

    @Override
    Score of(double[] scores) {
      double sum = 0;
      for (float a : map) {
        sum += a;
      }
      double fall = scores[0] - scores[1];
      double delta = sum - fall;
      Map<String, Double> parts = new LinkedHashMap<>();
      parts.put("delta", delta);
      parts.put("fall", fall);
      return fall == 0
          ? Score.of(Double.NaN, parts, "the score is the same without the image")
          : Score.of(Math.abs(delta / fall), parts);
    }
  }
}
