package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Differences;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class BlendTest {
  /** Rows, channels, height, width. */
  private static final int[][] SIZES = {{1, 1, 1, 1}, {3, 3, 7, 5}, {1, 2, 33, 1}, {2, 3, 5, 601}};

  private static int[] shifts(int rows) {
    int[] shift = new int[2 * rows];
    for (int i = 0; i < shift.length; i++) {
      shift[i] = i * 3 % 5 - 2;
    }
    return shift;
  }

  private static int clamp(int i, int n) {
    return Math.clamp(i, 0, n - 1);
  }

  /** y[rows,c,h,w] for masks m[rows,h,w]. */
  private static double[] blend(int[] s, float[] x, float[] other, int[] shift, double[] m) {
    double[] y = new double[s[0] * s[1] * s[2] * s[3]];
    for (int i = 0; i < y.length; i++) {
      int column = i % s[3];
      int row = i / s[3] % s[2];
      int c = i / s[3] / s[2] % s[1];
      int r = i / s[3] / s[2] / s[1];
      int at =
          (c * s[2] + clamp(row + shift[2 * r], s[2])) * s[3]
              + clamp(column + shift[2 * r + 1], s[3]);
      y[i] = other[at] + m[(r * s[2] + row) * s[3] + column] * ((double) x[at] - other[at]);
    }
    return y;
  }

  @Test
  void everyRowIsTheShiftedImagesBlendedByItsMask() {
    for (int[] s : SIZES) {
      float[] x = numbers(1, s[1] * s[2] * s[3]);
      float[] other = numbers(2, x.length);
      float[] m = numbers(3, s[0] * s[2] * s[3]);
      int[] shift = shifts(s[0]);
      double[] wanted = blend(s, x, other, shift, Rig.doubles(m));
      String what = "blend " + Arrays.toString(s);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                rig.kernels()
                    .blend()
                    .blendForward(
                        s[0],
                        s[1],
                        s[2],
                        s[3],
                        rig.in(x),
                        rig.in(other),
                        rig.in(m),
                        rig.in(shift),
                        y);
                return rig.floats(y);
              }),
          wanted);
    }
  }

  @Test
  void theMasksGradientIsThatOfTheBlend() {
    for (int[] s : SIZES) {
      float[] x = numbers(1, s[1] * s[2] * s[3]);
      float[] other = numbers(2, x.length);
      float[] dy = numbers(4, s[0] * x.length);
      int[] shift = shifts(s[0]);
      double[] m = Rig.doubles(numbers(3, s[0] * s[2] * s[3]));
      double[] wanted =
          s[3] > 100
              ? linear(s, x, other, shift, dy)
              : Differences.gradient(v -> blend(s, x, other, shift, v), m, Rig.doubles(dy));
      String what = "blend_backward " + Arrays.toString(s);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment dm = rig.out(m.length);
                rig.kernels()
                    .blend()
                    .blendBackward(
                        s[0],
                        s[1],
                        s[2],
                        s[3],
                        rig.in(x),
                        rig.in(other),
                        rig.in(shift),
                        rig.in(dy),
                        dm);
                return rig.floats(dm);
              }),
          wanted);
    }
  }

  /** The blend is affine in m: its slope at once, where differences would take too long. */
  private static double[] linear(int[] s, float[] x, float[] other, int[] shift, float[] dy) {
    int n = s[0] * s[2] * s[3];
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    double[] slope = blend(s, x, other, shift, ones);
    double[] at0 = blend(s, x, other, shift, new double[n]);
    double[] dm = new double[n];
    int plane = s[2] * s[3];
    for (int i = 0; i < slope.length; i++) {
      dm[i / plane / s[1] * plane + i % plane] += (slope[i] - at0[i]) * dy[i];
    }
    return dm;
  }

  /** The penalty itself. */
  private static double penalty(
      double[] m, int h, int w, double l1, double tv, double beta, boolean joint) {
    double sum = 0;
    for (int i = 0; i < m.length; i++) {
      double down = i / w + 1 < h ? Math.abs(m[i + w] - m[i]) : 0;
      double across = i % w + 1 < w ? Math.abs(m[i + 1] - m[i]) : 0;
      double v =
          joint
              ? Math.pow(down * down + across * across, beta / 2)
              : Math.pow(down, beta) + Math.pow(across, beta);
      sum += l1 * Math.abs(1 - m[i]) + tv * v;
    }
    return sum;
  }

  @Test
  void thePenaltysGradientIsAdded() {
    for (int[] s : new int[][] {{1, 1}, {1, 7}, {33, 1}, {5, 7}, {28, 28}}) {
      for (double beta : new double[] {2, 3, 1.5}) {
        for (boolean joint : new boolean[] {false, true}) {
          int n = s[0] * s[1];
          float[] m = numbers(5, n);
          float[] before = numbers(6, n);
          Function<double[], double[]> f =
              v -> new double[] {penalty(v, s[0], s[1], 0.3, 0.2, beta, joint)};
          double[] wanted = Differences.gradient(f, Rig.doubles(m), new double[] {1});
          for (int i = 0; i < n; i++) {
            wanted[i] += before[i];
          }
          String what = "mask_penalty " + Arrays.toString(s) + ", beta " + beta + ", " + joint;
          agree(
              what,
              Rig.run(
                  what,
                  rig -> {
                    MemorySegment g = rig.in(before);
                    rig.kernels()
                        .blend()
                        .maskPenalty(s[0], s[1], 0.3f, 0.2f, (float) beta, joint, rig.in(m), g);
                    return rig.floats(g);
                  }),
              wanted);
        }
      }
    }
  }

  @Test
  void aMaskOfOnesIsNotPushed() {
    float[] g =
        Rig.run(
            "ones",
            rig -> {
              MemorySegment out = rig.in(new float[12]);
              float[] ones = new float[12];
              Arrays.fill(ones, 1);
              rig.kernels().blend().maskPenalty(3, 4, 1, 1, 3, true, rig.in(ones), out);
              return rig.floats(out);
            });
    agree("ones", g, new double[12], 0);
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(() -> rig.kernels().blend().maskPenalty(2, 2, 1, 1, 0.5f, false, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("beta must be 1 or more, is 0.5");
          return new float[0];
        });
  }
}
