package candela.train;

import candela.device.Philox;

/** A surface of two colours: value 0 to 1 at every point, from clouds, stripes, checks or dots. */
final class Texture {
  /** Patterns under the clouds. */
  enum Pattern {
    CLOUDS,
    STRIPES,
    CHECKS,
    DOTS
  }

  private final long seed;
  private final long sample;
  private final Pattern pattern;
  private final double cloud;
  private final double period;
  private final double cos;
  private final double sin;
  private final double contrast;

  /**
   * Draws its parameters.
   *
   * @param sample number of the picture, and which of its textures
   * @param scale size of the largest clouds in pixels
   */
  Texture(Philox random, long seed, long sample, Pattern pattern, double scale) {
    this.seed = seed;
    this.sample = sample;
    this.pattern = pattern;
    cloud = scale * random.uniform(0.6, 1.4);
    period = random.uniform(4, 9);
    double angle = random.uniform(0, Math.PI);
    cos = StrictMath.cos(angle);
    sin = StrictMath.sin(angle);
    contrast = random.uniform(0.35, 0.7);
  }

  double at(double x, double y) {
    double clouds = 0;
    double weight = 0.55;
    double size = cloud;
    for (int octave = 0; octave < 3; octave++) {
      clouds += weight * noise(x / size, y / size, octave);
      weight *= 0.5;
      size *= 0.5;
    }
    double u = (x * cos + y * sin) / period;
    double v = (y * cos - x * sin) / period;
    double drawn =
        switch (pattern) {
          case CLOUDS -> clouds;
          case STRIPES -> step(StrictMath.sin(2 * Math.PI * u));
          case CHECKS -> step(StrictMath.sin(Math.PI * u) * StrictMath.sin(Math.PI * v) * 2);
          case DOTS ->
              step(StrictMath.cos(2 * Math.PI * u) + StrictMath.cos(2 * Math.PI * v) - 0.8);
        };
    return pattern == Pattern.CLOUDS
        ? Math.clamp(1.6 * clouds - 0.25, 0, 1)
        : contrast * drawn + (1 - contrast) * clouds;
  }

  /** 0 below, 1 above, a short way between. */
  private static double step(double v) {
    return Math.clamp(0.5 + 2 * v, 0, 1);
  }

  /** Random values at whole points, smooth between them. */
  private double noise(double x, double y, int octave) {
    int i = (int) Math.floor(x);
    int j = (int) Math.floor(y);
    double u = x - i;
    double v = y - j;
    u = u * u * (3 - 2 * u);
    v = v * v * (3 - 2 * v);
    double top = value(i, j, octave) * (1 - u) + value(i + 1, j, octave) * u;
    double bottom = value(i, j + 1, octave) * (1 - u) + value(i + 1, j + 1, octave) * u;
    return top * (1 - v) + bottom * v;
  }

  private double value(int i, int j, int octave) {
    // A hash (the finaliser of splitmix64), as each point is asked for often.
    long h = seed * 0x9E3779B97F4A7C15L + sample;
    h = h * 31 + octave;
    h = h * 0xBF58476D1CE4E5B9L + i;
    h = h * 0x94D049BB133111EBL + j;
    h ^= h >>> 30;
    h *= 0xBF58476D1CE4E5B9L;
    h ^= h >>> 27;
    h *= 0x94D049BB133111EBL;
    h ^= h >>> 31;
    return (h >>> 11) * 0x1p-53;
  }
}
