package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Pixels of few channels with zeros behind them, so that tensor cores can read them, and back. The
 * entries of kernels/widen.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Widen {
  private final Kernels kernels;
  private final Entry widen;
  private final Entry narrow;

  Widen(Kernels kernels) {
    this.kernels = kernels;
    widen = kernels.entry("cd_widen", POINTER, INT, LONG, LONG, LONG, POINTER, POINTER);
    narrow = kernels.entry("cd_narrow", POINTER, INT, INT, LONG, LONG, LONG, POINTER, POINTER);
  }

  /** y[pixels,wide] = x[pixels,c] with zeros behind it. No overlap. */
  public void widen(
      Storage type, long pixels, long c, long wide, MemorySegment x, MemorySegment y) {
    kernels.run(widen, type.code(), pixels, c, wide, x, y);
  }

  /** y[pixels,c] (+)= the first c of x[pixels,wide]. No overlap. */
  public void narrow(
      Storage type,
      boolean accumulate,
      long pixels,
      long c,
      long wide,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(narrow, type.code(), accumulate, pixels, c, wide, x, y);
  }
}
