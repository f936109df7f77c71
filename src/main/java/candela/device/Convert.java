package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Values from one way of storing them to another. The entry of kernels/convert.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Convert {
  private final Kernels kernels;
  private final Entry convert;
  private final Entry roundTf32;

  Convert(Kernels kernels) {
    this.kernels = kernels;
    convert = kernels.entry("cd_convert", POINTER, INT, INT, INT, FLOAT, LONG, POINTER, POINTER);
    roundTf32 = kernels.entry("cd_round_tf32", POINTER, LONG, POINTER, POINTER);
  }

  /**
   * y[n] = x[n], float32, rounded to the 11 significant bits of TF32: to nearest, ties to even;
   * beyond the largest it is infinity. y may be x.
   */
  public void roundTf32(long n, MemorySegment x, MemorySegment y) {
    kernels.run(roundTf32, n, x, y);
  }

  /** y[n] (+)= scale * x[n]. No overlap. */
  public void convert(
      Storage from,
      Storage to,
      boolean accumulate,
      float scale,
      long n,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(convert, from.code(), to.code(), accumulate, scale, n, x, y);
  }
}
