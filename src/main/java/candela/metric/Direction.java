package candela.metric;

/** Which values of a metric speak for the map. */
public enum Direction {
  HIGHER_IS_BETTER,
  LOWER_IS_BETTER
}
