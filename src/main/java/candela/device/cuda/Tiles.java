package candela.device.cuda;

import candela.device.Convolve;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Precision;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/** One convolution by our own tiles in TF32, {@link Convolve}. */
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
    shape =
        new int[] {
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

  /**
   * Those that are worth a trial, in their order; none where channels or pixels do not lie as tiles
   * need it.
   *
   * @param wide elements from a pixel of x to the next
   * @param yWide of y
   */
  int[] variants(long rows, long wide, long yWide) {
    long[] blocks = kernels.convolveBlocks(rows, shape, wide, yWide);
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
}
