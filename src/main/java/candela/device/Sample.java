package candela.device;

import static candela.device.Library.INT;
import static candela.device.Library.LONG;
import static candela.device.Library.POINTER;

import java.lang.foreign.MemorySegment;

/**
 * Images read at places that a grid names, across and down, of which -1 and 1 are the middles of
 * the outermost pixels (align) or their outer ends. The entries of kernels/sample.cu.
 *
 * <p>For the thread that uses the device.
 */
public final class Sample {
  private final Kernels kernels;
  private final Entry sampleForward;
  private final Entry sampleBackward;
  private final Entry sampleBackwardGrid;

  /** How a place between pixels is read. */
  public enum Mode {
    /** Halves to even. */
    NEAREST,
    LINEAR,
    /** Keys' convolution with -3/4. */
    CUBIC;

    /** Its number in the entries; HeaderTest compares the order with the header's. */
    @SuppressWarnings("EnumOrdinal")
    public int code() {
      return ordinal();
    }
  }

  /** What lies outside of an image: nothing, its nearest pixel, its mirror image. */
  public enum Padding {
    ZEROS,
    BORDER,
    REFLECTION;

    /** Its number in the entries; HeaderTest compares the order with the header's. */
    @SuppressWarnings("EnumOrdinal")
    public int code() {
      return ordinal();
    }
  }

  Sample(Kernels kernels) {
    this.kernels = kernels;
    sampleForward =
        kernels.entry(
            "cd_sample_forward",
            POINTER,
            INT,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER);
    sampleBackward =
        kernels.entry(
            "cd_sample_backward",
            POINTER,
            INT,
            INT,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER);
    sampleBackwardGrid =
        kernels.entry(
            "cd_sample_backward_grid",
            POINTER,
            INT,
            INT,
            INT,
            INT,
            LONG,
            LONG,
            LONG,
            LONG,
            LONG,
            POINTER,
            POINTER,
            POINTER,
            POINTER);
  }

  /** y[n,places,c] = x[n,h,w,c] at grid[n,places,2]. At NaN y is NaN. No overlap. */
  public void sampleForward(
      Mode mode,
      Padding padding,
      boolean align,
      long n,
      long h,
      long w,
      long c,
      long places,
      MemorySegment grid,
      MemorySegment x,
      MemorySegment y) {
    kernels.run(sampleForward, mode.code(), padding.code(), align, n, h, w, c, places, grid, x, y);
  }

  /**
   * dx[n,h,w,c] (+)= sum of the dy[n,places,c] that took the pixel, times its weight there, in
   * order of places. No overlap.
   */
  public void sampleBackward(
      Mode mode,
      Padding padding,
      boolean align,
      boolean accumulate,
      long n,
      long h,
      long w,
      long c,
      long places,
      MemorySegment grid,
      MemorySegment dy,
      MemorySegment dx) {
    kernels.run(
        sampleBackward,
        mode.code(),
        padding.code(),
        align,
        accumulate,
        n,
        h,
        w,
        c,
        places,
        grid,
        dy,
        dx);
  }

  /**
   * dgrid[n,places,2] (+)= gradient from x[n,h,w,c], grid and dy[n,places,c]; 0 where a place is
   * moved to the border, and for NEAREST. No overlap.
   */
  public void sampleBackwardGrid(
      Mode mode,
      Padding padding,
      boolean align,
      boolean accumulate,
      long n,
      long h,
      long w,
      long c,
      long places,
      MemorySegment grid,
      MemorySegment x,
      MemorySegment dy,
      MemorySegment dgrid) {
    kernels.run(
        sampleBackwardGrid,
        mode.code(),
        padding.code(),
        align,
        accumulate,
        n,
        h,
        w,
        c,
        places,
        grid,
        x,
        dy,
        dgrid);
  }
}
