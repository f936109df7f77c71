package candela.graph;

import java.util.Arrays;

/**
 * The pixels of an image that pixel (i, j) of a result is made from: size of them from pixel stride
 * · i − pad on, down and across.
 *
 * @param size the first to the last of them, those between that do not count included
 * @param outside what stands where the image has no pixel
 */
public record Reach(int[] size, int[] strides, int[] pads, float outside) {
  /** The pixel at the same place. */
  public static final Reach PIXEL =
      new Reach(new int[] {1, 1}, new int[] {1, 1}, new int[] {0, 0}, 0);

  /**
   * @param kernel strides, dilations: down, across
   * @param pads top, left
   */
  public static Reach of(int[] kernel, int[] strides, int[] dilations, int[] pads, float outside) {
    int[] size = {(kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1};
    return new Reach(size, strides, new int[] {pads[0], pads[1]}, outside);
  }

  /** Whether that is the pixel at the same place. */
  boolean isPixel() {
    return Arrays.equals(size, PIXEL.size)
        && Arrays.equals(strides, PIXEL.strides)
        && Arrays.equals(pads, PIXEL.pads);
  }
}
