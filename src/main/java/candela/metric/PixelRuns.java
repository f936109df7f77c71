package candela.metric;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Pixels that follow each other row by row, so many at a time: every pixel is in one part.
 *
 * @param step pixels of a part, 1 or more; the last has the rest
 */
record PixelRuns(int step) implements Removal {
  @Override
  public Parts of(Shape image, Workspace workspace) {
    int pixels = image.count(1, 3);
    int[] part = new int[image.count()];
    Arrays.setAll(part, i -> i % pixels / step);
    int[] gone = new int[Math.ceilDiv(pixels, step) + 1];
    Arrays.setAll(gone, i -> i - 1);
    return new Cut(step, gone.length, workspace, workspace.ints(part), workspace.ints(gone));
  }

  private record Cut(
      int step, int rows, Workspace workspace, MemorySegment part, MemorySegment gone)
      implements Parts {
    @Override
    public void write(int first, Tensor x, Tensor other, Tensor rows) {
      workspace
          .device()
          .kernels()
          .mask()
          .selectFeatures(
              rows.shape().dim(0),
              x.count(),
              x.data(),
              other.data(),
              part,
              gone.asSlice((long) first * Integer.BYTES),
              rows.data());
    }

    @Override
    public double[] sums(float[] map) {
      double[] sums = new double[rows - 1];
      for (int i = 0; i < map.length; i++) {
        sums[i / step] += map[i];
      }
      return sums;
    }
  }
}
