package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.reference.Convolving;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of weights against the transpose of the reference convolution and product. */
@Tag("kernel")
class DenseWeightsTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  /** Float32 rounding of up to 10,000 products of numbers up to 2, relative to 1 + the sum. */
  private static final double TOLERANCE = 4e-4;

  private static Convolution plain(int h, int w, int c, int oc, int k, int stride, int pad) {
    return new Convolution(
        h, w, c, oc, k, k, stride, stride, 1, 1, pad, pad, pad, pad, 1, false, 0, 0);
  }

  private static Convolution grouped(int side, int c, int oc, int k, int stride, int groups) {
    return new Convolution(
        side, side, c, oc, k, k, stride, stride, 1, 1, 1, 1, 1, 1, groups, false, 0, 0);
  }

  private static Convolution[] cases() {
    return new Convolution[] {
      plain(1, 1, 1, 1, 1, 1, 0),
      plain(7, 5, 3, 7, 3, 1, 1),
      plain(9, 9, 3, 16, 3, 1, 1),
      plain(6, 6, 16, 12, 3, 2, 1),
      plain(8, 8, 16, 20, 1, 2, 0),
      plain(13, 11, 3, 5, 7, 2, 3),
      plain(4, 4, 33, 4, 3, 1, 1),
      plain(300, 300, 1, 8, 1, 2, 0),
      plain(80, 80, 9, 4, 1, 2, 0),
      // Long rows, far steps, much padding on the left.
      new Convolution(1, 105, 1, 1, 1, 7, 2, 3, 1, 4, 0, 17, 0, 9, 1, false, 0, 0),
      new Convolution(1, 44, 16, 16, 1, 9, 2, 2, 1, 4, 0, 26, 0, 20, 16, false, 0, 0),
      grouped(7, 6, 6, 3, 1, 6),
      grouped(9, 33, 33, 3, 2, 33),
      grouped(6, 12, 8, 3, 1, 4),
      new Convolution(9, 11, 4, 8, 2, 3, 2, 1, 1, 2, 0, 1, 2, 1, 1, false, 0, 0),
      new Convolution(5, 6, 7, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, true, 1, 1),
      new Convolution(4, 5, 8, 8, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1, 8, true, 0, 0),
    };
  }

  private static int count(Convolution k) {
    return k.oc() * k.c() / k.groups() * k.kh() * k.kw();
  }

  /**
   * The convolution is linear in its weights: column j of the map from weights to outputs is the
   * convolution with the j-th unit vector.
   */
  private static double[] reference(Convolution k, int rows, double[] x, double[] dy) {
    double[] unit = new double[count(k)];
    double[] dw = new double[unit.length];
    for (int j = 0; j < dw.length; j++) {
      unit[j] = 1;
      double[] y = Convolving.forward(k.shape(), k.oh(), k.ow(), rows, x, unit);
      unit[j] = 0;
      for (int i = 0; i < dy.length; i++) {
        dw[j] += dy[i] * y[i];
      }
    }
    return dw;
  }

  private static double[] columnSums(float[] dy, int n) {
    double[] sum = new double[n];
    for (int i = 0; i < dy.length; i++) {
      sum[i % n] += dy[i];
    }
    return sum;
  }

  private static double[] plus(double[] a, float[] b) {
    double[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += b[i];
    }
    return sum;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void convolutionWeightsAndBias(Convolution k) {
    for (int rows : new int[] {1, 3, 9}) {
      float[] x = numbers(1, rows * k.h() * k.w() * k.c());
      float[] dy = numbers(2, rows * k.oh() * k.ow() * k.oc());
      float[] before = numbers(3, count(k));
      float[] bias = numbers(4, k.oc());
      double[] wanted = reference(k, rows, doubles(x), doubles(dy));
      String what = rows + " rows of " + k;
      agree(what, run(k, rows, x, dy, null, null, true), wanted, TOLERANCE);
      agree(what, run(k, rows, x, dy, before, bias, true), plus(wanted, before), TOLERANCE);
      double[] sums = columnSums(dy, k.oc());
      agree(what + ", bias", run(k, rows, x, dy, null, null, false), sums, TOLERANCE);
      agree(what + ", bias", run(k, rows, x, dy, before, bias, false), plus(sums, bias), TOLERANCE);
    }
  }

  private static float[] run(
      Convolution k,
      int rows,
      float[] x,
      float[] dy,
      float[] before,
      float[] bias,
      boolean weights) {
    boolean add = before != null;
    return Rig.run(
        k.toString(),
        rig -> {
          MemorySegment dw = add ? rig.in(before) : rig.out(count(k));
          MemorySegment db = add ? rig.in(bias) : rig.out(k.oc());
          try (var plan = rig.dense().convolutionWeights(k)) {
            plan.backward(rows, rig.in(x), rig.in(dy), add, dw, add, weights ? NULL : db);
          }
          return rig.floats(weights ? dw : db);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,false",
    "3,7,5,false",
    "3,7,5,true",
    "33,100,10,true",
    "65,33,70,false",
    "128,64,10,true"
  })
  void matrixWeightsAndBias(int m, int k, int n, boolean transposed) {
    float[] x = numbers(1, m * k);
    float[] dy = numbers(2, m * n);
    double[] wanted = new double[k * n];
    for (int r = 0; r < m; r++) {
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < n; j++) {
          wanted[transposed ? j * k + i : i * n + j] += (double) x[r * k + i] * dy[r * n + j];
        }
      }
    }
    for (boolean add : new boolean[] {false, true}) {
      float[] before = numbers(3, k * n);
      float[] bias = numbers(4, n);
      for (boolean weights : new boolean[] {true, false}) {
        float[] got =
            Rig.run(
                "matrix weights",
                rig -> {
                  MemorySegment dw = add ? rig.in(before) : rig.out(k * n);
                  MemorySegment db = add ? rig.in(bias) : rig.out(n);
                  rig.dense()
                      .matrixWeights(m, k, n, transposed, rig.in(x), rig.in(dy), add, dw, add, db);
                  return rig.floats(weights ? dw : db);
                });
        double[] plain = weights ? wanted : columnSums(dy, n);
        double[] sum = add ? plus(plain, weights ? before : bias) : plain;
        agree(m + "," + k + "," + n + (weights ? "" : " bias"), got, sum, TOLERANCE);
      }
    }
  }

  @Test
  void changedWeightsAreTakenByUpdate() {
    Convolution k = plain(6, 5, 3, 8, 3, 1, 1);
    float[] first = numbers(5, count(k));
    float[] second = numbers(6, count(k));
    float[] x = numbers(7, k.h() * k.w() * k.c());
    float[] dy = numbers(8, k.oh() * k.ow() * k.oc());
    Rig.run(
        "update",
        rig -> {
          MemorySegment w = rig.in(first);
          MemorySegment y = rig.out(dy.length);
          MemorySegment dx = rig.out(x.length);
          MemorySegment fresh = rig.out(dy.length);
          MemorySegment dfresh = rig.out(x.length);
          try (var plan = rig.dense().convolution(k, w, NULL, Activation.NONE, false);
              var other =
                  rig.dense().convolution(k, rig.in(second), NULL, Activation.NONE, false)) {
            plan.forward(1, rig.in(x), NULL, y, NULL);
            plan.backward(1, rig.in(dy), NULL, false, dx, false, NULL);
            rig.write(w, second);
            plan.update();
            plan.forward(1, rig.in(x), NULL, y, NULL);
            plan.backward(1, rig.in(dy), NULL, false, dx, false, NULL);
            other.forward(1, rig.in(x), NULL, fresh, NULL);
            other.backward(1, rig.in(dy), NULL, false, dfresh, false, NULL);
          }
          assertThat(rig.floats(y)).isEqualTo(rig.floats(fresh));
          assertThat(rig.floats(dx)).isEqualTo(rig.floats(dfresh));
          matrixUpdate(rig);
          return rig.floats(y);
        });
  }

  /** x = (1, 1), dy = (1, 0) with weights 1 2 3 4, then with 5 6 7 8. */
  private static void matrixUpdate(Rig rig) {
    MemorySegment w = rig.in(1f, 2f, 3f, 4f);
    MemorySegment x = rig.in(1f, 1f);
    MemorySegment dy = rig.in(1f, 0f);
    MemorySegment y = rig.out(2);
    MemorySegment dx = rig.out(2);
    try (var plan = rig.dense().matrix(2, 2, false, w, NULL, Activation.NONE)) {
      plan.forward(1, x, y, NULL);
      plan.backward(1, dy, NULL, false, dx);
      assertThat(rig.floats(y)).containsExactly(4, 6);
      assertThat(rig.floats(dx)).containsExactly(1, 3);
      rig.write(w, 5, 6, 7, 8);
      plan.update();
      plan.forward(1, x, y, NULL);
      plan.backward(1, dy, NULL, false, dx);
    }
    assertThat(rig.floats(y)).containsExactly(12, 14);
    assertThat(rig.floats(dx)).containsExactly(5, 7);
  }

  @Test
  void noRowsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment a = rig.out(9);
          try (var plan = rig.dense().convolutionWeights(plain(1, 1, 1, 1, 1, 1, 0))) {
            assertThatThrownBy(() -> plan.backward(0, a, a, false, a, false, NULL))
                .isInstanceOf(CandelaException.class)
                .hasMessage("conv_weights_backward: rows must be in 1..2147483647, is 0");
          }
          return new float[0];
        });
  }
}
