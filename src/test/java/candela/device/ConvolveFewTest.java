package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Convolutions of few channels with bias and activation, against plain loops in doubles. */
@Tag("kernel")
class ConvolveFewTest {
  /** What x of 11 significant bits is off by, of itself; the weights here have no more. */
  private static final double ROUNDED = 0x1.02p-11;

  private static final List<Dense.Activation> ACTIVATIONS =
      List.of(
          Dense.Activation.NONE,
          Dense.Activation.RELU,
          Dense.Activation.clip(-0.5f, 1f),
          Dense.Activation.leaky(0.2f));

  /** Rows, wide, and the twelve numbers of the entry. */
  private record Shape(int rows, int wide, int... of) {
    int c() {
      return of[2];
    }

    int oc() {
      return of[3];
    }

    int depth() {
      return of[4] * of[5] * c();
    }

    int pixels() {
      return rows * of[10] * of[11];
    }

    float[] x() {
      return Rig.numbers(1, rows * of[0] * of[1] * c());
    }

    /** [oc,c,kh,kw], multiples of 1/64 below 4. */
    float[] weights() {
      float[] w = Rig.numbers(2, oc() * depth());
      for (int i = 0; i < w.length; i++) {
        w[i] = Math.round(w[i] * 64) / 64f;
      }
      return w;
    }

    float[] bias() {
      return Rig.numbers(3, oc());
    }

