package candela.metric;

import candela.probe.Rectangles;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Squares of all sizes and places.
 *
 * @param largest side, as a share of the image's shorter side
 */
record RandomSquares(int samples, double largest, long seed) implements Removal {
  @Override
  public Parts of(Shape image, Workspace workspace) {
    int[] edges =
        Rectangles.squares(MetricSeed.of(seed), samples, largest, image.dim(1), image.dim(2));
    return new Drawn(image, workspace, edges, workspace.ints(edges));
  }

  private record Drawn(Shape image, Workspace workspace, int[] windows, MemorySegment onDevice)
      implements Parts {
    @Override
    public int rows() {
      return windows.length / Rectangles.EDGES;
    }

    @Override
    public void write(int first, Tensor x, Tensor other, Tensor rows) {
      workspace
          .device()
          .kernels()
          .mask()
          .occlude(
              rows.shape().dim(0),
              image.dim(0),
              image.dim(1),
              image.dim(2),
              x.data(),
              other.data(),
              onDevice.asSlice((long) first * Rectangles.EDGES * Integer.BYTES),
              rows.data());
    }

    /** By the sums over all rectangles from the top left corner. */
    @Override
    public double[] sums(float[] map) {
      int wide = image.dim(2) + 1;
      double[] upTo = new double[(image.dim(1) + 1) * wide];
      for (int i = wide; i < upTo.length; i++) {
        if (i % wide > 0) {
          int at = (i / wide - 1) * (wide - 1) + i % wide - 1;
          upTo[i] = map[at] + upTo[i - 1] + upTo[i - wide] - upTo[i - wide - 1];
        }
      }
      double[] sums = new double[rows() - 1];
      for (int i = 0, e = Rectangles.EDGES; i < sums.length; i++, e += Rectangles.EDGES) {
        int top = windows[e] * wide;
        int bottom = windows[e + 2] * wide;
        int left = windows[e + 1];
        int right = windows[e + 3];
        sums[i] = upTo[bottom + right] - upTo[bottom + left] - upTo[top + right] + upTo[top + left];
      }
      return sums;
    }
  }
}
