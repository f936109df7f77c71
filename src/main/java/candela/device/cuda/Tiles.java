package candela.device.cuda;

import candela.device.Convolve;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Dense.Gating;
import candela.device.Precision;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** One convolution and its transpose by our own tiles in TF32, {@link Convolve}. */
final class Tiles {
  /**
   * Blocks that fill a card: twice as many as the largest has processors. More parts of a sum only
   * cost.
   */
  private static final long FULL = 264;

  /** Blocks below which a card is idle, if others make more. */
  private static final long FEW = FULL / 4;

  private final Convolve kernels;
  private final int[] shape;

  /**
   * @param s one that fits
   */
  Tiles(CudaDense dense, Convolution s) {
    kernels = dense.device().kernels().convolve();
    shape = shape(s);
  }

  /** As {@link Convolve} takes it. */
  static int[] shape(Convolution s) {
    return new int[] {
      s.h(),
      s.w(),
      s.c(),
      s.oc(),
      s.kh(),
      s.kw(),
      s.strideH(),
      s.strideW(),
      s.padTop(),
      s.padLeft(),
      s.oh(),
      s.ow()
    };
  }

  static boolean fit(CudaDense dense, Storage storage, Convolution s) {
    return storage == Storage.FLOAT32
        && dense.device().precision() == Precision.TF32
        && !s.transposed()
        && s.groups() == 1
        && s.dilationH() * s.dilationW() == 1;
  }

  /** Whether they do the transpose of one that fits, too. */
  static boolean transpose(Convolution s) {
    return (long) s.strideH() * s.strideW() <= Convolve.PHASES;
  }

  /**
   * Those that are worth a trial, in their order; none where channels or pixels do not lie as tiles
   * need it.
   *
   * @param wide elements from a pixel of x to the next
   * @param yWide of y
   */
  int[] variants(long rows, long wide, long yWide) {
    return worthTrying(kernels.convolveBlocks(rows, shape, wide, yWide));
  }

  /**
   * The same of the transpose.
   *
   * @param gWide elements from a pixel of g to the next
   */
  int[] transposedVariants(long rows, long gWide) {
    return worthTrying(kernels.convolveTransposedBlocks(rows, shape, gWide));
  }

  private static int[] worthTrying(long[] blocks) {
    boolean[] worth = new boolean[blocks.length];
    long most = 0;
    for (int v = 0; v < blocks.length; v++) {
      worth[v] = blocks[v] > 0 && (v % Convolve.SHARINGS == 0 || blocks[v] < 2 * FULL);
      most = worth[v] ? Math.max(most, blocks[v]) : most;
    }
    long least = Math.min(FEW, most);
    return IntStream.range(0, blocks.length).filter(v -> worth[v] && blocks[v] >= least).toArray();
  }

  /**
   * As {@link Convolve#convolve}.
   *
   * @param variant one of {@link #variants}
   */
  void run(
      int variant,
      Activation activation,
      long rows,
      long wide,
      long yWide,
      MemorySegment x,
      MemorySegment weights,
      MemorySegment bias,
      MemorySegment add,
      MemorySegment gate,
      MemorySegment y) {
    kernels.convolve(variant, activation, rows, shape, wide, yWide, x, weights, bias, add, gate, y);
  }

  /**
   * As {@link Convolve#convolveTransposed}.
   *
   * @param variant one of {@link #transposedVariants}
   */
  void runTransposed(
      int variant,
      Gating gating,
      long rows,
      long gWide,
      MemorySegment g,
      MemorySegment weights,
      MemorySegment add,
      MemorySegment dx) {
    kernels.convolveTransposed(
        variant, gating.activation(), rows, shape, gWide, g, weights, add, gating.values(), dx);
  }
}
