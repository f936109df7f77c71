package candela.metric;

import candela.device.Philox;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Sets of single pixels, all of one size equally probable: so many of the first size, then of the
 * next.
 *
 * @param sizes pixels of a set, 1 or more
 */
record RandomPixels(List<Integer> sizes, int samples, long seed) implements Removal {
  /** Pixels of all sets: 1 GiB. */
  private static final long MOST = 1 << 28;

  RandomPixels {
    sizes = List.copyOf(sizes);
  }

  /**
   * @throws CandelaException where the image has fewer pixels than a set, or all sets have too many
   */
  static RandomPixels fitting(
      Explained explained, List<Integer> sizes, int samples, long seed, String metric) {
    int pixels = explained.height() * explained.width();
    long all = 0;
    for (int size : sizes) {
      if (size > pixels) {
        throw CandelaException.of(
            "%s: subset: at most %d pixels expected for an image of %d x %d, got %d",
            metric, pixels, explained.width(), explained.height(), size);
      }
      all += (long) size * samples;
    }
    if (all > MOST) {
      throw CandelaException.of(
          "%s: samples: sets of at most %d pixels in all expected, got %d; take fewer samples",
          metric, MOST, all);
    }
    return new RandomPixels(sizes, samples, seed);
  }

  @Override
  public Parts of(Shape image, Workspace workspace) {
    int pixels = image.count(1, 3);
    List<int[]> sets = new ArrayList<>();
    sets.add(new int[0]);
    for (int size : sizes) {
      for (int i = 0; i < samples; i++) {
        // a size has its own samples: its sets depend on no other size
        sets.add(draw(new Philox(MetricSeed.of(seed), (long) size << 32 | i), size, pixels));
      }
    }
    int[] pixel = new int[image.count()];
    Arrays.setAll(pixel, i -> i % pixels);
    return new Drawn(pixels, workspace, sets, workspace.ints(pixel));
  }

  /** Floyd's way to a set of so many of n numbers; ascending. */
  private static int[] draw(Philox random, int size, int n) {
    var set = new BitSet(n);
    for (int last = n - size; last < n; last++) {
      int some = (int) (Integer.toUnsignedLong(random.bits()) * (last + 1L) >>> 32);
      set.set(set.get(some) ? last : some);
    }
    return set.stream().toArray();
  }

  private record Drawn(int pixels, Workspace workspace, List<int[]> sets, MemorySegment pixel)
      implements Parts {
    @Override
    public int rows() {
      return sets.size();
    }

    @Override
    public void write(int first, Tensor x, Tensor other, Tensor rows) {
      int n = rows.shape().dim(0);
      byte[] there = new byte[n * pixels];
      Arrays.fill(there, (byte) 1);
      for (int r = 0; r < n; r++) {
        for (int i : sets.get(first + r)) {
          there[r * pixels + i] = 0;
        }
      }
      try (var own = new Workspace(workspace.device())) {
        own.device()
            .kernels()
            .mask()
            .selectVisible(
                n, x.count(), pixels, x.data(), other.data(), pixel, own.bytes(there), rows.data());
      }
    }

    @Override
    public double[] sums(float[] map) {
      double[] sums = new double[sets.size() - 1];
      for (int i = 0; i < sums.length; i++) {
        for (int p : sets.get(i + 1)) {
          sums[i] += map[p];
        }
      }
      return sums;
    }
  }
}
