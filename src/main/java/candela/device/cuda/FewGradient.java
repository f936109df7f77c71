package candela.device.cuda;

import candela.device.Dense.Convolution;
import candela.device.Device;
import candela.device.Memory;
import candela.device.TransposeFew;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The input gradient of a convolution with few input channels by our own {@link TransposeFew},
 * which reads the output's gradient once and leaves nothing between.
 */
final class FewGradient implements AutoCloseable {
  private final Device device;
  private final int[] shape;
  private final MemorySegment given;
  private final Memory arranged;

  /**
   * @param given the model's weights, float32
   */
  FewGradient(Device device, Convolution s, MemorySegment given) {
    this.device = device;
    this.given = given;
    shape = Tiles.shape(s);
    arranged = device.allocate(4 * device.kernels().transposeFew().transposeFewSize(shape));
    try {
      update();
    } catch (RuntimeException | Error e) {
      arranged.close();
      throw e;
    }
  }

  /** Whether tensor cores do it, in the precision that was asked for. */
  static boolean fits(CudaDense dense, Storage storage, Convolution s) {
    return FewChannels.areFew(dense, storage, s) && s.oc() % 4 == 0;
  }

  /** After the weights have changed. */
  void update() {
    device.kernels().transposeFew().transposeFewArrange(shape, given, arranged.segment());
  }

  /** dx[rows,h,w,c] (+)= transpose of the convolution on g[rows,oh,ow,oc]. */
  void backward(long rows, MemorySegment g, boolean accumulate, MemorySegment dx) {
    device
        .kernels()
        .transposeFew()
        .transposeFew(accumulate, rows, shape, g, arranged.segment(), dx);
  }

  @Override
  public void close() {
    arranged.close();
  }
}
