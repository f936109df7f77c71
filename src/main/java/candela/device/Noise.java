package candela.device;

import static candela.device.Library.DOUBLE;
import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Perturbed inputs whose randomness is a function of (seed, sample, element), and sums over
 * samples. The entries of kernels/noise.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Noise {
  private final Kernels kernels;
  private final Entry gaussianNoise;
  private final Entry uniformNoise;
  private final Entry interpolate;
  private final Entry moments;
  private final Entry meanMoments;

  Noise(Kernels kernels) {
    this.kernels = kernels;
    gaussianNoise =
        kernels.entry(
            "cd_gaussian_noise", POINTER, LONG, LONG, POINTER, FLOAT, LONG, POINTER, POINTER);
    uniformNoise =
        kernels.entry(
            "cd_uniform_noise", POINTER, LONG, LONG, FLOAT, FLOAT, LONG, POINTER, POINTER);
    interpolate =
        kernels.entry("cd_interpolate", POINTER, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
    moments = kernels.entry("cd_moments", POINTER, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
    meanMoments =
        kernels.entry("cd_mean_moments", POINTER, INT, LONG, DOUBLE, POINTER, POINTER, POINTER);
  }

  /**
   * y[rows,n] = x[n] + sigma * normal(seed, sample[r], element); sample[rows]. y must not overlap
   * x.
   */
  public void gaussianNoise(
      long rows,
      long n,
      MemorySegment x,
      float sigma,
      long seed,
      MemorySegment sample,
      MemorySegment y) {
    kernels.run(gaussianNoise, rows, n, x, sigma, seed, sample, y);
  }

  /** y[rows,n] = lo + (hi - lo) * uniform(seed, sample[r], element), in lo..hi; sample[rows]. */
  public void uniformNoise(
      long rows, long n, float lo, float hi, long seed, MemorySegment sample, MemorySegment y) {
    kernels.run(uniformNoise, rows, n, lo, hi, seed, sample, y);
  }

  /** y[rows,n] = baseline[n] + alpha[rows] * (x[n] - baseline[n]). y must not overlap. */
  public void interpolate(
      long rows,
      long n,
      MemorySegment baseline,
      MemorySegment x,
      MemorySegment alpha,
      MemorySegment y) {
    kernels.run(interpolate, rows, n, baseline, x, alpha, y);
  }

  /**
   * sum[n] += weight[r] * g[rows,n], square[n] (or NULL) += weight[r] * g^2, in row order and in
   * doubles; weight[rows] or NULL for 1.
   */
  public void moments(
      long rows,
      long n,
      MemorySegment weight,
      MemorySegment g,
      MemorySegment sum,
      MemorySegment square) {
    kernels.run(moments, rows, n, weight, g, sum, square);
  }

  /**
   * y[n] of what {@link #moments} added over count samples.
   *
   * @param kind 0 sum / count, 1 square / count, 2 square / count - (sum / count)^2
   * @param square may be NULL for kind 0
   */
  public void meanMoments(
      int kind, long n, double count, MemorySegment sum, MemorySegment square, MemorySegment y) {
    kernels.run(meanMoments, kind, n, count, sum, square, y);
  }
}
