package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Multipliers of DeepLIFT that add up exactly, of operators that mix the elements of a row. Rows in
 * pairs as in {@link Pair}; m is read in row 0, both rows of dx are written. The entries of
 * kernels/multiplier.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Multiplier {
  private final Kernels kernels;
  private final Entry softmaxMultiplier;
  private final Entry normMultiplier;
  private final Entry divisorBetween;
  private final Entry divisorMultiplier;

  Multiplier(Kernels kernels) {
    this.kernels = kernels;
    softmaxMultiplier =
        kernels.entry(
            "cd_softmax_multiplier",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER);
    normMultiplier =
        kernels.entry(
            "cd_norm_multiplier",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    divisorBetween = kernels.entry("cd_divisor_between", POINTER, LONG, LONG, POINTER, POINTER);
    divisorMultiplier =
        kernels.entry("cd_divisor_multiplier", POINTER, INT, LONG, LONG, POINTER, POINTER, POINTER);
  }

  /** Of softmax, or its logarithm, over n: x, m, dx[pairs,2,rows,n]. No overlap. */
  public void softmaxMultiplier(
      boolean log,
      boolean accumulate,
      long pairs,
      long rows,
      long n,
      MemorySegment x,
      MemorySegment m,
      MemorySegment dx) {
    kernels.run(softmaxMultiplier, log, accumulate, pairs, rows, n, x, m, dx);
  }

  /**
   * Of the normalisation of each group's n elements by mean and deviation, then times scale: x, m,
   * dx[pairs,2,blocks,n/width,groups,width], scale[groups,width] or NULL for 1. No overlap.
   */
  public void normMultiplier(
      boolean accumulate,
      long pairs,
      long blocks,
      long groups,
      long width,
      long n,
      float epsilon,
      MemorySegment x,
      MemorySegment scale,
      MemorySegment m,
      MemorySegment dx) {
    kernels.run(
        normMultiplier, accumulate, pairs, blocks, groups, width, n, epsilon, x, scale, m, dx);
  }

  /**
   * t = the divisor by which a's multiplier of a / x is m / t: the mean of x over image and
   * reference; where their signs differ, of its reciprocals. x, t[pairs,2,n], both rows of t are
   * written. No overlap.
   */
  public void divisorBetween(long pairs, long n, MemorySegment x, MemorySegment t) {
    kernels.run(divisorBetween, pairs, n, x, t);
  }

  /**
   * Of a / x from its gradient g = -a / x² m, read in both rows: x, g, dx[pairs,2,n]. dx may alias
   * g.
   */
  public void divisorMultiplier(
      boolean accumulate, long pairs, long n, MemorySegment x, MemorySegment g, MemorySegment dx) {
    kernels.run(divisorMultiplier, accumulate, pairs, n, x, g, dx);
  }
}
