package candela.probe;

/** The smallest and the largest of an image's values; noise is a fraction of what lies between. */
public record Range(float least, float largest) {
  public static Range of(float[] pixels) {
    float least = Float.POSITIVE_INFINITY;
    float largest = Float.NEGATIVE_INFINITY;
    for (float v : pixels) {
      least = Math.min(least, v);
      largest = Math.max(largest, v);
    }
    return new Range(least, largest);
  }

  /** Largest value less the smallest. */
  public double size() {
    return (double) largest - least;
  }
}
