package candela.probe;

import candela.tensor.Tensor;

/**
 * Rows that are one image but for a window each; the same image and largest window in all. A row
 * may differ from the image in the {@link #tall} × {@link #wide} pixels from its corner on, as far
 * as they are in the image, and nowhere else: what is computed does not see more.
 */
public interface Occluded {
  /** [C,H,W], on the device. */
  Tensor image();

  /** Height of the largest window, 1 or more. */
  int tall();

  /** Width of the largest window, 1 or more. */
  int wide();

  /** Top, left, top, left, …: where the windows of the rows written last begin, in the image. */
  int[] corners();
}
