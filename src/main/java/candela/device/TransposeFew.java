package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * The transpose of a convolution of few input channels, which is the gradient at a network's input.
 * The entries of kernels/transpose_few.cu.
 *
 * <p>Images are channels-last, float32. shape[12] = h, w, c (1 to 4), oc, kh, kw (at most 16),
 * strideH, strideW (at most 4), padTop, padLeft, oh, ow is read before the call returns; there is
 * one group, and no dilation.
 *
 * <p>For the thread that uses the device.
 */
public final class TransposeFew {
  private final Kernels kernels;
  private final Entry size;
  private final Entry arrange;
  private final Entry transpose;

  TransposeFew(Kernels kernels) {
    this.kernels = kernels;
    size = kernels.entry("cd_transpose_few_size", POINTER, POINTER, POINTER);
    arrange = kernels.entry("cd_transpose_few_arrange", POINTER, POINTER, POINTER, POINTER);
    transpose =
        kernels.entry("cd_transpose_few", POINTER, INT, LONG, POINTER, POINTER, POINTER, POINTER);
  }

  /** Floats of the arranged weights. */
  public long transposeFewSize(int[] shape) {
    return kernels.told(1, size, Kernels.host("transpose_few_size", "shape", shape, 12))[0];
  }

  /**
   * arranged[size] = weights[oc,c,kh,kw] in the order that {@link #transposeFew} reads them in,
   * with zeros between. No overlap.
   */
  public void transposeFewArrange(int[] shape, MemorySegment weights, MemorySegment arranged) {
    kernels.run(
        arrange, Kernels.host("transpose_few_arrange", "shape", shape, 12), weights, arranged);
  }

  /**
   * dx[rows,h,w,c] (+)= the transpose on g[rows,oh,ow,oc]. On a card tensor cores compute it where
   * oc is a multiple of 4 and g and arranged are aligned to 16 bytes: factors rounded to nearest 11
   * significant bits, sums in float; what is not finite in g then spreads to pixels around. A row's
   * bits do not depend on the others. No overlap.
   *
   * @param arranged the weights as {@link #transposeFewArrange} leaves them
   */
  public void transposeFew(
      boolean accumulate,
      long rows,
      int[] shape,
      MemorySegment g,
      MemorySegment arranged,
      MemorySegment dx) {
    kernels.run(
        transpose,
        accumulate,
        rows,
        Kernels.host("transpose_few", "shape", shape, 12),
        g,
        arranged,
        dx);
  }
}
