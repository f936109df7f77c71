package candela.cli;

import candela.image.Npy;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A map that is a file, whoever made it.
 *
 * @param file .npy
 * @param values [h,w]
 */
record MapFile(Path file, int h, int w, float[] values) {
  /**
   * Of [h,w], or the same after axes of length 1, or before one: [h,w,1].
   *
   * @throws CandelaException where it holds other than finite numbers, or has another shape
   */
  static MapFile read(Path file) {
    Npy npy = Npy.readFinite(file);
    int[] dims = npy.shape();
    int[] size = size(dims);
    if (size.length != 2 || npy.values().length == 0) {
      throw CandelaException.of(
          "%s: a map [h,w] expected, got %s%s",
          file,
          Arrays.toString(dims),
          dims.length > 2 && npy.values().length > 0 ? "; join its channels first" : "");
    }
    return new MapFile(file, size[0], size[1], npy.values());
  }

  /** Without axes of length 1, the first ones first, as long as two are left. */
  private static int[] size(int[] dims) {
    int from = 0;
    int to = dims.length;
    while (to - from > 2 && dims[from] == 1) {
      from++;
    }
    while (to - from > 2 && dims[to - 1] == 1) {
      to--;
    }
    return Arrays.copyOfRange(dims, from, to);
  }

  /** Whether it has a value for each pixel of an input of this size. */
  boolean covers(int height, int width) {
    return h == height && w == width;
  }

  /**
   * Refuses a map of something else than an input of this size: one that is larger, or one that the
   * input's proportions do not lead to.
   */
  void checkFits(int height, int width) {
    if (h > height || w > width) {
      throw CandelaException.of(
          "%s: a map of at most [%d,%d], the model's input, expected, got [%d,%d]; make one of"
              + " what the model reads",
          file, height, width, h, w);
    }
    if (!isProportional(height, width) && !isOfWindows(height, width)) {
      throw CandelaException.of(
          "%s: a map in the proportions of the model's input, [%d,%d], expected, got [%d,%d]; make"
              + " one of what the model reads, rows first",
          file, height, width, h, w);
    }
  }

  /** Within a value, as a grid that does not divide the input has rows or columns more or less. */
  private boolean isProportional(int height, int width) {
    return Math.abs(w - (double) h * width / height) < 1
        || Math.abs(h - (double) w * height / width) < 1;
  }

  /** A value for each place of a square window that slides over the input, as sliding-patch has. */
  private boolean isOfWindows(int height, int width) {
    for (int stride = 1; stride <= Math.max(height, width); stride++) {
      for (int side = 1; side <= Math.min(height, width); side++) {
        if ((height - side) / stride + 1 == h && (width - side) / stride + 1 == w) {
          return true;
        }
      }
    }
    return false;
  }
}
