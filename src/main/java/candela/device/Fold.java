package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a convolution with few input channels, from the products of its output's gradient
 * with every tap. The entry of kernels/fold.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Fold {
  private final Kernels kernels;
  private final Entry fold;

  Fold(Kernels kernels) {
    this.kernels = kernels;
    fold =
        kernels.entry(
            "cd_fold", POINTER, INT, INT, LONG, LONG, LONG, LONG, POINTER, LONG, POINTER, POINTER);
  }

  /**
   * dx[images,h,w,c] (+)= the sum, over the windows that hold a pixel, of their tap on it. No
   * overlap.
   *
   * @param c at most 4
   * @param window kernel, strides, dilations (each: down, across), padTop, padLeft, oh, ow
   * @param columns at least kh * kw * c
   * @param p [images,oh,ow,columns]: tap (a, b) and channel k at column (a * kw + b) * c + k
   */
  public void fold(
      Storage type,
      boolean accumulate,
      long images,
      long h,
      long w,
      long c,
      int[] window,
      long columns,
      MemorySegment p,
      MemorySegment dx) {
    kernels.run(
        fold,
        type.code(),
        accumulate,
        images,
        h,
        w,
        c,
        Kernels.host("fold", "window", window, 10),
        columns,
        p,
        dx);
  }
}
