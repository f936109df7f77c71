package candela.probe;

/** The range of an image's values, of which noise is a fraction. */
public final class Range {
  private Range() {}

  /** Largest value less the smallest. */
  public static double of(float[] pixels) {
    float least = Float.POSITIVE_INFINITY;
    float largest = Float.NEGATIVE_INFINITY;
    for (float v : pixels) {
      least = Math.min(least, v);
      largest = Math.max(largest, v);
    }
    return (double) largest - least;
  }
}
