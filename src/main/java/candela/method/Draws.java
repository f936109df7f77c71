package candela.method;

import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/** Random numbers as functions of (seed, sample, element), on the host. */
final class Draws {
  private Draws() {}

  /** [samples][n] in (0,1); the first samples of more are these. */
  static float[][] uniform(Workspace workspace, long seed, int samples, int n) {
    float[][] rows = new float[samples][];
    for (int i = 0; i < samples; i++) {
      rows[i] = one(workspace, seed, i, n);
    }
    return rows;
  }

  /** [n] in (0,1), of one sample. */
  static float[] one(Workspace workspace, long seed, long sample, int n) {
    try (var own = new Workspace(workspace.device())) {
      Tensor u = own.tensor(Shape.of(n));
      workspace
          .device()
          .kernels()
          .noise()
          .uniformNoise(1, n, 0, 1, seed, own.longs(new long[] {sample}), u.data());
      return workspace.device().read(u);
    }
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
    return java.util.stream.IntStream.range(0, n)
        .boxed()
        .sorted(java.util.Comparator.comparingDouble(i -> u[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
