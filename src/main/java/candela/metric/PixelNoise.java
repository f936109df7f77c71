package candela.metric;

import candela.device.Binary;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Normal noise that is taken away from the pixels, the same from all channels of one.
 *
 * @param sigma standard deviation, in units of the network's input
 */
record PixelNoise(int samples, float sigma, long seed) implements Removal {
  /** Samples that are drawn at a time for the sums of a map. */
  private static final int TOGETHER = 16;

  /** Values that are kept for the next map, and not drawn again: 256 MiB. */
  private static final long KEPT = 1 << 26;

  @Override
  public Parts of(Shape image, Workspace workspace) {
    return new Drawn(
        this,
        image.dim(0),
        workspace,
        workspace.samples(samples),
        workspace.tensor(Shape.of(image.count(1, 3))),
        new float[Math.ceilDiv(samples, TOGETHER)][]);
  }

  /** Noise is drawn for the rows, and once more for the sums. */
  private record Drawn(
      PixelNoise noise,
      int channels,
      Workspace workspace,
      MemorySegment ids,
      Tensor zeros,
      float[][] kept)
      implements Parts {
    @Override
    public int rows() {
      return noise.samples + 1;
    }

    @Override
    public void write(int first, Tensor x, Tensor other, Tensor rows) {
      int n = rows.shape().dim(0);
      int whole = first == 0 ? 1 : 0;
      if (whole > 0) {
        workspace.repeat(x, rows.rows(0, 1));
      }
      if (n > whole) {
        subtract(first + whole - 1, x, rows.rows(whole, n));
      }
    }

    private void subtract(int first, Tensor x, Tensor rows) {
      int n = rows.shape().dim(0);
      int pixels = zeros.count();
      try (var own = new Workspace(workspace.device())) {
        Tensor drawn = draw(own, first, n);
        own.device()
            .kernels()
            .broadcast()
            .binaryForward(
                Binary.SUB,
                3,
                new int[] {n, channels, pixels},
                new int[] {0, pixels, 1},
                new int[] {pixels, 0, 1},
                x.data(),
                drawn.data(),
                rows.data());
      }
    }

    private Tensor draw(Workspace own, int first, int n) {
      Tensor drawn = own.unset(Shape.of(n, zeros.count()));
      own.device()
          .kernels()
          .noise()
          .gaussianNoise(
              n,
              zeros.count(),
              zeros.data(),
              noise.sigma,
              MetricSeed.of(noise.seed),
              ids.asSlice((long) first * Long.BYTES),
              drawn.data());
      return drawn;
    }

    @Override
    public double[] sums(float[] map) {
      double[] sums = new double[noise.samples];
      for (int first = 0; first < sums.length; first += TOGETHER) {
        int n = Math.min(TOGETHER, sums.length - first);
        float[] drawn = drawn(first, n);
        for (int i = 0; i < n; i++) {
          sums[first + i] = sum(drawn, i * map.length, map);
        }
      }
      return sums;
    }

    @Override
    public boolean ofSlopes() {
      return true;
    }

    private float[] drawn(int first, int n) {
      float[] before = kept[first / TOGETHER];
      if (before != null) {
        return before;
      }
      try (var own = new Workspace(workspace.device())) {
        float[] drawn = own.device().read(draw(own, first, n));
        if ((first + (long) n) * zeros.count() <= KEPT) {
          kept[first / TOGETHER] = drawn;
        }
        return drawn;
      }
    }

    private static double sum(float[] drawn, int from, float[] map) {
      double sum = 0;
      for (int p = 0; p < map.length; p++) {
        sum += (double) drawn[from + p] * map[p];
      }
      return sum;
    }
  }
}
