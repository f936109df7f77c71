package candela.image;

/** Smoothing by a Gaussian, as scipy.ndimage.gaussian_filter has it. */
final class Gaussian {
  /** Where a Gaussian is cut, in standard deviations. */
  private static final double TRUNCATE = 4;

  private Gaussian() {}

  /** Of image[c,h,w]: down, then across, mirrored beyond the edges with the edge pixel twice. */
  static void smooth(double[] image, int c, int h, int w, double sigma) {
    double[] weight = new double[(int) (TRUNCATE * sigma + 0.5) + 1];
    double sum = 0;
    for (int i = 0; i < weight.length; i++) {
      weight[i] = Math.exp(-0.5 / (sigma * sigma) * i * i);
      sum += i == 0 ? weight[i] : 2 * weight[i];
    }
    for (int i = 0; i < weight.length; i++) {
      weight[i] /= sum;
    }
    for (int k = 0; k < c; k++) {
      for (int j = 0; j < w; j++) {
        line(image, k * h * w + j, w, h, weight);
      }
      for (int i = 0; i < h; i++) {
        line(image, (k * h + i) * w, 1, w, weight);
      }
    }
  }

  private static void line(double[] image, int from, int stride, int n, double[] weight) {
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = image[from + i * stride];
    }
    for (int i = 0; i < n; i++) {
      double y = weight[0] * x[i];
      for (int d = weight.length - 1; d > 0; d--) {
        y += weight[d] * (x[mirror(i - d, n)] + x[mirror(i + d, n)]);
      }
      image[from + i * stride] = y;
    }
  }

  private static int mirror(int i, int n) {
    int at = Math.floorMod(i, 2 * n);
    return Math.min(at, 2 * n - 1 - at);
  }
}
