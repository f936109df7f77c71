package candela.method;

import candela.device.Kernels;
import candela.probe.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How the pixels of a mask spread over the pixels of an image along one axis, and back: a sparse
 * matrix and its transpose, on the device.
 *
 * <p>Its memory is the workspace's. For the thread that uses the device.
 */
final class MaskAxis {
  /** Where the blur's Gaussian is cut, in standard deviations. */
  private static final double TRUNCATE = 3;

  /** A sparse matrix by rows, as the kernel reads it. */
  private record Taps(MemorySegment first, MemorySegment index, MemorySegment weight) {}

  private final Workspace workspace;
  private final int mask;
  private final int image;
  private final Taps there;
  private final Taps back;

  /**
   * @param mask pixels of the mask, at most the image's
   * @param bilinear between the centres of the mask's pixels, else the nearest
   * @param sigma of a Gaussian over the enlarged mask, in image pixels; 0 for none
   */
  MaskAxis(Workspace workspace, int mask, int image, boolean bilinear, double sigma) {
    this.workspace = workspace;
    this.mask = mask;
    this.image = image;
    double[][] matrix = blurred(enlarging(mask, image, bilinear), sigma);
    double[][] transposed = new double[mask][image];
    for (int i = 0; i < image; i++) {
      for (int j = 0; j < mask; j++) {
        transposed[j][i] = matrix[i][j];
      }
    }
    there = taps(matrix);
    back = taps(transposed);
  }

  private static double[][] enlarging(int mask, int image, boolean bilinear) {
    double[][] matrix = new double[image][mask];
    for (int i = 0; i < image; i++) {
      if (!bilinear) {
        matrix[i][(int) ((long) i * mask / image)] = 1;
        continue;
      }
      double at = Math.clamp((i + 0.5) * mask / image - 0.5, 0, mask - 1);
      int below = (int) at;
      matrix[i][below] += 1 - (at - below);
      matrix[i][Math.min(below + 1, mask - 1)] += at - below;
    }
    return matrix;
  }

  /** Weighted means of neighbouring rows, over those that exist. */
  private static double[][] blurred(double[][] matrix, double sigma) {
    if (sigma == 0) {
      return matrix;
    }
    int radius = (int) Math.ceil(TRUNCATE * sigma);
    double[][] mean = new double[matrix.length][matrix[0].length];
    for (int i = 0; i < matrix.length; i++) {
      double total = 0;
      for (int r = Math.max(i - radius, 0); r <= Math.min(i + radius, matrix.length - 1); r++) {
        double d = (r - i) / sigma;
        double weight = Math.exp(-0.5 * d * d);
        total += weight;
        for (int j = 0; j < mean[i].length; j++) {
          mean[i][j] += weight * matrix[r][j];
        }
      }
      for (int j = 0; j < mean[i].length; j++) {
        mean[i][j] /= total;
      }
    }
    return mean;
  }

  private Taps taps(double[][] matrix) {
    int[] first = new int[matrix.length + 1];
    List<Integer> index = new ArrayList<>();
    List<Float> weight = new ArrayList<>();
    for (int i = 0; i < matrix.length; i++) {
      for (int j = 0; j < matrix[i].length; j++) {
        if (matrix[i][j] != 0) {
          index.add(j);
          weight.add((float) matrix[i][j]);
        }
      }
      first[i + 1] = index.size();
    }
    float[] weights = new float[weight.size()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = weight.get(i);
    }
    return new Taps(
        workspace.ints(first),
        workspace.ints(index.stream().mapToInt(Integer::intValue).toArray()),
        workspace.floats(weights));
  }

  /** x[outer,mask,inner] to y[outer,image,inner]. */
  void enlarge(int outer, int inner, MemorySegment x, MemorySegment y) {
    run(there, outer, mask, image, inner, x, y);
  }

  /** dy[outer,image,inner] to dx[outer,mask,inner]. */
  void enlargeBackward(int outer, int inner, MemorySegment dy, MemorySegment dx) {
    run(back, outer, image, mask, inner, dy, dx);
  }

  private void run(
      Taps t, int outer, int from, int to, int inner, MemorySegment x, MemorySegment y) {
    Kernels kernels = workspace.device().kernels();
    kernels
        .resample()
        .resample(false, outer, from, to, inner, t.first(), t.index(), t.weight(), x, y);
  }
}
