package candela.device;

import static candela.device.Library.FLOAT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * What a window in the image may change of its feature maps. The entry of kernels/patch.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Patch {
  private static final int INTS = 12;

  private final Kernels kernels;
  private final Entry patch;

  Patch(Kernels kernels) {
    this.kernels = kernels;
    patch =
        kernels.entry(
            "cd_patch",
            POINTER,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            FLOAT,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /**
   * y[rows,planes,to,to,c] = x[rows,planes,from,from,c] where that holds the pixel, else
   * base[planes,h,w,c], or outside where the map has none. No overlap.
   *
   * @param from what x holds of a map of h × w: jump, high, align, step, shift, size, down and then
   *     across. From pixel step · floor(ceil((t − high) / jump) / align) + shift on, t being the
   *     window's corner, size pixels; all where align is 0
   * @param to what y holds, likewise
   * @param corner [rows,2] int32: top and left of each row's window
   * @param base NULL where x is whole
   */
  public void patch(
      long rows,
      long planes,
      long h,
      long w,
      long c,
      int[] from,
      int[] to,
      float outside,
      MemorySegment corner,
      MemorySegment base,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(
        patch,
        rows,
        planes,
        h,
        w,
        c,
        Kernels.host("patch", "from", from, INTS),
        Kernels.host("patch", "to", to, INTS),
        outside,
        corner,
        base,
        x,
        y);
  }
}
