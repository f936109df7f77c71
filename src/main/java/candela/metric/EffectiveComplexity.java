package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.Map;

/**
 * How many pixels of the map are not next to nothing.
 *
 * <p><b>Definition:</b> the number of pixels with |a| &gt; eps · max |a|. NaN for a map of zeros.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image → one number;
 * part {@code share}, of all pixels.
 *
 * <p><b>Parameters:</b> eps (share of the largest |a|, 0 or more, below 1, default 1e-5).
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Nguyen and Martínez 2020, "On quantitative aspects of model interpretability";
 * eps as Quantus, which divides maps by their largest |a| first.
 *
 * <p><b>Differences:</b> the paper asks for the fewest features that keep the expected score within
 * a tolerance; like Quantus, this counts values and asks no model. eps is relative, so that a map
 * and its double are equally complex.
 */
public record EffectiveComplexity(double eps) implements Metric {
  public EffectiveComplexity() {
    this(1e-5);
  }

  public EffectiveComplexity {
    if (!(eps >= 0 && eps < 1)) {
      throw CandelaException.of("effective-complexity: eps: 0 to below 1 expected, got %s", eps);
    }
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Known.of(explained, () -> score(explained.magnitudes()));
  }

  private Score score(double[] v) {
    double most = 0;
    for (double x : v) {
      most = Math.max(most, x);
    }
    int count = 0;
    for (double x : v) {
      count += x > eps * most ? 1 : 0;
    }
    return count == 0
        ? Score.none(Reason.ZEROS)
        : Score.of(count, Map.of("share", (double) count / v.length));
  }
}
