package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class TeleaTest {
  private static float[] filled(Telea telea, float[] x, int c, int h, int w, byte[] hole) {
    float[] y = new float[c * h * w];
    assertThat(telea.fill(x, c, h, w, hole, y, 0)).isTrue();
    return y;
  }

  /**
   * 8 ? ? 2 with radius 2. Both inner pixels are one from the rim; the left one is first. It sees 8
   * at distance 1, T = 0, and 2 at distance 2, T = 0: T grows by 1 from the left, and nothing is
   * known to its right, so that ∇T = 1: w = 1 / (1 + 1) = 1/2 and 2 / 8 / (1 + 1) = 1/8, y = (4 +
   * 1/4) / (5/8) = 6.8. The right one sees 6.8 (T = 1, as its own), 2 (T = 0) and 8 (T = 0,
   * distance 2): ∇T = (0 − 1) / 2 = −1/2, w = 1/2, 1/4, 1/16, y = (3.4 + 0.5 + 0.5) / (13/16) =
   * 5.415385.
   */
  @Test
  void caseWorkedByHand() {
    float[] y = filled(new Telea(2), new float[] {8, 99, 99, 2}, 1, 1, 4, new byte[] {0, 1, 1, 0});
    assertThat(y).containsExactly(new float[] {8, 6.8f, 5.415385f, 2}, Offset.offset(1e-5f));
  }

  /**
   * The definition, step by step, in doubles: the nearest pixel is looked for in the whole image.
   */
  private static double[] plain(float[] x, int c, int h, int w, byte[] hole, int radius) {
    double[] out = distances(h, w, hole);
    double[] t = new double[h * w];
    boolean[] known = new boolean[h * w];
    double[] y = new double[x.length];
    for (int i = 0; i < h * w; i++) {
      known[i] = hole[i] == 0;
      t[i] = known[i] ? -Math.min(out[i], radius + 1) : Double.POSITIVE_INFINITY;
      for (int k = 0; k < c && known[i]; k++) {
        y[k * h * w + i] = x[k * h * w + i];
      }
    }
    boolean[] waits = new boolean[h * w];
    for (int i = 0; i < h * w; i++) {
      waits[i] = known[i] && Arrays.stream(around(i, h, w)).anyMatch(q -> q >= 0 && hole[q] != 0);
    }
    for (int p = nearest(waits, t); p >= 0; p = nearest(waits, t)) {
      waits[p] = false;
      for (int q : around(p, h, w)) {
        if (q >= 0 && !known[q]) {
          t[q] = distance(q, h, w, t);
          double ty = slope(q, h, w, t, known, true);
          double tx = slope(q, h, w, t, known, false);
          double[] sum = new double[c];
          double total = 0;
          for (int o = 0; o < h * w; o++) {
            double dy = q / w - o / w;
            double dx = q % w - o % w;
            double d = Math.hypot(dy, dx);
            if (known[o] && d <= radius) {
              double along = Math.abs(dy * ty + dx * tx);
              double weight =
                  (along <= 0.01 ? 1e-6 : along) / (d * d * d) / (1 + Math.abs(t[o] - t[q]));
              total += weight;
              for (int k = 0; k < c; k++) {
                sum[k] += weight * y[k * h * w + o];
              }
            }
          }
          for (int k = 0; k < c; k++) {
            y[k * h * w + q] = sum[k] / total;
          }
          known[q] = true;
          waits[q] = true;
        }
      }
    }
    return y;
  }

  /** Of the known pixels to those beside holes. */
  private static double[] distances(int h, int w, byte[] hole) {
    double[] t = new double[h * w];
    Arrays.fill(t, Double.POSITIVE_INFINITY);
    boolean[] waits = new boolean[h * w];
    for (int i = 0; i < h * w; i++) {
      if (hole[i] == 0 && Arrays.stream(around(i, h, w)).anyMatch(q -> q >= 0 && hole[q] != 0)) {
        t[i] = 0;
        waits[i] = true;
      }
    }
    for (int p = nearest(waits, t); p >= 0; p = nearest(waits, t)) {
      waits[p] = false;
      for (int q : around(p, h, w)) {
        if (q >= 0 && hole[q] == 0 && Double.isInfinite(t[q])) {
          t[q] = distance(q, h, w, t);
          waits[q] = true;
        }
      }
    }
    return t;
  }

  /** Above, left, right, below; −1 beyond the edges. */
  private static int[] around(int p, int h, int w) {
    return new int[] {
      p >= w ? p - w : -1,
      p % w > 0 ? p - 1 : -1,
      p % w < w - 1 ? p + 1 : -1,
      p < (h - 1) * w ? p + w : -1
    };
  }

  private static int nearest(boolean[] waits, double[] t) {
    int best = -1;
    for (int i = 0; i < t.length; i++) {
      if (waits[i] && (best < 0 || Math.max(t[i], 0) < Math.max(t[best], 0) - 1e-6)) {
        best = i;
      }
    }
    return best;
  }

  private static double distance(int p, int h, int w, double[] t) {
    int[] q = around(p, h, w);
    double a = Math.min(at(t, q[0]), at(t, q[3]));
    double b = Math.min(at(t, q[1]), at(t, q[2]));
    // two unknown sides tell nothing
    if (Double.isInfinite(a) || Double.isInfinite(b) || Math.abs(a - b) >= 1) {
      return Math.min(a, b) + 1;
    }
    // (T − a)² + (T − b)² = 1
    return (a + b) / 2 + Math.sqrt(0.5 - (a - b) * (a - b) / 4);
  }

  private static double at(double[] t, int p) {
    return p < 0 ? Double.POSITIVE_INFINITY : t[p];
  }

  private static double slope(int p, int h, int w, double[] t, boolean[] known, boolean down) {
    int[] q = around(p, h, w);
    int before = down ? q[0] : q[1];
    int after = down ? q[3] : q[2];
    boolean a = before >= 0 && known[before];
    boolean b = after >= 0 && known[after];
    if (a && b) {
      return (t[after] - t[before]) / 2;
    }
    return a ? t[p] - t[before] : b ? t[after] - t[p] : 0;
  }

  @Test
  void fillsWhatThePlainDefinitionFills() {
    Random r = new Random(3);
    for (int[] s : new int[][] {{1, 1, 7, 1}, {3, 9, 7, 2}, {1, 7, 33, 3}, {2, 17, 13, 5}}) {
      int pixels = s[1] * s[2];
      float[] x = new float[s[0] * pixels];
      byte[] hole = new byte[pixels];
      for (int i = 0; i < x.length; i++) {
        x[i] = r.nextFloat();
      }
      for (int i = 1; i < pixels; i++) {
        hole[i] = (byte) (i / 3 % 7 < 4 && r.nextInt(9) > 0 ? 1 : 0);
      }
      float[] y = filled(new Telea(s[3]), x, s[0], s[1], s[2], hole);
      double[] wanted = plain(x, s[0], s[1], s[2], hole, s[3]);
      for (int i = 0; i < y.length; i++) {
        // weights of a march in floats
        assertThat((double) y[i])
            .as("%s at %d", Arrays.toString(s), i)
            .isCloseTo(wanted[i], Offset.offset(1e-4));
      }
    }
  }

  @Test
  void hiddenValuesDoNotMatterAndKnownOnesStay() {
    Random r = new Random(5);
    float[] x = new float[2 * 31 * 17];
    float[] other = new float[x.length];
    byte[] hole = new byte[31 * 17];
    for (int i = 0; i < hole.length; i++) {
      hole[i] = (byte) r.nextInt(2);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] = r.nextFloat();
      other[i] = hole[i % hole.length] != 0 ? Float.NaN : x[i];
    }
    float[] y = filled(new Telea(), x, 2, 31, 17, hole);
    assertThat(filled(new Telea(), other, 2, 31, 17, hole)).isEqualTo(y);
    for (int i = 0; i < x.length; i++) {
      if (hole[i % hole.length] == 0) {
        assertThat(y[i]).isEqualTo(x[i]);
      } else {
        assertThat(y[i]).isBetween(0f, 1f);
      }
    }
  }

  @Test
  void aConstantImageIsFilledWithItsConstant() {
    float[] x = new float[33 * 33];
    Arrays.fill(x, -2.5f);
    byte[] hole = new byte[x.length];
    Arrays.fill(hole, 70, 900, (byte) 1);
    for (float v : filled(new Telea(3), x, 1, 33, 33, hole)) {
      assertThat(v).isCloseTo(-2.5f, Offset.offset(1e-5f));
    }
  }

  @Test
  void anImageWithoutHolesIsItself() {
    float[] x = {1, 2, 3, 4, 5, 6};
    assertThat(filled(new Telea(), x, 1, 2, 3, new byte[6])).isEqualTo(x);
  }

  @Test
  void whereEverythingIsHiddenNothingIsWritten() {
    float[] y = {7};
    assertThat(new Telea().fill(new float[] {1}, 1, 1, 1, new byte[] {1}, y, 0)).isFalse();
    assertThat(y).containsExactly(7);
  }

  @Test
  void refusesARadiusOfNothing() {
    assertThatThrownBy(() -> new Telea(0))
        .isInstanceOf(CandelaException.class)
        .hasMessage("telea: radius: 1 to 100 expected, got 0");
  }
}
