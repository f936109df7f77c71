package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Convolutions with stride 1 and what follows them in a backward pass: the sum with another
 * gradient and an activation's gate. The transposed convolution of such a one is another, of dy, by
 * weights turned to [c,kh,kw,oc] with their taps in reverse. The entries of kernels/convolve.cu.
 *
 * <p>Images are channels-last, float32. shape[10] = h, w, c, oc, kh, kw, padTop, padLeft, oh, ow is
 * read before the call returns; the pixels of x begin {@code wide} elements apart, all else is
 * dense. What a window holds outside its image counts as 0.
 *
 * <p>For the thread that uses the device.
 */
public final class Convolve {
  /** Ways of doing it in tensor cores, numbered from 0. */
  public static final int VARIANTS = 20;

  /** Sums in float, of any shape: the variant that all others are held against. */
  public static final int PLAIN = -1;

  /** Counters of 4 bytes that a variant takes at most. */
  public static final int COUNTERS = 1024;

  private final Kernels kernels;
  private final Entry scratch;
  private final Entry convolve;

  Convolve(Kernels kernels) {
    this.kernels = kernels;
    scratch = kernels.entry("cd_convolve_scratch", POINTER, LONG, POINTER, LONG, POINTER);
    convolve =
        kernels.entry(
            "cd_convolve",
            POINTER,
            INT,
            INT,
            FLOAT,
            FLOAT,
            INT,
            LONG,
            POINTER,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * Bytes of scratch that each of the variants takes for this shape, -1 where it does not do it.
   * All need c, oc and wide that are multiples of 4, and kernels of at most 16 x 16 taps.
   */
  public long[] convolveScratch(long rows, int[] shape, long wide) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG, VARIANTS);
      kernels.run(
          scratch, rows, Kernels.host("cd_convolve_scratch", "shape", shape, 10), wide, bytes);
      return bytes.toArray(ValueLayout.JAVA_LONG);
    }
  }

  /**
   * y[rows,oh,ow,oc] = (accumulate ? y : 0) + the convolution of x[rows,h,w,c] by
   * weights[oc,kh,kw,c], all of it where the activation passed, else 0, LEAKY: its slope times it.
   *
   * @param variant {@link #PLAIN} or below {@link #VARIANTS}: factors rounded to nearest 11
   *     significant bits, sums in float, pointers aligned to 16 bytes, weights finite; on the CPU
   *     PLAIN
   * @param gate [rows,oh,ow,oc] what the activation left, NULL where it is NONE
   * @param counters [{@link #COUNTERS}] of 4 bytes, 0 before the first call, left so, for one
   *     stream alone; NULL for a variant whose scratch takes 0 bytes
   * @param scratch of the variant's bytes, or NULL for 0
   * @param y overlaps none of the others
   */
  public void convolve(
      int variant,
      Dense.Activation activation,
      boolean accumulate,
      long rows,
      int[] shape,
      long wide,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment gate,
      MemorySegment counters,
      MemorySegment scratch,
      MemorySegment y) {
    kernels.run(
        convolve,
        variant,
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        accumulate,
        rows,
        Kernels.host("cd_convolve", "shape", shape, 10),
        wide,
        x,
        weights,
        gate,
        counters,
        scratch,
        y);
  }
}
