package candela.probe;

import candela.tensor.Tensor;

/** Rows that are one image but for a window each; the same image and largest window in all. */
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
