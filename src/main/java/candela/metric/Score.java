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
 */
public record Score(double value, Map<String, Double> parts, List<Double> curve) {
  /** Of a map of which a metric says nothing, or nothing yet. */
  static final Score NONE = of(Double.NaN, Map.of());

  public Score {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    curve = List.copyOf(curve);
  }

  static Score of(double value, Map<String, Double> parts) {
    return new Score(value, parts, List.of());
  }
}
