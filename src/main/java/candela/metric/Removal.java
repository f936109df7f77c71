package candela.metric;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** Which parts of an image are taken away, whatever a map says: equal where the parts are. */
sealed interface Removal permits RandomPixels, RandomSquares {
  /** The parts of images [c,h,w]; their memory is the workspace's. */
  Parts of(Shape image, Workspace workspace);

  /** Sets of pixels, taken away with all channels. For the thread that uses the device. */
  interface Parts {
    /** Row 0, in which nothing is taken away, and one a part. */
    int rows();

    /** rows[i] = x, and other in the part of row first + i; both [c,h,w], on the device. */
    void write(int first, Tensor x, Tensor other, Tensor rows);

    /** Of a map [h,w], the sum over each part: those of rows 1, 2, …. */
    double[] sums(float[] map);

    /** [rows,4] as {@link candela.probe.Rectangles} are; null where parts are no windows. */
    default int[] windows() {
      return null;
    }
  }
}
