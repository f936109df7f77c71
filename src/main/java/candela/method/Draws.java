package candela.method;

import candela.device.Noise;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Random numbers as functions of (seed, sample, element), on the host. */
final class Draws {
  /** Numbers of one call: 4 MiB. */
  private static final int AT_A_TIME = 1 << 20;

  private Draws() {}

  /** [samples][n] in (0,1]; the first samples of more are these. */
  static float[][] uniform(Workspace workspace, long seed, int samples, int n) {
    return uniform(workspace, seed, 0, samples, n);
  }

  /** [samples][n] in (0,1], of the samples first, first + 1, …. */
  static float[][] uniform(Workspace workspace, long seed, long first, int samples, int n) {
    return rows(
        workspace,
        first,
        samples,
        n,
        (noise, some, ids, y) -> noise.uniformNoise(some, n, 0, 1, seed, ids, y));
  }

  /**
   * [samples][n] in (0,1]: a Latin hypercube. Of each element one number lies in each of as many
   * equal parts as there are samples, which come in an order of its own.
   */
  static float[][] latin(Workspace workspace, long seed, int samples, int n) {
    float[][] orders = uniform(workspace, seed, 0, n, samples);
    float[][] within = uniform(workspace, seed, n, n, samples);
    float[][] points = new float[samples][n];
    for (int j = 0; j < n; j++) {
      int[] order = order(orders[j], samples);
      for (int i = 0; i < samples; i++) {
        points[i][j] = (order[i] + within[j][i]) / samples;
      }
    }
    return points;
  }

  /** [samples][n] standard normal numbers. */
  static float[][] normal(Workspace workspace, long seed, int samples, int n) {
    try (var own = new Workspace(workspace.device())) {
      Tensor zero = own.tensor(Shape.of(n));
      return rows(
          workspace,
          0,
          samples,
          n,
          (noise, some, ids, y) -> noise.gaussianNoise(some, n, zero.data(), 1, seed, ids, y));
    }
  }

  /** Fills some rows on the device. */
  private interface Fill {
    void rows(Noise noise, int some, MemorySegment ids, MemorySegment y);
  }

  private static float[][] rows(Workspace workspace, long first, int samples, int n, Fill fill) {
    float[][] rows = new float[samples][n];
    int most = Math.clamp(AT_A_TIME / Math.max(n, 1), 1, Math.max(samples, 1));
    try (var own = new Workspace(workspace.device())) {
      Tensor y = own.tensor(Shape.of(most, n));
      for (int from = 0; from < samples; from += most) {
        int some = Math.min(most, samples - from);
        long[] ids = new long[some];
        for (int i = 0; i < some; i++) {
          ids[i] = first + from + i;
        }
        fill.rows(workspace.device().kernels().noise(), some, own.longs(ids), y.data());
        float[] read = workspace.device().read(y);
        for (int i = 0; i < some; i++) {
          System.arraycopy(read, i * n, rows[from + i], 0, n);
        }
      }
    }
    return rows;
  }

  /** x + sigma times standard normal numbers of one sample. */
  static float[] normal(Workspace workspace, long seed, long sample, float[] x, double sigma) {
    if (sigma == 0) {
      return x.clone();
    }
    try (var own = new Workspace(workspace.device())) {
      Tensor from = own.tensor(Shape.of(x.length), x);
      Tensor y = own.tensor(Shape.of(x.length));
      workspace
          .device()
          .kernels()
          .noise()
          .gaussianNoise(
              1,
              x.length,
              from.data(),
              (float) sigma,
              seed,
              own.longs(new long[] {sample}),
              y.data());
      return workspace.device().read(y);
    }
  }

  /** The numbers 0 … n − 1 in the order of u. */
  static int[] order(float[] u, int n) {
    return IntStream.range(0, n)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> u[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
