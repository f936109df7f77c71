package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The transpose of convolutions of few channels, against plain loops in doubles that scatter. */
@Tag("kernel")
class TransposeFewTest {
  /** Factors of 11 significant bits are off by 2^-11 of themselves, products by twice that. */
  private static final double ROUNDED = 0x1.02p-10;

  /** Rows, and the twelve numbers of the entry. */
  private record Shape(int rows, int... of) {
    int ins() {
      return rows * of[0] * of[1] * of[2];
    }

    int outs() {
      return rows * of[10] * of[11] * of[3];
    }

    float[] g() {
      return Rig.numbers(1, outs());
    }

    float[] weights() {
      return Rig.numbers(2, of[3] * of[2] * of[4] * of[5]);
    }

    /** The sums, and of absolute values, one behind the other. */
    double[] sums() {
      float[] g = g();
      float[] weights = weights();
      double[] sums = new double[2 * ins()];
      int c = of[2];
      for (int i = 0; i < g.length; i++) {
        int o = i % of[3];
        int x = i / of[3] % of[11];
        int y = i / of[3] / of[11] % of[10];
        int r = i / of[3] / of[11] / of[10];
        for (int t = 0; t < of[4] * of[5]; t++) {
          int py = y * of[6] - of[8] + t / of[5];
          int px = x * of[7] - of[9] + t % of[5];
          for (int k = 0; k < c && py >= 0 && py < of[0] && px >= 0 && px < of[1]; k++) {
            double v = (double) g[i] * weights[(o * c + k) * of[4] * of[5] + t];
            int at = ((r * of[0] + py) * of[1] + px) * c + k;
            sums[at] += v;
            sums[ins() + at] += Math.abs(v);
          }
        }
      }
      return sums;
    }

    @Override
    public String toString() {
      return rows + " rows, " + Arrays.toString(of);
    }
  }

  private static Shape shape(int rows, int h, int w, int c, int oc, int[] down, int[] across) {
    return new Shape(
        rows,
        h,
        w,
        c,
        oc,
        down[0],
        across[0],
        down[1],
        across[1],
        down[2],
        across[2],
        outs(h, down),
        outs(w, across));
  }

  /** Windows of these taps, stride and pad that fit, one at least. */
  private static int outs(int size, int[] window) {
    return Math.max(0, size + 2 * window[2] - window[0]) / window[1] + 1;
  }

  private static float[] transposed(Rig rig, Shape s, float[] g, float[] before) {
    TransposeFew kernel = rig.kernels().transposeFew();
    var arranged = rig.out((int) kernel.transposeFewSize(s.of));
    kernel.transposeFewArrange(s.of, rig.in(s.weights()), arranged);
    var dx = before == null ? rig.out(s.ins()) : rig.in(before);
    kernel.transposeFew(before != null, s.rows, s.of, rig.in(g), arranged, dx);
    return rig.floats(dx);
  }

  private static void agree(Shape s, boolean accumulate) {
    double[] sums = s.sums();
    float[] before = accumulate ? Rig.numbers(4, s.ins()) : null;
    String what = s + (accumulate ? ", added" : "");
    float[] got = Rig.run(what, rig -> transposed(rig, s, s.g(), before));
    for (int i = 0; i < got.length; i++) {
      double first = accumulate ? before[i] : 0;
      assertThat((double) got[i])
          .as("%s at [%d]", what, i)
          .isCloseTo(
              sums[i] + first, within(ROUNDED * (sums[s.ins() + i] + Math.abs(first)) + 1e-30));
    }
  }

  @Test
  void everyTapAndStrideIsTheTranspose() {
    int n = 0;
    for (int taps : new int[] {1, 2, 3, 5, 7, 11, 16}) {
      for (int stride = 1; stride <= 4; stride++) {
        for (int pad : new int[] {0, 1, 3, 6}) {
          // Another kernel, stride and padding across; channels that tensor cores take and others.
          int[] across = {1 + (taps + 4 * n) % 16, 1 + (stride + n / 3) % 4, (pad + n) % 5};
          int oc = new int[] {8, 4, 36, 3}[n % 4];
          agree(
              shape(
                  1 + n % 2,
                  7 + n % 11,
                  3 + n % 19,
                  1 + n / 4 % 4,
                  oc,
                  new int[] {taps, stride, pad},
                  across),
              n % 3 == 0);
          n++;
        }
      }
    }
  }

  @Test
  void firstLayersOfNetworks() {
    int[][] windows = {{7, 2, 3}, {3, 2, 1}, {3, 2, 0}, {3, 1, 1}, {11, 4, 2}, {4, 4, 0}};
    for (int[] window : windows) {
      agree(shape(2, 37, 50, 3, 72, window, window), false);
    }
  }

  @Test
  void pixelsThatNoWindowReachesAreZero() {
    // One row, windows of 1 at every third pixel: 2 * 5, 0, 0, 3 * 5, 0.
    Shape s = new Shape(1, 1, 5, 1, 1, 1, 1, 1, 3, 0, 0, 1, 2);
    float[] got =
        Rig.run(
            "by hand",
            rig -> {
              TransposeFew kernel = rig.kernels().transposeFew();
              var arranged = rig.out((int) kernel.transposeFewSize(s.of));
              kernel.transposeFewArrange(s.of, rig.in(5f), arranged);
              var dx = rig.out(5);
              kernel.transposeFew(false, 1, s.of, rig.in(2f, 3f), arranged, dx);
              return rig.floats(dx);
            });
    assertThat(got).containsExactly(10, 0, 0, 15, 0);
  }

  /** On a card, many rows are done in larger tiles. */
  @Test
  void aRowHasTheSameBitsInEveryBatch() {
    int[] window = {7, 2, 3};
    Shape all = shape(280, 19, 21, 3, 40, window, window);
    float[] g = all.g();
    float[] many = Rig.run("" + all, rig -> transposed(rig, all, g, null));
    Shape one = new Shape(1, all.of);
    for (int row : new int[] {0, 279}) {
      float[] own = Arrays.copyOfRange(g, row * one.outs(), (row + 1) * one.outs());
      float[] alone = Rig.run("" + one, rig -> transposed(rig, one, own, null));
      assertThat(alone)
          .as("row %d", row)
          .isEqualTo(Arrays.copyOfRange(many, row * one.ins(), (row + 1) * one.ins()));
    }
  }

  @Test
  void whatIsNoneIsToldAtOnce() {
    try (var device = candela.TestDevice.open(1)) {
      TransposeFew kernel = device.kernels().transposeFew();
      assertThatThrownBy(
              () -> kernel.transposeFewSize(new int[] {9, 9, 5, 8, 3, 3, 1, 1, 1, 1, 9, 9}))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("transpose_few_size: c must be in 1..4, is 5");
      assertThatThrownBy(
              () -> kernel.transposeFewSize(new int[] {9, 9, 3, 8, 3, 3, 5, 1, 1, 1, 2, 9}))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("strideH and strideW must be in 1..4, is 5");
      assertThatThrownBy(() -> kernel.transposeFewSize(new int[9]))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("shape needs 12 values, has 9");
    }
  }
}
