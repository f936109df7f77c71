package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Rows in pairs, [pairs,2,n]: row 0 of a pair belongs to an image, row 1 to its reference; d =
 * image - reference. The entries of kernels/pair.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Pair {
  private final Kernels kernels;
  private final Entry pairParts;
  private final Entry pairResolve;
  private final Entry pairCross;
  private final Entry pairRatio;
  private final Entry pairShift;
  private final Entry pairReveal;
  private final Entry pairJoin;
  private final Entry pairMean;
  private final Entry pairWithin;

  Pair(Kernels kernels) {
    this.kernels = kernels;
    pairParts = kernels.entry("cd_pair_parts", POINTER, LONG, LONG, INT, POINTER, POINTER);
    pairResolve = kernels.entry("cd_pair_resolve", POINTER, LONG, LONG, POINTER, POINTER, POINTER);
    pairCross = kernels.entry("cd_pair_cross", POINTER, LONG, LONG, INT, POINTER, POINTER, POINTER);
    pairRatio =
        kernels.entry(
            "cd_pair_ratio", POINTER, INT, LONG, LONG, FLOAT, POINTER, POINTER, POINTER, POINTER);
    pairShift = kernels.entry("cd_pair_shift", POINTER, LONG, LONG, POINTER, POINTER, POINTER);
    pairReveal =
        kernels.entry(
            "cd_pair_reveal",
            POINTER,
            INT,
            LONG,
            LONG,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    pairJoin =
        kernels.entry("cd_pair_join", POINTER, INT, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
    pairMean = kernels.entry("cd_pair_mean", POINTER, INT, LONG, LONG, POINTER, POINTER);
    pairWithin = kernels.entry("cd_pair_within", POINTER, LONG, LONG, POINTER, POINTER, POINTER);
  }

  /**
   * y = max(d,0) in row 0, min(d,0) in row 1, d being x's; swap: the other way round. No overlap.
   */
  public void pairParts(long pairs, long n, boolean swap, MemorySegment x, MemorySegment y) {
    kernels.run(pairParts, pairs, n, swap, x, y);
  }

  /**
   * Both rows of y = m's row 0 where d of x is above 0, row 1 where it is below, their mean where
   * it is 0. y may alias m.
   */
  public void pairResolve(long pairs, long n, MemorySegment x, MemorySegment m, MemorySegment y) {
    kernels.run(pairResolve, pairs, n, x, m, y);
  }

  /**
   * t = m * (e - reference) in row 0, m * (image - e) in row 1, e being the larger (least: the
   * smaller) of y's two rows. t may alias m.
   */
  public void pairCross(
      long pairs, long n, boolean least, MemorySegment y, MemorySegment m, MemorySegment t) {
    kernels.run(pairCross, pairs, n, least, y, m, t);
  }

  /**
   * Both rows of dx (+)= (sum of t's two rows) / d of x, or row 0 of g where |d| &lt; epsilon. dx
   * may alias t or g.
   */
  public void pairRatio(
      boolean accumulate,
      long pairs,
      long n,
      float epsilon,
      MemorySegment x,
      MemorySegment t,
      MemorySegment g,
      MemorySegment dx) {
    kernels.run(pairRatio, accumulate, pairs, n, epsilon, x, t, g, dx);
  }

  /** y = the reference of z + parts, in both rows. No overlap. */
  public void pairShift(long pairs, long n, MemorySegment z, MemorySegment parts, MemorySegment y) {
    kernels.run(pairShift, pairs, n, z, parts, y);
  }

  /**
   * dx (+)= m * c / parts, 0 where |parts| &lt; epsilon; y = f at image and reference, v = f at
   * reference + parts; c = (v0 - y1 + y0 - v1) / 2 in row 0, (v1 - y1 + y0 - v0) / 2 in row 1. dx
   * may alias m.
   */
  public void pairReveal(
      boolean accumulate,
      long pairs,
      long n,
      float epsilon,
      MemorySegment parts,
      MemorySegment y,
      MemorySegment v,
      MemorySegment m,
      MemorySegment dx) {
    kernels.run(pairReveal, accumulate, pairs, n, epsilon, parts, y, v, m, dx);
  }

  /**
   * Both rows of dx (+)= p0 + q1 where d of x is above 0, q0 + p1 where it is below, the mean of
   * the two where it is 0. No overlap.
   */
  public void pairJoin(
      boolean accumulate,
      long pairs,
      long n,
      MemorySegment x,
      MemorySegment p,
      MemorySegment q,
      MemorySegment dx) {
    kernels.run(pairJoin, accumulate, pairs, n, x, p, q, dx);
  }

  /** Both rows of dx (+)= mean of g's two rows. dx may alias g. */
  public void pairMean(boolean accumulate, long pairs, long n, MemorySegment g, MemorySegment dx) {
    kernels.run(pairMean, accumulate, pairs, n, g, dx);
  }

  /**
   * Row 0 of t = that of m where row 0 of y lies between 0 and row 1 of y, both included, else 0;
   * row 1 of t = that of m. t may alias m.
   */
  public void pairWithin(long pairs, long n, MemorySegment y, MemorySegment m, MemorySegment t) {
    kernels.run(pairWithin, pairs, n, y, m, t);
  }
}
