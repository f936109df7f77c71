package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Convolutions of 1 to 4 channels, as a network's first layer is, with bias and activation. The
 * entries of kernels/convolve_few.cu.
 *
 * <p>Images are channels-last, float32. shape[12] = h, w, c, oc, kh, kw, strideH, strideW, padTop,
 * padLeft, oh, ow is read before the call returns: c at most {@link #MOST_CHANNELS}, kh and kw at
 * most {@link #MOST_TAPS}, strides at most {@link #MOST_STRIDE}. The pixels of y begin {@code wide}
 * elements apart, all else is dense. What a window holds outside its image counts as 0.
 *
 * <p>For the thread that uses the device.
 */
public final class ConvolveFew {
  /** Ways of doing it in tensor cores, numbered from 0. */
  public static final int VARIANTS = 6;

  /** Sums in float, of any shape: the variant that all others are held against. */
  public static final int PLAIN = -1;

  public static final int MOST_CHANNELS = 4;
  public static final int MOST_TAPS = 16;
  public static final int MOST_STRIDE = 4;

  private final Kernels kernels;
  private final Entry shared;
  private final Entry weights;
  private final Entry convolve;

  ConvolveFew(Kernels kernels) {
    this.kernels = kernels;
    shared = kernels.entry("cd_convolve_few_shared", POINTER, LONG, POINTER, LONG, POINTER);
    weights = kernels.entry("cd_convolve_few_weights", POINTER, POINTER, POINTER, POINTER);
    convolve =
        kernels.entry(
            "cd_convolve_few",
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
            POINTER);
  }

  /** Floats of arranged weights. */
  public static long arranged(int[] shape) {
    long steps = shape[4] * ((shape[5] * shape[2] + 7L) / 8);
    return steps * ((shape[3] + 15L) / 16) * 128;
  }

  /**
   * Bytes of shared memory that a block of each of the variants takes, -1 where it does not do this
   * shape. All need oc and wide that are multiples of 4, and at most 227 KiB.
   */
  public long[] convolveFewShared(long rows, int[] shape, long wide) {
    return kernels.told(VARIANTS, shared, rows, host("cd_convolve_few_shared", shape), wide);
  }

  /**
   * Weights [oc,c,kh,kw] in the order in which {@link #convolveFew} reads them, each rounded to
   * nearest 11 significant bits.
   *
   * @param arranged of {@link #arranged} floats
   */
  public void convolveFewWeights(int[] shape, MemorySegment weights, MemorySegment arranged) {
    kernels.run(this.weights, host("cd_convolve_few_weights", shape), weights, arranged);
  }

  /**
   * y[rows,oh,ow,oc] = activation of the bias and the convolution of x[rows,h,w,c].
   *
   * @param variant {@link #PLAIN} or below {@link #VARIANTS}: x rounded to nearest 11 significant
   *     bits, sums in float, all but x aligned to 16 bytes; all of them give the same bits; on the
   *     CPU PLAIN
   * @param arranged what {@link #convolveFewWeights} made
   * @param bias [oc], or NULL
   * @param y overlaps none of the others
   * @throws candela.tensor.CandelaException also where a card has too little shared memory
   */
  public void convolveFew(
      int variant,
      Dense.Activation activation,
      long rows,
      int[] shape,
      long wide,
      MemorySegment x,
      MemorySegment arranged,
      MemorySegment bias,
      MemorySegment y) {
    kernels.run(
        convolve,
        variant,
        activation.kind(),
        activation.alpha(),
        activation.beta(),
        rows,
        host("cd_convolve_few", shape),
        wide,
        x,
        arranged,
        bias,
        y);
  }

  private static int[] host(String entry, int[] shape) {
    return Kernels.host(entry, "shape", shape, 12);
  }
}
