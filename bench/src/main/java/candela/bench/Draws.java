package candela.bench;

import candela.device.Device;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Where PyTorch's side takes its coins and shifts from. */
interface Draws {
  /** rows x n numbers in 0 … 1, of the samples first, first + 1, …. */
  float[] uniform(long seed, int first, int rows, int n);

  /** Java's own: what is timed. */
  static Draws own() {
    return (seed, first, rows, n) -> {
      SplittableRandom random = new SplittableRandom(seed);
      float[] u = new float[rows * n];
      for (int i = 0; i < u.length; i++) {
        u[i] = (float) random.nextDouble();
      }
      return u;
    };
  }

  /** Candela's, so that both sides can be asked about the same rows. */
  static Draws candela(Device device) {
    return (seed, first, rows, n) -> {
      long[] ids = new long[rows];
      Arrays.setAll(ids, i -> first + i);
      try (Workspace scratch = new Workspace(device)) {
        Tensor u = scratch.tensor(Shape.of(rows, n));
        device.kernels().noise().uniformNoise(rows, n, 0, 1, seed, scratch.longs(ids), u.data());
        return device.read(u);
      }
    };
  }
}