    /** [pixels,oc] of sums, then of absolute values. */
    double[] sums() {
      float[] x = x();
      float[] weights = weights();
      double[] sums = new double[2 * pixels() * oc()];
      int at = 0;
      for (int p = 0; p < pixels(); p++) {
        int image = p / of[11] / of[10];
        int top = p / of[11] % of[10] * of[6] - of[8];
        int left = p % of[11] * of[7] - of[9];
        for (int k = 0; k < oc(); k++, at++) {
          for (int q = 0; q < depth(); q++) {
            int y = top + q / of[5] % of[4];
            int z = left + q % of[5];
            if (y >= 0 && y < of[0] && z >= 0 && z < of[1]) {
              double v =
                  (double) weights[k * depth() + q]
                      * x[((image * of[0] + y) * of[1] + z) * c() + q / of[5] / of[4]];
              sums[at] += v;
              sums[sums.length / 2 + at] += Math.abs(v);
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
          new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1),
          // Channels that are no multiple of four, pixels with others between, unequal strides.
          new Shape(3, 9, 5, 7, 2, 7, 3, 2, 2, 3, 1, 0, 3, 2),
          new Shape(2, 12, 6, 5, 4, 8, 2, 5, 3, 1, 0, 2, 2, 5),
          // The first layers of ResNet, VGG and AlexNet on smaller images: tiles not full.
          new Shape(2, 68, 13, 45, 3, 68, 7, 7, 2, 2, 3, 3, 7, 23),
          new Shape(1, 36, 18, 19, 3, 36, 3, 3, 1, 1, 1, 1, 18, 19),
          new Shape(1, 4, 27, 75, 3, 4, 11, 11, 4, 4, 2, 2, 6, 18),
          // Some windows lie beside the image.
          new Shape(1, 4, 2, 2, 1, 4, 3, 3, 1, 1, 4, 3, 8, 6),
          // The largest kernel.
          new Shape(1, 4, 17, 3, 4, 4, 16, 16, 1, 3, 8, 8, 18, 2),
          // More tiles than a card works on at a time.
          new Shape(1500, 4, 2, 2, 3, 4, 3, 3, 1, 1, 1, 1, 2, 2));

  private static double after(Dense.Activation a, double z) {
    return switch (a.kind()) {
      case 0 -> z;
      case 1 -> Math.max(z, 0);
      case 2 -> Math.min(Math.max(z, a.alpha()), a.beta());
      default -> z < 0 ? a.alpha() * z : z;
    };
  }

  /** y of wide elements a pixel, full of NaN before. */
  private static float[] convolved(
      Rig rig, Shape s, int variant, Dense.Activation a, boolean biased, float[] x) {
    ConvolveFew few = rig.kernels().convolveFew();
    MemorySegment arranged = rig.out(Math.toIntExact(ConvolveFew.arranged(s.of)));
    few.convolveFewWeights(s.of, rig.in(s.weights()), arranged);
    MemorySegment y = rig.out(s.pixels() * s.wide);
    MemorySegment bias = biased ? rig.in(s.bias()) : MemorySegment.NULL;
    few.convolveFew(variant, a, s.rows, s.of, s.wide, rig.in(x), arranged, bias, y);
    return rig.floats(y);
  }

  @Test
  void sumsGetBiasAndActivation() {
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] bias = s.bias();
      for (Dense.Activation a : ACTIVATIONS) {
        boolean biased = a.kind() != 3;
        double[] wanted = new double[s.pixels() * s.wide];
        Arrays.fill(wanted, Double.NaN);
        for (int i = 0; i < s.pixels() * s.oc(); i++) {
          int k = i % s.oc();
          wanted[i / s.oc() * s.wide + k] = after(a, sums[i] + (biased ? bias[k] : 0));
        }
        String what = s + ", " + a;
        float[] got = Rig.run(what, rig -> convolved(rig, s, ConvolveFew.PLAIN, a, biased, s.x()));
        // Up to a thousand terms of size 1.
        Rig.agree(what, got, wanted, 1e-4);
      }
    }
  }

  @Test
  void everyVariantAgreesWithinTheRoundingOfItsFactorsAndAllTheSame() {
    var done = new TreeSet<Integer>();
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] first = null;
      for (int v = 0; v < ConvolveFew.VARIANTS; v++) {
        int variant = v;
        String what = s + ", variant " + v;
        float[] got =
            Rig.run(
                what,
                rig -> {
                  ConvolveFew few = rig.kernels().convolveFew();
                  return few.convolveFewShared(s.rows, s.of, s.wide)[variant] < 0
                      ? new float[0]
                      : convolved(rig, s, variant, Dense.Activation.NONE, false, s.x());
                });
        if (got.length == 0) {
          continue;
        }
        for (int i = 0; i < got.length; i++) {
          int at = i / s.wide * s.oc() + i % s.wide;
          if (i % s.wide >= s.oc()) {
            assertThat(got[i]).as("%s between pixels", what).isNaN();
          } else {
            assertThat((double) got[i])
                .as("%s at [%d]", what, i)
                .isCloseTo(sums[at], within(1e-6 + ROUNDED * sums[sums.length / 2 + at]));
          }
        }
        first = first == null ? got : first;
        assertThat(got).as(what).isEqualTo(first);
        done.add(v);
      }
    }
    assertThat(done).hasSize(ConvolveFew.VARIANTS);
  }

