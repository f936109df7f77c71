package candela.metric;

import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Map;

/**
 * Over how many pixels the map is spread.
 *
 * <p><b>Definition:</b> the entropy −Σ p ln p of p = |a| / Σ |a|: 0 where one pixel has all, ln n
 * where all n are equal. NaN for a map of zeros.
 *
 * <p><b>Shapes:</b> map [h,w], enlarged bilinearly where it is smaller than the image → one number.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Bhatt, Weller and Moura 2020, "Evaluating and aggregating feature-based model
 * explanations".
 *
 * <p><b>Differences:</b> none; the logarithm is the natural one, as in Quantus.
 */
public record Complexity() implements Metric {
  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    return Known.of(explained, () -> score(explained.magnitudes()));
  }

  private static Score score(double[] v) {
    double sum = 0;
    for (double x : v) {
      sum += x;
    }
    if (sum == 0) {
      return Score.none(Reason.ZEROS);
    }
    double entropy = 0;
    for (double x : v) {
      double p = x / sum;
      entropy -= p > 0 ? p * Math.log(p) : 0;
    }
    return Score.of(entropy, Map.of());
  }
}
