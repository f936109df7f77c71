package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/**
 * Pooling of channels-last images. window[10] = kh, kw, strides, dilations (each: down, across),
 * padTop, padLeft, oh, ow is read before the call returns. The entries of kernels/pool.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Pool {
  private final Kernels kernels;
  private final Entry maxPoolForward;
  private final Entry maxPoolBackward;
  private final Entry maxUnpool;
  private final Entry averagePoolForward;
  private final Entry averagePoolBackward;

  Pool(Kernels kernels) {
    this.kernels = kernels;
    maxPoolForward =
        kernels.entry(
            "cd_max_pool_forward",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER,
            INT);
    maxPoolBackward =
        kernels.entry(
            "cd_max_pool_backward",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            INT,
            POINTER,
            POINTER);
    maxUnpool =
        kernels.entry(
            "cd_max_unpool",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            INT,
            POINTER,
            POINTER);
    averagePoolForward =
        kernels.entry(
            "cd_average_pool_forward",
            POINTER,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            INT,
            INT,
            INT,
            INT,
            POINTER,
            POINTER);
    averagePoolBackward =
        kernels.entry(
            "cd_average_pool_backward",
            POINTER,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            INT,
            INT,
            INT,
            INT,
            POINTER,
            POINTER);
  }

  /**
   * y[images,oh,ow,c] = max over windows of x[images,h,w,c]; which[images,oh,ow,c] (or NULL) =
   * index in the kh*kw window of the first maximum, in whichBytes 1 (kh*kw &lt;= 256) or 4. A
   * window outside the image gives -inf. No overlap.
   */
  public void maxPoolForward(
      Storage type,
      long images,
      long h,
      long w,
      long c,
      int[] window,
      MemorySegment x,
      MemorySegment y,
      MemorySegment which,
      int whichBytes) {
    kernels.run(
        maxPoolForward,
        type.code(),
        images,
        h,
        w,
        c,
        Kernels.host("max_pool_forward", "window", window, 10),
        x,
        y,
        which,
        whichBytes);
  }

  /**
   * dx[images,h,w,c] (+)= sum of the dy[images,oh,ow,c] whose window chose the pixel. No overlap.
   */
  public void maxPoolBackward(
      Storage type,
      boolean accumulate,
      long images,
      long h,
      long w,
      long c,
      int[] window,
      MemorySegment which,
      int whichBytes,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        maxPoolBackward,
        type.code(),
        accumulate,
        images,
        h,
        w,
        c,
        Kernels.host("max_pool_backward", "window", window, 10),
        which,
        whichBytes,
        dy,
        dx);
  }

  /**
   * x[images,h,w,c] = v[images,oh,ow,c] of the last window, row by row, that chose the pixel, 0
   * where none did: unlike max_pool_backward, windows that share a winner are not added. No
   * overlap.
   */
  public void maxUnpool(
      long images,
      long h,
      long w,
      long c,
      int[] window,
      MemorySegment which,
      int whichBytes,
      MemorySegment v,
      MemorySegment x) {
    kernels.run(
        maxUnpool,
        images,
        h,
        w,
        c,
        Kernels.host("max_unpool", "window", window, 10),
        which,
        whichBytes,
        v,
        x);
  }

  /**
   * y[images,oh,ow,c] = sum over windows of x[images,h,w,c] / count^power: 1 is the mean, 0 the
   * sum, 2 has the mean's weights squared. count is with or without the padding; what lies beyond
   * padBottom and padRight never counts. A window that counts nothing gives 0. No overlap.
   */
  public void averagePoolForward(
      Storage type,
      long images,
      long h,
      long w,
      long c,
      int[] window,
      int padBottom,
      int padRight,
      boolean countIncludePad,
      int power,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(
        averagePoolForward,
        type.code(),
        images,
        h,
        w,
        c,
        Kernels.host("average_pool_forward", "window", window, 10),
        padBottom,
        padRight,
        countIncludePad,
        power,
        x,
        y);
  }

  /** dx[images,h,w,c] (+)= transpose of average_pool_forward on dy[images,oh,ow,c]. No overlap. */
  public void averagePoolBackward(
      Storage type,
      boolean accumulate,
      long images,
      long h,
      long w,
      long c,
      int[] window,
      int padBottom,
      int padRight,
      boolean countIncludePad,
      int power,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        averagePoolBackward,
        type.code(),
        accumulate,
        images,
        h,
        w,
        c,
        Kernels.host("average_pool_backward", "window", window, 10),
        padBottom,
        padRight,
        countIncludePad,
        power,
        dy,
        dx);
  }
}
