package candela.device;

import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Separable smoothing. The entries of kernels/blur.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Blur {
  private final Kernels kernels;
  private final Entry blur;

  Blur(Kernels kernels) {
    this.kernels = kernels;
    blur =
        kernels.entry(
            "cd_blur", POINTER, LONG, LONG, LONG, LONG, POINTER, POINTER, POINTER, POINTER);
  }

  /**
   * y[planes,h,w] = mean of x[planes,h,w] weighted by weight[2*radius+1] down and across, over the
   * pixels inside the image. scratch[planes,h,w]. y may alias x, scratch neither.
   */
  public void blur(
      long planes,
      long h,
      long w,
      long radius,
      MemorySegment weight,
      MemorySegment x,
      MemorySegment scratch,
      MemorySegment y) {
    kernels.run(blur, planes, h, w, radius, weight, x, scratch, y);
  }
}
