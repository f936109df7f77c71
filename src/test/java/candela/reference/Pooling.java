package candela.reference;

/** Pooling of channels-last images; window as in native/candela.h. */
public final class Pooling {
  private Pooling() {}

  public static double[] max(int images, int h, int w, int c, int[] k, double[] x) {
    return pool(images, h, w, c, k, x, true, 0, 0, false, 1);
  }

  /** Sums of the windows, divided by count to that power. */
  public static double[] average(
      int images,
      int h,
      int w,
      int c,
      int[] k,
      int bottom,
      int right,
      boolean pad,
      int power,
      double[] x) {
    return pool(images, h, w, c, k, x, false, bottom, right, pad, power);
  }

  private static double[] pool(
      int images,
      int h,
      int w,
      int c,
      int[] k,
      double[] x,
      boolean max,
      int bottom,
      int right,
      boolean pad,
      int power) {
    double[] y = new double[images * k[8] * k[9] * c];
    for (int i = 0; i < y.length; i++) {
      int channel = i % c;
      int ox = i / c % k[9];
      int oy = i / c / k[9] % k[8];
      int image = i / c / k[9] / k[8];
      double best = Double.NEGATIVE_INFINITY;
      double sum = 0;
      int count = 0;
      for (int a = 0; a < k[0]; a++) {
        for (int b = 0; b < k[1]; b++) {
          int row = oy * k[2] - k[6] + a * k[4];
          int column = ox * k[3] - k[7] + b * k[5];
          boolean inside = row >= 0 && row < h && column >= 0 && column < w;
          boolean padded = row < h + bottom && column < w + right;
          if (inside) {
            double v = x[((image * h + row) * w + column) * c + channel];
            best = Math.max(best, v);
            sum += v;
          }
          count += inside || (pad && padded) ? 1 : 0;
        }
      }
      y[i] = max ? best : count == 0 ? 0 : sum / Math.pow(count, power);
    }
    return y;
  }
}
