package candela.metric;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a metric says of one map.
 *
 * @param value the number that is compared; NaN where the metric says nothing of this map
 * @param parts further numbers by name, in a fixed order
 * @param curve what the value is the area of; empty where it is none
 * @param reason why the value is NaN, in words that follow the metric's name; empty for a number
 */
public record Score(double value, Map<String, Double> parts, List<Double> curve, String reason) {
  /** Of a map of which a metric says nothing yet. */
  static final Score NOT_YET = none(Reason.NOT_YET);

  public Score {
    Map<String, Double> finite = new LinkedHashMap<>(parts);
    finite.replaceAll((part, v) -> finite(v));
    parts = Collections.unmodifiableMap(finite);
    curve = List.copyOf(curve);
    value = finite(value);
    // a number has none, and nothing else is without
    reason = !Double.isNaN(value) ? "" : reason.isEmpty() ? Reason.NOT_FINITE : reason;
  }

  /** Infinity is the size of nothing, and would be the mean over all images. */
  private static double finite(double v) {
    return Double.isInfinite(v) ? Double.NaN : v;
  }

  static Score of(double value, Map<String, Double> parts) {
    return of(value, parts, "");
  }

  /**
   * @param reason told where the value is NaN
   */
  static Score of(double value, Map<String, Double> parts, String reason) {
    return new Score(value, parts, List.of(), reason);
  }

  /** Of a map of which a metric says nothing. */
  static Score none(String reason) {
    return of(Double.NaN, Map.of(), reason);
  }

  /**
   * Pearson's correlation.
   *
   * @param ofMap by set of pixels, what the map has there
   * @param ofScore by set of pixels, what the score does without them
   */
  static Score correlation(double[] ofMap, double[] ofScore) {
    double r = Vectors.correlation(ofMap, ofScore);
    return of(r, Map.of(), Double.isNaN(r) ? Reason.correlation(ofMap, ofScore) : "");
  }
}
