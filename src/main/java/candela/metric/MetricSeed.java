package candela.metric;

/**
 * What metrics draw is their own: a method of the same seed has other draws. Else a map would be
 * judged by the very perturbations that it was fitted to, as by 0, the default of both.
 */
final class MetricSeed {
  /** Any number that no one takes for a seed. */
  private static final long OWN = 0x9D5C0F3A6E82B741L;

  private MetricSeed() {}

  /** The seed to draw by. */
  static long of(long seed) {
    return seed ^ OWN;
  }
}
