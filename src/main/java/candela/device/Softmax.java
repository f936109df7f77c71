package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Softmax over the last axis. The entries of kernels/softmax.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Softmax {
  private final Kernels kernels;
  private final Entry softmaxForward;
  private final Entry softmaxBackward;

  Softmax(Kernels kernels) {
    this.kernels = kernels;
    softmaxForward =
        kernels.entry("cd_softmax_forward", POINTER, INT, LONG, LONG, POINTER, POINTER);
    softmaxBackward =
        kernels.entry(
            "cd_softmax_backward", POINTER, INT, INT, LONG, LONG, POINTER, POINTER, POINTER);
  }

  /** y[rows,n] = softmax (log: its logarithm) of x[rows,n]. y may alias x. */
  public void softmaxForward(boolean log, long rows, long n, MemorySegment x, MemorySegment y) {
    kernels.run(softmaxForward, log, rows, n, x, y);
  }

  /** dx[rows,n] (+)= gradient from y and dy[rows,n]. dx may alias dy. */
  public void softmaxBackward(
      boolean log,
      boolean accumulate,
      long rows,
      long n,
      MemorySegment y,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(softmaxBackward, log, accumulate, rows, n, y, dy, dx);
  }
}
