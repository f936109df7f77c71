package candela.metric;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Structural similarity of two maps: means, spreads and covariance in a window that visits every
 * pixel.
 *
 * <p><b>Definition:</b> mean over the windows that lie inside of (2 μa μb + C1)(2 σab + C2) / ((μa²
 * + μb² + C1)(σa² + σb² + C2)), C1 = (0.01 R)², C2 = (0.03 R)², R the data range; variances and the
 * covariance with n/(n − 1), n pixels of the window.
 *
 * <p><b>Shapes:</b> a[h,w], b[h,w] → −1 … 1.
 *
 * <p><b>Parameters:</b> weights (uniform, or gaussian with a standard deviation of 1.5 pixels in a
 * window of 11; default uniform); window (side of the uniform window, odd, 3 or more, default 5);
 * dataRange (R: largest minus smallest value that a map could have; 0 for what the maps compared
 * span: in studies and sanity checks 2 where they have signs, −1 … 1, and 1 where not, under SAM's
 * treatment 2, of meaningful perturbation 1; elsewhere 2; default 0).
 *
 * <p><b>Source:</b> Wang et al. 2004; as skimage.metrics.structural_similarity with {@code
 * win_size} or {@code gaussian_weights}, {@code use_sample_covariance} as it is by default.
 */
public record Ssim(Weights weights, int window, double dataRange) implements Similarity {
  /** How the pixels of a window count. */
  public enum Weights {
    UNIFORM,
    GAUSSIAN
  }

  private static final int UNIFORM = 5;

  /** Of maps from −1 to 1. */
  private static final double SPAN = 2;

  private static final double K1 = 0.01;
  private static final double K2 = 0.03;
  private static final double SIGMA = 1.5;

  /** 3.5 standard deviations, rounded: where skimage cuts the Gaussian. */
  private static final int RADIUS = 5;

  public Ssim(double dataRange) {
    this(Weights.UNIFORM, UNIFORM, dataRange);
  }

  public Ssim {
    Check.notNegative(dataRange, "ssim: dataRange");
    if (window < 3 || window % 2 == 0) {
      throw CandelaException.of(
          "ssim: window: an odd number of 3 or more expected, got %d", window);
    }
    if (weights == Weights.GAUSSIAN && window != UNIFORM) {
      throw CandelaException.of(
          "ssim: window: weights=uniform expected, gaussian ones have a window of 11, got %d",
          window);
    }
  }

  /** Weights of a window, down and across. */
  private double[] line() {
    if (weights == Weights.UNIFORM) {
      double[] line = new double[window];
      Arrays.fill(line, 1.0 / window);
      return line;
    }
    double[] line = new double[2 * RADIUS + 1];
    double sum = 0;
    for (int i = 0; i < line.length; i++) {
      double d = (i - RADIUS) / SIGMA;
      line[i] = Math.exp(-0.5 * d * d);
      sum += line[i];
    }
    for (int i = 0; i < line.length; i++) {
      line[i] /= sum;
    }
    return line;
  }

  /** What one map contributes: means of x and of x² in all windows. */
  private record Moments(double[] mean, double[] square) {}

  @Override
  public double[] of(Maps maps, List<Pair> pairs) {
    double[] line = line();
    if (maps.h() < line.length || maps.w() < line.length) {
      throw CandelaException.of(
          "ssim: maps of %d x %d or larger (the %s window) expected, got %d x %d",
          line.length, line.length, weights.name().toLowerCase(Locale.ROOT), maps.h(), maps.w());
    }
    Moments[] moments = new Moments[maps.count()];
    IntStream.range(0, moments.length)
        .parallel()
        .forEach(
            i -> {
              float[] m = maps.values().get(i);
              if (Vectors.isFinite(m)) {
                moments[i] = new Moments(filter(m, null, maps, line), filter(m, m, maps, line));
              }
            });
    return pairs.parallelStream()
        .mapToDouble(
            p -> {
              Moments a = moments[p.a()];
              Moments b = moments[p.b()];
              if (a == null || b == null) {
                return Double.NaN;
              }
              float[] x = maps.values().get(p.a());
              return mean(a, b, filter(x, maps.values().get(p.b()), maps, line), line.length);
            })
        .toArray();
  }

  private double mean(Moments a, Moments b, double[] product, int side) {
    double range = dataRange == 0 ? SPAN : dataRange;
    double c1 = Math.pow(K1 * range, 2);
    double c2 = Math.pow(K2 * range, 2);
    double n = (double) side * side;
    double sample = n / (n - 1);
    double sum = 0;
    for (int i = 0; i < product.length; i++) {
      double u = a.mean()[i];
      double v = b.mean()[i];
      double varianceA = sample * (a.square()[i] - u * u);
      double varianceB = sample * (b.square()[i] - v * v);
      double covariance = sample * (product[i] - u * v);
      sum +=
          (2 * u * v + c1)
              * (2 * covariance + c2)
              / ((u * u + v * v + c1) * (varianceA + varianceB + c2));
    }
    return sum / product.length;
  }

  /** Weighted means of x, or of x · y, over the windows that lie inside. */
  private static double[] filter(float[] x, float[] y, Maps maps, double[] line) {
    int h = maps.h();
    int w = maps.w();
    int wide = w - line.length + 1;
    double[] across = new double[h * wide];
    for (int row = 0; row < h; row++) {
      for (int k = 0; k < line.length; k++) {
        for (int j = 0; j < wide; j++) {
          int at = row * w + j + k;
          across[row * wide + j] += line[k] * (y == null ? x[at] : (double) x[at] * y[at]);
        }
      }
    }
    double[] mean = new double[(h - line.length + 1) * wide];
    for (int i = 0; i < mean.length; i++) {
      double sum = 0;
      for (int k = 0; k < line.length; k++) {
        sum += line[k] * across[i + k * wide];
      }
      mean[i] = sum;
    }
    return mean;
  }
}
