package candela.method;

/**
 * Blurred discs in the middle of a mask, which meaningful perturbation starts from: of radius 0, 5,
 * 10, … mask pixels up to one that covers the mask, smoothed by a Gaussian of 10.
 *
 * <p>SAM goes on to 170; what is larger than the mask is the same mask of ones.
 */
final class Disc {
  static final int STEP = 5;
  private static final double SIGMA = 10;
  private static final int RADIUS = 40;

  private Disc() {}

  /** How many radii there are to try. */
  static int count(int h, int w) {
    // the corner farthest from the middle
    double corner = Math.hypot(h / 2, w / 2);
    return (int) Math.ceil(corner / STEP) + 1;
  }

  /** 1 outside, down to 0 inside: [h,w]. */
  static float[] mask(int h, int w, int radius) {
    double[] disc = new double[h * w];
    for (int i = 0; i < disc.length; i++) {
      int y = i / w - h / 2;
      int x = i % w - w / 2;
      disc[i] = x * x + y * y <= radius * radius ? 1 : 0;
    }
    smooth(disc, h, w, w, 1);
    smooth(disc, w, h, 1, w);
    float[] mask = new float[disc.length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = (float) (1 - disc[i]);
    }
    return mask;
  }

  /** Along lines of n values, mirrored beyond their ends with the end twice, as SciPy does it. */
  private static void smooth(double[] v, int n, int lines, int stride, int next) {
    double[] x = new double[n];
    for (int line = 0; line < lines; line++) {
      for (int i = 0; i < n; i++) {
        x[i] = v[line * next + i * stride];
      }
      for (int i = 0; i < n; i++) {
        double sum = 0;
        double total = 0;
        for (int d = -RADIUS; d <= RADIUS; d++) {
          double weight = Math.exp(-0.5 * d * d / (SIGMA * SIGMA));
          int at = Math.floorMod(i + d, 2 * n);
          sum += weight * x[Math.min(at, 2 * n - 1 - at)];
          total += weight;
        }
        v[line * next + i * stride] = sum / total;
      }
    }
  }
}
