package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Convolutions and their transposes, and what follows them: bias, another sum and an activation, or
 * an activation's gate. The entries of kernels/convolve.cu.
 *
 * <p>Images are channels-last, float32. shape[12] = h, w, c, oc, kh, kw, strideH, strideW, padTop,
 * padLeft, oh, ow is read before the call returns; the pixels of x begin {@code wide} elements
 * apart, those of y, and of what is read at y's pixels, {@code yWide}. What a window holds outside
 * its image counts as 0.
 *
 * <p>For the thread that uses the device.
 */
public final class Convolve {
  /** Ways of doing it in tensor cores, numbered from 0. */
  public static final int VARIANTS = 20;

  /** Variants of one tile, which share a sum among 1, 2, 4 … blocks. */
  public static final int SHARINGS = 4;

  /** Most that the strides' product may be for a transpose. */
  public static final int PHASES = 4;

  /** Sums in float, of any shape: the variant that all others are held against. */
  public static final int PLAIN = -1;

  private final Kernels kernels;
  private final Entry blocks;
  private final Entry convolve;
  private final Entry transposedBlocks;
  private final Entry transposed;

  Convolve(Kernels kernels) {
    this.kernels = kernels;
    blocks = kernels.entry("cd_convolve_blocks", POINTER, LONG, POINTER, LONG, LONG, POINTER);
    convolve =
        kernels.entry(
            "cd_convolve",
            POINTER,
            INT,
            INT,
            FLOAT,
            FLOAT,
            LONG,
            POINTER,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
    transposedBlocks =
        kernels.entry("cd_convolve_transposed_blocks", POINTER, LONG, POINTER, LONG, POINTER);
    transposed =
        kernels.entry(
            "cd_convolve_transposed",
            POINTER,
            INT,
            INT,
            FLOAT,
            FLOAT,
            LONG,
            POINTER,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * Blocks of 128 threads that each of the variants occupies a card with, 0 where it does not do
   * this shape. All need c, oc, wide and yWide that are multiples of 4, and kernels of at most 16 x
   * 16 taps. Variant 4 t + s shares each sum among 2^s blocks.
   */
  public long[] convolveBlocks(long rows, int[] shape, long wide, long yWide) {
    int[] of = Kernels.host("cd_convolve_blocks", "shape", shape, 12);
    return kernels.told(VARIANTS, blocks, rows, of, wide, yWide);
  }

  /**
   * y[rows,oh,ow,oc] = the convolution of x[rows,h,w,c] by weights[oc,kh,kw,c] + bias[oc] +
   * add[rows,oh,ow,oc], then the activation; or where a gate is given, all of it where the
   * activation passed, else 0, LEAKY: its slope times it.
   *
   * @param variant {@link #PLAIN} or below {@link #VARIANTS}: factors rounded to nearest 11
   *     significant bits, sums in float, pointers aligned to 16 bytes, weights finite; on the CPU
   *     PLAIN
   * @param weights rounded as {@link Convert#roundTf32} does, as some cards cut off the rest
   * @param bias NULL for none
   * @param add NULL for none; maybe y
   * @param gate [rows,oh,ow,oc] what the activation left, NULL where the activation itself follows
   * @param y overlaps nothing else
   */
  public void convolve(
      int variant,
      Dense.Activation activation,
      long rows,
      int[] shape,
      long wide,
      long yWide,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment bias,
      MemorySegment add,
      MemorySegment gate,
      MemorySegment y) {
    kernels.run(
        convolve,
        variant,
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        rows,
        Kernels.host("cd_convolve", "shape", shape, 12),
        wide,
        yWide,
        x,
        weights,
        bias,
        add,
        gate,
        y);
  }

  /**
   * The same as {@link #convolveBlocks} for the transpose of this shape.
   *
   * @param gWide elements from a pixel of g to the next
   */
  public long[] convolveTransposedBlocks(long rows, int[] shape, long gWide) {
    int[] of = Kernels.host("cd_convolve_transposed_blocks", "shape", shape, 12);
    return kernels.told(VARIANTS, transposedBlocks, rows, of, gWide);
  }

  /**
   * dx[rows,h,w,c] = the transpose of this convolution on g[rows,oh,ow,oc] + add[rows,h,w,c], all
   * of it where the activation passed, else 0, LEAKY: its slope times it.
   *
   * @param variant as in {@link #convolve}
   * @param shape its strides' product is at most {@link #PHASES}
   * @param weights for each pixel of a window of the strides, row by row, [c,th,tw,oc] of the taps
   *     that reach such pixels, from the last to the first: (a + padTop) % strideH in row a and
   *     every strideH on, likewise across
   * @param add NULL for none; maybe dx
   * @param gate [rows,h,w,c] what the activation left, NULL where it is NONE
   * @param dx overlaps nothing else
   */
  public void convolveTransposed(
      int variant,
      Dense.Activation activation,
      long rows,
      int[] shape,
      long gWide,
      MemorySegment g,
      MemorySegment weights,
      MemorySegment add,
      MemorySegment gate,
      MemorySegment dx) {
    kernels.run(
        transposed,
        variant,
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        rows,
        Kernels.host("cd_convolve_transposed", "shape", shape, 12),
        gWide,
        g,
        weights,
        add,
        gate,
        dx);
  }
}
