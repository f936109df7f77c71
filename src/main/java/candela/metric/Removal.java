package candela.metric;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** What is taken away from an image, whatever a map says: equal where that is. */
sealed interface Removal permits PixelNoise, PixelRuns, RandomPixels, RandomSquares {
  /** The parts of images [c,h,w]; their memory is the workspace's. */
  Parts of(Shape image, Workspace workspace);

  /** So much of every pixel, in all channels. For the thread that uses the device. */
  interface Parts {
    /** Row 0, in which nothing is taken away, and one a part. */
    int rows();

    /**
     * rows[i] = x without what row first + i takes away, other in its place where that is a part;
     * both [c,h,w], on the device.
     */
    void write(int first, Tensor x, Tensor other, Tensor rows);

    /** Of a map [h,w], the sum over each part, or of noise · map: those of rows 1, 2, …. */
    double[] sums(float[] map);

    /** Whether sums are of slopes, not of contributions. */
    default boolean ofSlopes() {
      return false;
    }

    /** [rows,4] as {@link candela.probe.Rectangles} are; null where parts are no windows. */
    default int[] windows() {
      return null;
    }
  }
}
