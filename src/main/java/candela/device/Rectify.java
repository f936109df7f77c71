package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Gradients of rectifiers that are not the gradient. The entries of kernels/rectify.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Rectify {
  private final Kernels kernels;
  private final Entry smoothBackward;
  private final Entry percentile;
  private final Entry passAbove;

  Rectify(Kernels kernels) {
    this.kernels = kernels;
    smoothBackward =
        kernels.entry(
            "cd_smooth_backward",
            POINTER,
            INT,
            LONG,
            FLOAT,
            FLOAT,
            FLOAT,
            POINTER,
            POINTER,
            POINTER);
    percentile = kernels.entry("cd_percentile", POINTER, LONG, LONG, FLOAT, POINTER, POINTER);
    passAbove =
        kernels.entry(
            "cd_pass_above", POINTER, INT, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
  }

  /**
   * dx[n] (+)= dy[n] * (s(x - lo) - s(x - hi)), s(v) = 1 / (1 + e^(-beta v)): the gradient of a
   * clamp to lo..hi whose corners are softplus. dx may alias dy.
   */
  public void smoothBackward(
      boolean accumulate,
      long n,
      float beta,
      float lo,
      float hi,
      MemorySegment x,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(smoothBackward, accumulate, n, beta, lo, hi, x, dy, dx);
  }

  /** y[rows] = percentile of x[rows,n], linear between the two nearest; percent in 0..100. */
  public void percentile(long rows, long n, float percent, MemorySegment x, MemorySegment y) {
    kernels.run(percentile, rows, n, percent, x, y);
  }

  /**
   * dx[rows,n] (+)= dy where worth[rows,n] &gt; threshold[rows], else 0. dx may alias dy or worth.
   */
  public void passAbove(
      boolean accumulate,
      long rows,
      long n,
      MemorySegment threshold,
      MemorySegment worth,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(passAbove, accumulate, rows, n, threshold, worth, dy, dx);
  }
}
