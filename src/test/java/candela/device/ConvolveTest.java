package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Convolutions with a sum and a gate behind them, against plain loops in doubles. */
@Tag("kernel")
class ConvolveTest {
  /** Factors of 11 significant bits are off by 2^-11 of themselves, products by twice that. */
  private static final double ROUNDED = 0x1.02p-10;

  private static final List<Dense.Activation> ACTIVATIONS =
      List.of(
          Dense.Activation.NONE,
          Dense.Activation.RELU,
          Dense.Activation.clip(-0.5f, 1f),
          Dense.Activation.leaky(0.2f));

  /** Rows, wide, and the ten numbers of the entry. */
  private record Shape(int rows, int wide, int... of) {
    int h() {
      return of[0];
    }

    int w() {
      return of[1];
    }

    int c() {
      return of[2];
    }

    int oc() {
      return of[3];
    }

    int kh() {
      return of[4];
    }

    int kw() {
      return of[5];
    }

    int oh() {
      return of[8];
    }

    int ow() {
      return of[9];
    }

    int outs() {
      return rows * oh() * ow() * oc();
    }

    float[] x() {
      return Rig.numbers(1, rows * h() * w() * wide);
    }

    float[] weights() {
      return Rig.numbers(2, oc() * kh() * kw() * c());
    }

    /** The sums, and of absolute values, one behind the other. */
    double[] sums() {
      float[] x = x();
      float[] weights = weights();
      double[] sums = new double[2 * outs()];
      int at = 0;
      for (int r = 0; r < rows; r++) {
        for (int oy = 0; oy < oh(); oy++) {
          for (int ox = 0; ox < ow(); ox++) {
            for (int k = 0; k < oc(); k++) {
              for (int i = 0; i < kh(); i++) {
                for (int j = 0; j < kw(); j++) {
                  int y = oy - of[6] + i;
                  int z = ox - of[7] + j;
                  for (int q = 0; q < c() && y >= 0 && y < h() && z >= 0 && z < w(); q++) {
                    double v =
                        (double) x[((r * h() + y) * w() + z) * wide + q]
                            * weights[((k * kh() + i) * kw() + j) * c() + q];
                    sums[at] += v;
                    sums[outs() + at] += Math.abs(v);
                  }
                }
              }
              at++;
            }
          }
        }
      }
      return sums;
    }

    @Override
    public String toString() {
      return rows + " rows, " + wide + " apart, " + Arrays.toString(of);
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          // A plain product, by hand.
          new Shape(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(3, 33, 1, 1, 33, 7, 1, 1, 0, 0, 1, 1),
          new Shape(1, 3, 5, 7, 3, 2, 3, 3, 1, 1, 5, 7),
          // Not square, all paddings unequal, pixels with others between.
          new Shape(3, 11, 4, 3, 8, 4, 3, 2, 2, 0, 5, 3),
          new Shape(2, 8, 7, 7, 8, 12, 5, 5, 2, 2, 7, 7),
          // Some windows lie beside the image.
          new Shape(1, 4, 2, 2, 4, 4, 3, 3, 4, 3, 8, 6),
          // Tails of every tile: 135 pixels, 68 channels, a step of 4 channels.
          new Shape(3, 40, 5, 9, 36, 68, 3, 3, 1, 1, 5, 9));

  private static boolean passes(Dense.Activation a, float g) {
    return a.kind() == 0 || (a.kind() == 2 ? g > a.alpha() && g < a.beta() : g > 0);
  }

  private static float[] convolved(
      Rig rig, Shape s, int variant, Dense.Activation a, boolean accumulate, float[] before) {
    MemorySegment y = accumulate ? rig.in(before) : rig.out(s.outs());
    MemorySegment gate = a.kind() == 0 ? MemorySegment.NULL : rig.in(Rig.numbers(3, s.outs()));
    Convolve convolve = rig.kernels().convolve();
    long scratch = variant < 0 ? 0 : convolve.convolveScratch(s.rows, s.of, s.wide)[variant];
    MemorySegment counters = rig.in(new int[Convolve.COUNTERS]);
    convolve.convolve(
        variant,
        a,
        accumulate,
        s.rows,
        s.of,
        s.wide,
        rig.in(s.x()),
        rig.in(s.weights()),
        gate,
        counters,
        scratch == 0 ? MemorySegment.NULL : rig.bytes((int) scratch),
        y);
    assertThat(rig.raw(counters)).as("counters").containsOnly(0);
    return rig.floats(y);
  }

  @Test
  void sumsAreAddedAndGated() {
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] gate = Rig.numbers(3, s.outs());
      float[] before = Rig.numbers(4, s.outs());
      for (Dense.Activation a : ACTIVATIONS) {
        for (boolean accumulate : new boolean[] {false, true}) {
          double[] wanted = new double[s.outs()];
          for (int i = 0; i < wanted.length; i++) {
            double v = sums[i] + (accumulate ? before[i] : 0);
            wanted[i] = passes(a, gate[i]) ? v : a.kind() == 3 ? a.alpha() * v : 0;
          }
          String what = s + ", " + a + (accumulate ? ", added" : "");
          float[] got =
              Rig.run(what, rig -> convolved(rig, s, Convolve.PLAIN, a, accumulate, before));
          Rig.agree(what, got, wanted);
        }
      }
    }
  }

