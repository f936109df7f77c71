package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Reductions of one axis: x[outer,n,inner] to y[outer,inner]. The entries of kernels/reduce.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Reduce {
  private final Kernels kernels;
  private final Entry reduceForward;
  private final Entry reduceBackward;
  private final Entry reduceChannels;
  private final Entry argReduce;
  private final Entry top;

  Reduce(Kernels kernels) {
    this.kernels = kernels;
    reduceForward =
        kernels.entry("cd_reduce_forward", POINTER, INT, LONG, LONG, LONG, POINTER, POINTER);
    reduceBackward =
        kernels.entry(
            "cd_reduce_backward",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    reduceChannels =
        kernels.entry("cd_reduce_channels", POINTER, INT, LONG, LONG, POINTER, POINTER);
    argReduce =
        kernels.entry("cd_arg_reduce", POINTER, INT, INT, LONG, LONG, LONG, POINTER, POINTER);
    top = kernels.entry("cd_top", POINTER, INT, LONG, LONG, LONG, LONG, POINTER, POINTER);
  }

  /**
   * y[outer,inner] = kind over n of x[outer,n,inner]; n = 0 gives 0, NaN (mean), -inf (max), inf
   * (min) or 1. No overlap.
   */
  public void reduceForward(
      Reduction kind, long outer, long n, long inner, MemorySegment x, MemorySegment y) {
    kernels.run(reduceForward, kind.code(), outer, n, inner, x, y);
  }

  /**
   * dx[outer,n,inner] (+)= dy[outer,inner] * dy/dx; maximum and minimum: to the first element that
   * equals y. x, y may be NULL for sum and mean. No overlap.
   */
  public void reduceBackward(
      Reduction kind,
      boolean accumulate,
      long outer,
      long n,
      long inner,
      MemorySegment x,
      MemorySegment y,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(reduceBackward, kind.code(), accumulate, outer, n, inner, x, y, dy, dx);
  }

  /**
   * y[n] of x[channels,n], added in doubles in their order. No overlap.
   *
   * @param kind 0 sum, 1 sum of absolute values, 2 largest absolute value, 3 mean
   */
  public void reduceChannels(int kind, long channels, long n, MemorySegment x, MemorySegment y) {
    kernels.run(reduceChannels, kind, channels, n, x, y);
  }

  /**
   * y[outer,inner] = index over n of the first (last: last) maximum or minimum of x[outer,n,inner],
   * as a float. NaN counts as the extreme. No overlap.
   */
  public void argReduce(
      Reduction kind,
      boolean last,
      long outer,
      long n,
      long inner,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(argReduce, kind.code(), last, outer, n, inner, x, y);
  }

  /**
   * y[outer,k,inner] = indices over n of the k largest (or smallest) of x[outer,n,inner], as
   * floats: the extreme one first, of equal ones the first. NaN counts as the largest. k is at most
   * n. No overlap.
   */
  public void top(
      boolean largest, long outer, long n, long inner, long k, MemorySegment x, MemorySegment y) {
    kernels.run(top, largest, outer, n, inner, k, x, y);
  }
}
