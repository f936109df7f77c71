package candela.bench;

/** Gaussian smoothing on the host. */
final class Gaussian {
  private Gaussian() {}

  /**
   * Smooths x[c,h,w] where it lies.
   *
   * @param radius where the Gaussian is cut, in pixels
   * @param mirror whether lines go on mirrored, their ends twice, beyond their ends; else the mean
   *     is over what exists
   */
  static void smooth(float[] x, int c, int h, int w, double sigma, int radius, boolean mirror) {
    double[] weight = new double[2 * radius + 1];
    for (int d = -radius; d <= radius; d++) {
      weight[d + radius] = Math.exp(-0.5 * d * d / (sigma * sigma));
    }
    for (int k = 0; k < c; k++) {
      for (int i = 0; i < w; i++) {
        line(x, k * h * w + i, w, h, weight, radius, mirror);
      }
      for (int i = 0; i < h; i++) {
        line(x, (k * h + i) * w, 1, w, weight, radius, mirror);
      }
    }
  }

  private static void line(
      float[] x, int from, int stride, int n, double[] weight, int radius, boolean mirror) {
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      v[i] = x[from + i * stride];
    }
    for (int i = 0; i < n; i++) {
      double sum = 0;
      double total = 0;
      int first = mirror ? -radius : Math.max(-radius, -i);
      int last = mirror ? radius : Math.min(radius, n - 1 - i);
      for (int d = first; d <= last; d++) {
        int at = Math.floorMod(i + d, 2 * n);
        sum += weight[d + radius] * v[Math.min(at, 2 * n - 1 - at)];
        total += weight[d + radius];
      }
      x[from + i * stride] = (float) (sum / total);
    }
  }
}