  @Test
  void nanAndInfinityReachTheirOwnWindowsAlone() {
    // 21 floats of a kernel row and 3 behind it, of the next pixel, which is no part of the window.
    var s = new Shape(1, 4, 9, 31, 3, 4, 7, 7, 2, 2, 3, 3, 5, 16);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[] x = s.x();
      x[(4 * 31 + 16) * 3 + 1] = bad;
      for (int v = -1; v < ConvolveFew.VARIANTS; v++) {
        int variant = v;
        String what = bad + ", variant " + v;
        float[] got =
            Rig.run(what, rig -> convolved(rig, s, variant, Dense.Activation.NONE, false, x));
        for (int i = 0; i < got.length; i++) {
          int row = i / 4 / 16 * 2 - 3;
          int column = i / 4 % 16 * 2 - 3;
          boolean meets = row <= 4 && 4 < row + 7 && column <= 16 && 16 < column + 7;
          assertThat(Float.isFinite(got[i])).as("%s at [%d]", what, i).isEqualTo(!meets);
        }
      }
    }
  }

  @Test
  void weightsAreRoundedToNearestAndArrangedWithZerosBetween() {
    // Two output channels, one tap each of two: 1 + 2^-11 is halfway to even, 3 * 2^-11 to 2^-9.
    int[] shape = {1, 1, 1, 2, 1, 2, 1, 1, 0, 0, 1, 1};
    float[] arranged =
        Rig.run(
            "weights",
            rig -> {
              MemorySegment to = rig.out(128);
              rig.kernels()
                  .convolveFew()
                  .convolveFewWeights(
                      shape, rig.in(1 + 0x1p-11f, 1 + 0x3p-11f, -3, 1 + 0x1.2p-11f), to);
              return rig.floats(to);
            });
    float[] wanted = new float[128];
    // Lane 0 has channel 0, lane 4 channel 1, each both taps.
    wanted[0] = 1;
    wanted[1] = 1 + 0x1p-9f;
    wanted[16] = -3;
    wanted[17] = 1 + 0x1p-10f;
    assertThat(ConvolveFew.arranged(shape)).isEqualTo(128);
    assertThat(arranged).isEqualTo(wanted);
  }

  @Test
  void sharedMemoryHoldsTheWeightsAndTwoPatches() {
    Rig.run(
        "shared",
        rig -> {
          ConvolveFew few = rig.kernels().convolveFew();
          // ResNet's first layer: 7 rows of 24 weights; 16 windows take 15 * 6 + 24 floats a row,
          // 16, 8 and 4 rows of windows 37, 21 and 13 rows.
          int[] shape = {224, 224, 3, 64, 7, 7, 2, 2, 3, 3, 112, 112};
          long[] bytes = few.convolveFewShared(50, shape, 64);
          int[] rows = {37, 21, 13, 37, 21, 13};
          for (int v = 0; v < ConvolveFew.VARIANTS; v++) {
            long wanted = 4 * (7 * 24 * (v < 3 ? 64 : 32) + 2 * rows[v] * 114);
            assertThat(bytes[v]).as("variant %d", v).isEqualTo(wanted);
          }
          assertThat(few.convolveFewShared(50, shape, 66)).containsOnly(-1);
          int[] large = {224, 224, 4, 64, 16, 16, 4, 4, 0, 0, 53, 53};
          long least = 4 * (16 * 64 * 32 + 2 * 28 * (15 * 16 + 64));
          assertThat(few.convolveFewShared(50, large, 64))
              .containsExactly(-1, -1, -1, -1, -1, least);
          return new float[0];
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment some = rig.bytes(8192);
          int[] odd = {1, 1, 1, 3, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, odd, some))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("convolve_few: tiles need oc and wide that are multiples of 4");
          assertThatThrownBy(() -> run(rig, ConvolveFew.VARIANTS, odd, some))
              .hasMessage("convolve_few: variant must be in -1..5, is 6");
          int[] many = {1, 1, 5, 4, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, -1, many, some))
              .hasMessage("convolve_few: c must be in 1..4, is 5");
          int[] far = {1, 1, 1, 4, 1, 1, 1, 5, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, -1, far, some))
              .hasMessage("convolve_few: strideH and strideW must be in 1..4, is 5");
          int[] four = {1, 1, 1, 4, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, four, some.asSlice(4)))
              .hasMessage(
                  "convolve_few: tiles need arranged, bias and y that are aligned to 16 bytes; use"
                      + " variant -1");
          return new float[0];
        });
  }

  private static void run(Rig rig, int variant, int[] shape, MemorySegment x) {
    rig.kernels()
        .convolveFew()
        .convolveFew(
            variant,
            Dense.Activation.NONE,
            1,
            shape,
            shape[3],
            x,
            x.asSlice(1024),
            MemorySegment.NULL,
            x.asSlice(4096));
  }
}
