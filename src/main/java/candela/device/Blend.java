package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Images blended with another by masks, and what masks are pushed by. Images here are
 * channels-first. The entries of kernels/blend.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Blend {
  private final Kernels kernels;
  private final Entry blendForward;
  private final Entry blendBackward;
  private final Entry maskPenalty;

  Blend(Kernels kernels) {
    this.kernels = kernels;
    blendForward =
        kernels.entry(
            "cd_blend_forward",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    blendBackward =
        kernels.entry(
            "cd_blend_backward",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    maskPenalty =
        kernels.entry(
            "cd_mask_penalty", POINTER, LONG, LONG, FLOAT, FLOAT, FLOAT, INT, POINTER, POINTER);
  }

  /**
   * y[rows,c,h,w] = other + m[rows,h,w] * (x - other), x[c,h,w] and other[c,h,w] seen shift[rows,2]
   * pixels further down and across, their edges repeated. No overlap.
   */
  public void blendForward(
      long rows,
      long c,
      long h,
      long w,
      MemorySegment x,
      MemorySegment other,
      MemorySegment m,
      MemorySegment shift,
      MemorySegment y) {
    kernels.run(blendForward, rows, c, h, w, x, other, m, shift, y);
  }

  /** dm[rows,h,w] = sum over c of dy[rows,c,h,w] * (x - other), both seen as above. No overlap. */
  public void blendBackward(
      long rows,
      long c,
      long h,
      long w,
      MemorySegment x,
      MemorySegment other,
      MemorySegment shift,
      MemorySegment dy,
      MemorySegment dm) {
    kernels.run(blendBackward, rows, c, h, w, x, other, shift, dy, dm);
  }

  /**
   * g[h,w] += gradient by m[h,w] of l1 * sum |1 - m| + tv * V, V the sum over pixels of |d|^beta +
   * |e|^beta (joint: (d^2 + e^2)^(beta/2)) for the steps d, e to the next pixel down and across, 0
   * at the last; beta &gt;= 1. No overlap.
   */
  public void maskPenalty(
      long h,
      long w,
      float l1,
      float tv,
      float beta,
      boolean joint,
      MemorySegment m,
      MemorySegment g) {
    kernels.run(maskPenalty, h, w, l1, tv, beta, joint, m, g);
  }
}
