package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Convolutions with what follows them, against plain loops in doubles. */
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

  /** What follows a sum. */
  private record Ending(Dense.Activation activation, boolean biased, boolean gated, Added added) {}

  /** What is added to a sum, where it lies. */
  private enum Added {
    NOTHING,
    ANOTHER,
    IN_PLACE
  }

  /** Every activation with and without a gate, a bias, and something added. */
  private static List<Ending> endings() {
    List<Ending> all = new ArrayList<>();
    for (Dense.Activation a : ACTIVATIONS) {
      for (Added added : Added.values()) {
        for (int bits = 0; bits < 4; bits++) {
          if (a.kind() != 0 || bits < 2) {
            all.add(new Ending(a, bits % 2 == 1, bits >= 2, added));
          }
        }
      }
    }
    return all;
  }

  /** Rows, elements between pixels, and the twelve numbers of the entry. */
  private record Shape(int rows, int wide, int yWide, int... of) {
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
      return of[10];
    }

    int ow() {
      return of[11];
    }

    int outs() {
      return rows * oh() * ow() * yWide;
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
      int pixel = 0;
      for (int r = 0; r < rows; r++) {
        for (int oy = 0; oy < oh(); oy++) {
          for (int ox = 0; ox < ow(); ox++) {
            for (int k = 0; k < oc(); k++) {
              int at = pixel * yWide + k;
              for (int i = 0; i < kh(); i++) {
                for (int j = 0; j < kw(); j++) {
                  int y = oy * of[6] - of[8] + i;
                  int z = ox * of[7] - of[9] + j;
                  for (int q = 0; q < c() && y >= 0 && y < h() && z >= 0 && z < w(); q++) {
                    double v =
                        (double) x[((r * h() + y) * w() + z) * wide + q]
                            * weights[((k * kh() + i) * kw() + j) * c() + q];
                    sums[at] += v;
                    sums[outs() + at] += Math.abs(v);
                  }
                }
              }
            }
            pixel++;
          }
        }
      }
      return sums;
    }

    @Override
    public String toString() {
      return rows + " rows, " + wide + " and " + yWide + " apart, " + Arrays.toString(of);
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          // A plain product, by hand.
          new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(3, 33, 7, 1, 1, 33, 7, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(1, 3, 2, 5, 7, 3, 2, 3, 3, 1, 1, 1, 1, 5, 7),
          // Not square, all paddings unequal, pixels with others between.
          new Shape(3, 11, 6, 4, 3, 8, 4, 3, 2, 1, 1, 2, 0, 5, 3),
          new Shape(2, 8, 12, 7, 7, 8, 12, 5, 5, 1, 1, 2, 2, 7, 7),
          // Some windows lie beside the image.
          new Shape(1, 4, 4, 2, 2, 4, 4, 3, 3, 1, 1, 4, 3, 8, 6),
          // Strides, also such that leave out pixels.
          new Shape(2, 8, 16, 7, 6, 8, 12, 3, 3, 2, 3, 1, 1, 4, 2),
          new Shape(2, 4, 8, 5, 5, 4, 8, 1, 1, 2, 2, 0, 0, 3, 3),
          // Tails of every tile: 135 pixels, 68 channels, a step of 4 channels.
          new Shape(3, 40, 72, 5, 9, 36, 68, 3, 3, 1, 1, 1, 1, 5, 9));

  private static boolean passes(Dense.Activation a, float g) {
    return a.kind() == 2 ? g > a.alpha() && g < a.beta() : g > 0;
  }

  private static double after(Dense.Activation a, double v) {
    return switch (a.kind()) {
      case 0 -> v;
      case 2 -> Math.clamp(v, a.alpha(), a.beta());
      case 3 -> v < 0 ? a.alpha() * v : v;
      default -> Math.max(v, 0);
    };
  }

  private static float[] convolved(Rig rig, Shape s, int variant, Ending e) {
    MemorySegment none = MemorySegment.NULL;
    MemorySegment y = rig.in(Rig.numbers(4, s.outs()));
    MemorySegment add = e.added() == Added.IN_PLACE ? y : rig.in(Rig.numbers(5, s.outs()));
    rig.kernels()
        .convolve()
        .convolve(
            variant,
            e.activation(),
            s.rows,
            s.of,
            s.wide,
            s.yWide,
            rig.in(s.x()),
            rig.in(s.weights()),
            e.biased() ? rig.in(Rig.numbers(6, s.oc())) : none,
            e.added() == Added.NOTHING ? none : add,
            e.gated() ? rig.in(Rig.numbers(3, s.outs())) : none,
            y);
    return rig.floats(y);
  }

  @Test
  void sumsHaveWhatFollowsThem() {
    List<Ending> endings = endings();
    assertThat(endings).hasSize(2 * 3 + 3 * 4 * 3);
    for (Shape s : SHAPES) {
      double[] sums = s.sums();
      float[] gate = Rig.numbers(3, s.outs());
      float[] before = Rig.numbers(4, s.outs());
      float[] other = Rig.numbers(5, s.outs());
      float[] bias = Rig.numbers(6, s.oc());
      for (Ending e : endings) {
        Dense.Activation a = e.activation();
        double[] wanted = new double[s.outs()];
        for (int i = 0; i < wanted.length; i++) {
          int channel = i % s.yWide;
          if (channel >= s.oc()) {
            wanted[i] = before[i];
            continue;
          }
          double v = sums[i] + (e.biased() ? bias[channel] : 0);
          v += e.added() == Added.NOTHING ? 0 : e.added() == Added.ANOTHER ? other[i] : before[i];
          double shut = a.kind() == 3 ? a.alpha() * v : 0;
          wanted[i] = !e.gated() ? after(a, v) : passes(a, gate[i]) ? v : shut;
        }
        String what = s + ", " + e;
        Rig.agree(what, Rig.run(what, rig -> convolved(rig, s, Convolve.PLAIN, e)), wanted);
      }
    }
  }

  @Test
  void everyVariantAgreesWithinTheRoundingOfItsFactors() {
    var done = new java.util.TreeSet<Integer>();
    Ending adding = new Ending(Dense.Activation.NONE, false, false, Added.IN_PLACE);
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
                    blocks(rig, s)[variant] == 0
                        ? new float[0]
                        : convolved(rig, s, variant, adding));
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

  /** Shapes of which the transpose is taken: x's pixels are dense, y's are as wide as told. */
  private static final List<Shape> TRANSPOSED =
      List.of(
          // By hand: one tap of one pixel; a stride that leaves out every other one.
          new Shape(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1),
          new Shape(1, 2, 3, 4, 5, 2, 3, 1, 1, 2, 2, 0, 0, 2, 3),
          // Unequal strides and paddings, a pixel that no tap reaches, others between those of y.
          new Shape(2, 8, 16, 7, 6, 8, 12, 3, 2, 2, 1, 1, 0, 4, 5),
          new Shape(1, 4, 4, 1, 3, 4, 4, 3, 3, 2, 2, 1, 1, 1, 2),
          // Windows beside the image: more padding than taps.
          new Shape(1, 4, 4, 2, 2, 4, 4, 3, 3, 2, 2, 4, 3, 4, 3),
          new Shape(2, 68, 40, 9, 8, 68, 36, 5, 5, 2, 2, 2, 2, 5, 4),
          new Shape(3, 68, 40, 5, 9, 68, 36, 3, 3, 1, 1, 1, 1, 5, 9));

  /** What the entry takes, of weights[oc,kh,kw,c]. */
  private static float[] turned(Shape s) {
    float[] from = s.weights();
    float[] to = new float[from.length];
    int at = 0;
    for (int a = 0; a < s.of[6]; a++) {
      for (int b = 0; b < s.of[7]; b++) {
        for (int c = 0; c < s.c(); c++) {
          for (int i = s.kh() - 1; i >= 0; i--) {
            for (int j = s.kw() - 1; j >= 0; j--) {
              boolean reaches =
                  i % s.of[6] == (a + s.of[8]) % s.of[6] && j % s.of[7] == (b + s.of[9]) % s.of[7];
              for (int k = 0; k < s.oc() && reaches; k++) {
                to[at++] = from[((k * s.kh() + i) * s.kw() + j) * s.c() + c];
              }
            }
          }
        }
      }
    }
    assertThat(at).isEqualTo(from.length);
    return to;
  }

  /** The sums, and of absolute values, one behind the other. */
  private static double[] transposedSums(Shape s, float[] g) {
    int n = s.rows * s.h() * s.w() * s.c();
    double[] sums = new double[2 * n];
    float[] weights = s.weights();
    for (int pixel = 0; pixel < s.rows * s.oh() * s.ow(); pixel++) {
      int oy = pixel / s.ow() % s.oh();
      int ox = pixel % s.ow();
      int image = pixel / s.ow() / s.oh();
      for (int i = 0; i < s.kh(); i++) {
        for (int j = 0; j < s.kw(); j++) {
          int y = oy * s.of[6] - s.of[8] + i;
          int x = ox * s.of[7] - s.of[9] + j;
          for (int c = 0; c < s.c() && y >= 0 && y < s.h() && x >= 0 && x < s.w(); c++) {
            int at = ((image * s.h() + y) * s.w() + x) * s.c() + c;
            for (int k = 0; k < s.oc(); k++) {
              double v =
                  (double) g[pixel * s.yWide + k]
                      * weights[((k * s.kh() + i) * s.kw() + j) * s.c() + c];
              sums[at] += v;
              sums[n + at] += Math.abs(v);
            }
          }
        }
      }
    }
    return sums;
  }

  @Test
  void everyVariantOfATransposeAgrees() {
    var done = new java.util.TreeSet<Integer>();
    for (Shape s : TRANSPOSED) {
      float[] g = Rig.numbers(1, s.outs());
      double[] sums = transposedSums(s, g);
      int n = sums.length / 2;
      float[] before = Rig.numbers(4, n);
      float[] gate = Rig.numbers(3, n);
      for (int v = Convolve.PLAIN; v < Convolve.VARIANTS; v++) {
        for (Dense.Activation a : ACTIVATIONS) {
          for (Added added : Added.values()) {
            int variant = v;
            String what = s + ", variant " + v + ", " + a + ", " + added;
            float[] got =
                Rig.run(what, rig -> transposed(rig, s, variant, a, added, g, before, gate));
            for (int i = 0; i < got.length; i++) {
              double sum = sums[i] + (added == Added.NOTHING ? 0 : before[i]);
              double shut = a.kind() == 3 ? a.alpha() * sum : 0;
              double error = (v < 0 ? 1e-5 : ROUNDED) * (sums[n + i] + Math.abs(before[i]));
              assertThat((double) got[i])
                  .as("%s at [%d]", what, i)
                  .isCloseTo(
                      a.kind() == 0 || passes(a, gate[i]) ? sum : shut,
                      org.assertj.core.api.Assertions.within(error + 1e-6));
            }
            if (got.length > 0) {
              done.add(v);
            }
          }
        }
      }
    }
    assertThat(done).hasSize(1 + Convolve.VARIANTS);
  }

  private static float[] transposed(
      Rig rig,
      Shape s,
      int variant,
      Dense.Activation a,
      Added added,
      float[] g,
      float[] before,
      float[] gate) {
    Convolve convolve = rig.kernels().convolve();
    MemorySegment none = MemorySegment.NULL;
    long[] blocks = convolve.convolveTransposedBlocks(s.rows, s.of, s.yWide);
    if (variant >= 0 && blocks[variant] == 0) {
      return new float[0];
    }
    MemorySegment dx = added == Added.IN_PLACE ? rig.in(before) : rig.out(before.length);
    MemorySegment add = added == Added.ANOTHER ? rig.in(before) : dx;
    convolve.convolveTransposed(
        variant,
        a,
        s.rows,
        s.of,
        s.yWide,
        rig.in(g),
        rig.in(turned(s)),
        added == Added.NOTHING ? none : add,
        a.kind() == 0 ? none : rig.in(gate),
        dx);
    return rig.floats(dx);
  }

  private static long[] blocks(Rig rig, Shape s) {
    return rig.kernels().convolve().convolveBlocks(s.rows, s.of, s.wide, s.yWide);
  }

  @Test
  void nanPassesWhereTheGateIsOpenAlone() {
    Shape s = new Shape(4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1);
    MemorySegment none = MemorySegment.NULL;
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
                      s.rows,
                      s.of,
                      1,
                      1,
                      rig.in(Float.NaN, Float.NaN, 3, 3),
                      rig.in(2f),
                      none,
                      none,
                      rig.in(1, -1, 1, Float.NaN),
                      y);
              return rig.floats(y);
            });
    assertThat(got).containsExactly(Float.NaN, 0, 6, 0);
  }

  @Test
  void blocksAreTilesTimesParts() {
    Rig.run(
        "blocks",
        rig -> {
          // 196 pixels, 256 channels, 72 steps: 2 x 2, 2 x 4, 4 x 4, 4 x 8 and 7 x 4 tiles.
          int[] shape = {14, 14, 256, 256, 3, 3, 1, 1, 1, 1, 14, 14};
          int[] tiles = {4, 8, 16, 32, 28};
          long[] blocks = rig.kernels().convolve().convolveBlocks(1, shape, 256, 256);
          for (int v = 0; v < Convolve.VARIANTS; v++) {
            assertThat(blocks[v]).as("variant %d", v).isEqualTo(tiles[v / 4] << v % 4);
          }
          // Two steps do not make four parts, and six channels are no multiple of four.
          Shape few = new Shape(1, 64, 64, 1, 1, 64, 64, 1, 1, 1, 1, 0, 0, 1, 1);
          assertThat(blocks(rig, few)[1]).isPositive();
          assertThat(blocks(rig, few)[2]).isZero();
          Shape odd = new Shape(1, 8, 8, 1, 1, 6, 8, 1, 1, 1, 1, 0, 0, 1, 1);
          assertThat(blocks(rig, odd)).containsOnly(0);
          return new float[0];
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment some = rig.bytes(4096);
          int[] odd = {1, 1, 6, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, odd, some))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining(
                  "convolve: tiles need c, oc, wide and yWide that are multiples of 4");
          assertThatThrownBy(() -> run(rig, Convolve.VARIANTS, odd, some))
              .hasMessage("convolve: variant must be in -1..19, is 20");
          int[] even = {1, 1, 8, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 0, even, some.asSlice(4)))
              .hasMessage(
                  "convolve: tiles need pointers that are aligned to 16 bytes; use variant -1");
          int[] two = {1, 1, 64, 8, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, two, some))
              .hasMessage("convolve: wide must be in 64..4294967295, is 8");
          int[] many = {1, 1, 8, 64, 1, 1, 1, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, many, some))
              .hasMessage("convolve: yWide must be in 64..4294967295, is 8");
          int[] still = {1, 1, 8, 8, 1, 1, 0, 1, 0, 0, 1, 1};
          assertThatThrownBy(() -> run(rig, 1, still, some))
              .hasMessageContaining("c, kh, kw and strides must be in 1..");
          int[] far = {1, 1, 8, 8, 1, 1, 3, 2, 0, 0, 1, 1};
          assertThatThrownBy(() -> rig.kernels().convolve().convolveTransposedBlocks(1, far, 8))
              .hasMessage("convolve_transposed_blocks: strideH * strideW must be in 1..4, is 6");
          return new float[0];
        });
  }

  private static void run(Rig rig, int variant, int[] shape, MemorySegment x) {
    MemorySegment none = MemorySegment.NULL;
    rig.kernels()
        .convolve()
        .convolve(
            variant,
            Dense.Activation.NONE,
            1,
            shape,
            8,
            8,
            x,
            x.asSlice(256),
            none,
            none,
            none,
            x.asSlice(2048));
  }
}