  @Test
  void everyVariantAgreesWithinTheRoundingOfItsFactors() {
    var done = new java.util.TreeSet<Integer>();
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] before = Rig.numbers(4, s.outs());
      for (int v = 0; v < Convolve.VARIANTS; v++) {
        int variant = v;
        String what = s + ", variant " + v;
        float[] got =
            Rig.run(
                what,
                rig ->
                    rig.kernels().convolve().convolveScratch(s.rows, s.of, s.wide)[variant] < 0
                        ? new float[0]
                        : convolved(rig, s, variant, Dense.Activation.NONE, true, before));
        for (int i = 0; i < got.length; i++) {
          assertThat((double) got[i])
              .as("%s at [%d]", what, i)
              .isCloseTo(
                  sums[i] + before[i],
                  org.assertj.core.api.Assertions.within(
                      ROUNDED * (sums[s.outs() + i] + Math.abs(before[i]))));
        }
        if (got.length > 0) {
          done.add(v);
        }
      }
    }
    assertThat(done).hasSize(Convolve.VARIANTS);
  }

  @Test
  void nanPassesWhereTheGateIsOpenAlone() {
    float[] got =
        Rig.run(
            "NaN",
            rig -> {
              MemorySegment y = rig.out(4);
              rig.kernels()
                  .convolve()
                  .convolve(
                      Convolve.PLAIN,
                      Dense.Activation.RELU,
                      false,
                      4,
                      new int[] {1, 1, 1, 1, 1, 1, 0, 0, 1, 1},
                      1,
                      rig.in(Float.NaN, Float.NaN, 3, 3),
                      rig.in(2f),
                      rig.in(1, -1, 1, Float.NaN),
                      MemorySegment.NULL,
                      MemorySegment.NULL,
                      y);
              return rig.floats(y);
            });
    assertThat(got).containsExactly(Float.NaN, 0, 6, 0);
  }

  @Test
  void scratchHoldsTheTilesOfEveryPart() {
    Rig.run(
        "scratch",
        rig -> {
          Convolve convolve = rig.kernels().convolve();
          // 196 pixels, 256 channels, 72 steps: 2 x 2, 2 x 4, 4 x 4, 4 x 8 and 7 x 4 tiles.
          int[] shape = {14, 14, 256, 256, 3, 3, 1, 1, 14, 14};
          long[] tiles = {4 * 128 * 128, 8 * 128 * 64, 16 * 64 * 64, 32 * 64 * 32, 28 * 32 * 64};
          long[] bytes = convolve.convolveScratch(1, shape, 256);
          for (int v = 0; v < Convolve.VARIANTS; v++) {
            long wanted = v % 4 == 0 ? 0 : 4 * tiles[v / 4] << v % 4;
            assertThat(bytes[v]).as("variant %d", v).isEqualTo(wanted);
          }
          // Two steps do not make four parts, and six channels are no multiple of four.
          int[] few = {1, 1, 64, 64, 1, 1, 0, 0, 1, 1};
          assertThat(convolve.convolveScratch(1, few, 64)[1]).isPositive();
          assertThat(convolve.convolveScratch(1, few, 64)[2]).isEqualTo(-1);
          int[] odd = {1, 1, 6, 8, 1, 1, 0, 0, 1, 1};
          assertThat(convolve.convolveScratch(1, odd, 8)).containsOnly(-1);
          return new float[0];
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment some = rig.bytes(4096);
          int[] odd = {1, 1, 6, 8, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, odd, some))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("convolve: tiles need c, oc and wide that are multiples of 4");
          assertThatThrownBy(() -> run(rig, Convolve.VARIANTS, odd, some))
              .hasMessage("convolve: variant must be in -1..19, is 20");
          int[] even = {1, 1, 8, 8, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, even, some.asSlice(4)))
              .hasMessage(
                  "convolve: tiles need pointers that are aligned to 16 bytes; use variant -1");
          int[] two = {1, 1, 64, 8, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, two, some))
              .hasMessage("convolve: wide must be in 64..4294967295, is 8");
          return new float[0];
        });
  }

  private static void run(Rig rig, int variant, int[] shape, MemorySegment x) {
    rig.kernels()
        .convolve()
        .convolve(
            variant,
            Dense.Activation.NONE,
            false,
            1,
            shape,
            8,
            x,
            x.asSlice(256),
            MemorySegment.NULL,
            MemorySegment.NULL,
            MemorySegment.NULL,
            x.asSlice(2048));
  }
}
