package candela.device.cuda;

import candela.device.ConvolveFew;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Memory;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * A convolution with few input channels, a network's first layer, by {@link ConvolveFew} in TF32:
 * the tensor cores of cuDNN's engines wait for channels that are not there.
 */
final class FewChannels implements AutoCloseable {
  private final ConvolveFew kernels;
  private final int[] shape;
  private final MemorySegment given;
  private final Memory arranged;

  /**
   * @param s one that fits
   * @param given the model's weights, [oc,c,kh,kw]
   */
  FewChannels(CudaDense dense, Convolution s, MemorySegment given) {
    kernels = dense.device().kernels().convolveFew();
    shape = Tiles.shape(s);
    this.given = given;
    arranged = dense.device().allocate(Float.BYTES * ConvolveFew.arranged(shape));
    try {
      update();
    } catch (RuntimeException | Error e) {
      arranged.close();
      throw e;
    }
  }

  /**
   * Whether some variant does it.
   *
   * @param wide elements from a pixel of y to the next
   */
  static boolean fits(CudaDense dense, Storage storage, Convolution s, long wide) {
    return areFew(dense, storage, s)
        && variants(dense.device().kernels().convolveFew(), 1, Tiles.shape(s), wide).length > 0;
  }

  /** Whether kernels for few channels take such a one, this way or the other. */
  static boolean areFew(CudaDense dense, Storage storage, Convolution s) {
    return Tiles.fit(dense, storage, s)
        && s.c() <= ConvolveFew.MOST_CHANNELS
        && Math.max(s.kh(), s.kw()) <= ConvolveFew.MOST_TAPS
        && Math.max(s.strideH(), s.strideW()) <= ConvolveFew.MOST_STRIDE;
  }

  /** After the weights have changed. */
  void update() {
    kernels.convolveFewWeights(shape, given, arranged.segment());
  }

  /** Those that do it, in their order. */
  int[] variants(long rows, long wide) {
    return variants(kernels, rows, shape, wide);
  }

  private static int[] variants(ConvolveFew kernels, long rows, int[] shape, long wide) {
    long[] bytes = kernels.convolveFewShared(rows, shape, wide);
    return IntStream.range(0, bytes.length).filter(v -> bytes[v] >= 0).toArray();
  }

  /**
   * As {@link ConvolveFew#convolveFew}.
   *
   * @param variant one of {@link #variants}
   */
  void run(
      int variant,
      Activation activation,
      long rows,
      long wide,
      MemorySegment x,
      MemorySegment bias,
      MemorySegment y) {
    kernels.convolveFew(variant, activation, rows, shape, wide, x, arranged.segment(), bias, y);
  }

  @Override
  public void close() {
    arranged.close();
  }
}
