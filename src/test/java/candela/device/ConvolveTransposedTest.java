package candela.device;

import static candela.device.ConvolveCases.ACTIVATIONS;
import static candela.device.ConvolveCases.ROUNDED;
import static candela.device.ConvolveCases.passes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import candela.device.ConvolveCases.Added;
import candela.device.ConvolveCases.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transposes of convolutions with what follows them, against plain loops in doubles. */
@Tag("kernel")
class ConvolveTransposedTest {
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
    for (int a = 0; a < s.of()[6]; a++) {
      for (int b = 0; b < s.of()[7]; b++) {
        for (int c = 0; c < s.c(); c++) {
          for (int i = s.kh() - 1; i >= 0; i--) {
            for (int j = s.kw() - 1; j >= 0; j--) {
              boolean reaches =
                  i % s.of()[6] == (a + s.of()[8]) % s.of()[6]
                      && j % s.of()[7] == (b + s.of()[9]) % s.of()[7];
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
    int n = s.rows() * s.h() * s.w() * s.c();
    double[] sums = new double[2 * n];
    float[] weights = s.weights();
    for (int pixel = 0; pixel < s.rows() * s.oh() * s.ow(); pixel++) {
      int oy = pixel / s.ow() % s.oh();
      int ox = pixel % s.ow();
      int image = pixel / s.ow() / s.oh();
      for (int i = 0; i < s.kh(); i++) {
        for (int j = 0; j < s.kw(); j++) {
          int y = oy * s.of()[6] - s.of()[8] + i;
          int x = ox * s.of()[7] - s.of()[9] + j;
          for (int c = 0; c < s.c() && y >= 0 && y < s.h() && x >= 0 && x < s.w(); c++) {
            int at = ((image * s.h() + y) * s.w() + x) * s.c() + c;
            for (int k = 0; k < s.oc(); k++) {
              double v =
                  (double) g[pixel * s.yWide() + k]
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
    var done = new TreeSet<Integer>();
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
              double wanted = a.kind() == 0 || passes(a, gate[i]) ? sum : shut;
              if (!(Math.abs(got[i] - wanted) <= error + 1e-6)) {
                fail("%s at [%d]: %s, expected %s", what, i, got[i], wanted);
              }
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
    long[] blocks = convolve.convolveTransposedBlocks(s.rows(), s.of(), s.yWide());
    if (variant >= 0 && blocks[variant] == 0) {
      return new float[0];
    }
    MemorySegment dx = added == Added.IN_PLACE ? rig.in(before) : rig.out(before.length);
    MemorySegment add = added == Added.ANOTHER ? rig.in(before) : dx;
    convolve.convolveTransposed(
        variant,
        a,
        s.rows(),
        s.of(),
        s.yWide(),
        rig.in(g),
        rig.in(turned(s)),
        added == Added.NOTHING ? none : add,
        a.kind() == 0 ? none : rig.in(gate),
        dx);
    return rig.floats(dx);
  }
}
