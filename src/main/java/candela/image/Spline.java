package candela.image;

/**
 * Maps enlarged smoothly: the quintic spline through the values.
 *
 * <p><i>Definition</i>: the spline of degree 5 that has the map's values at its pixels' centres,
 * mirrored at the outer pixels' centres, read at the centres of the new pixels and cut to the map's
 * range of values.
 *
 * <p><i>Source</i>: Unser, Aldroubi and Eden 1993; as {@code skimage.transform.resize} with {@code
 * order=5, mode="reflect"} where nothing shrinks, which is what SAM (Bansal et al. 2020) does to
 * maps of sliding patches. What shrinks is not smoothed first, as it was not by default before
 * skimage 0.15.
 */
public final class Spline {
  /** Of the recursive filter that turns values into coefficients. */
  private static final double[] POLES = {
    Math.sqrt(67.5 - Math.sqrt(4436.25)) + Math.sqrt(26.25) - 6.5,
    Math.sqrt(67.5 + Math.sqrt(4436.25)) - Math.sqrt(26.25) - 6.5
  };

  /** Coefficients that a position reads. */
  private static final int TAPS = 6;

  private Spline() {}

  /** x[h,w] at [height,width]. */
  public static float[] of(float[] x, int h, int w, int height, int width) {
    double[] across = new double[h * width];
    double[] line = new double[w];
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < h; i++) {
      for (int j = 0; j < w; j++) {
        line[j] = x[i * w + j];
        least = Math.min(least, line[j]);
        most = Math.max(most, line[j]);
      }
      System.arraycopy(resized(line, width), 0, across, i * width, width);
    }
    float[] y = new float[height * width];
    double[] column = new double[h];
    for (int j = 0; j < width; j++) {
      for (int i = 0; i < h; i++) {
        column[i] = across[i * width + j];
      }
      double[] tall = resized(column, height);
      for (int i = 0; i < height; i++) {
        // min and max keep NaN, clamp would not take it
        y[i * width + j] = (float) Math.min(Math.max(tall[i], least), most);
      }
    }
    return y;
  }

  private static double[] resized(double[] values, int length) {
    double[] c = coefficients(values.clone());
    double[] y = new double[length];
    double scale = (double) c.length / length;
    for (int i = 0; i < length; i++) {
      double at = (i + 0.5) * scale - 0.5;
      int first = (int) Math.floor(at) - TAPS / 2 + 1;
      for (int k = first; k < first + TAPS; k++) {
        y[i] += c[mirror(k, c.length)] * quintic(at - k);
      }
    }
    return y;
  }

  /** Solves for the coefficients in place, one pole at a time: forth, then back. */
  private static double[] coefficients(double[] c) {
    int n = c.length;
    if (n == 1) {
      return c;
    }
    for (double z : POLES) {
      for (int i = 0; i < n; i++) {
        c[i] *= (1 - z) * (1 - 1 / z);
      }
      double sum = c[0] + Math.pow(z, n - 1) * c[n - 1];
      for (int k = 1; k < n - 1; k++) {
        sum += (Math.pow(z, k) + Math.pow(z, 2 * n - 2 - k)) * c[k];
      }
      c[0] = sum / (1 - Math.pow(z, 2 * n - 2));
      for (int i = 1; i < n; i++) {
        c[i] += z * c[i - 1];
      }
      c[n - 1] = (z * c[n - 2] + c[n - 1]) * z / (z * z - 1);
      for (int i = n - 2; i >= 0; i--) {
        c[i] = z * (c[i + 1] - c[i]);
      }
    }
    return c;
  }

  private static int mirror(int i, int n) {
    if (n == 1) {
      return 0;
    }
    int at = Math.floorMod(i, 2 * n - 2);
    return Math.min(at, 2 * n - 2 - at);
  }

  /** The B-spline of degree 5. */
  private static double quintic(double distance) {
    double x = Math.abs(distance);
    if (x >= 3) {
      return 0;
    }
    double sum = Math.pow(3 - x, 5);
    if (x < 2) {
      sum -= 6 * Math.pow(2 - x, 5);
    }
    if (x < 1) {
      sum += 15 * Math.pow(1 - x, 5);
    }
    return sum / 120;
  }
}
