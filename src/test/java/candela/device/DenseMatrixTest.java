package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static candela.device.Rig.sameRows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Dense.Activation;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("kernel")
class DenseMatrixTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  /** Float32 rounding of up to 3,000 products of numbers up to 2. */
  private static final double TOLERANCE = 1e-4;

  /** The CPU adds the finished sum; a card may begin with what is there. */
  private static final double ADDED = TestDevice.isCpu() ? 0 : TOLERANCE;

  /** c[m,n] = a[m,k] * b[k,n], each transposed in memory if asked. */
  private static double[] product(
      int m, int k, int n, boolean ta, boolean tb, float[] a, float[] b) {
    double[] c = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int l = 0; l < k; l++) {
          c[i * n + j] += (double) a[ta ? l * m + i : i * k + l] * b[tb ? j * k + l : l * n + j];
        }
      }
    }
    return c;
  }

  private static float[] forward(int m, int k, int n, boolean t, float[] x) {
    return Rig.run(
        "matrix",
        rig -> {
          MemorySegment w = rig.in(numbers(5, k * n));
          MemorySegment y = rig.out(m * n);
          try (var plan = rig.dense().matrix(k, n, t, w, rig.in(numbers(6, n)), Activation.RELU)) {
            plan.forward(m, rig.in(x), y, NULL);
          }
          return rig.floats(y);
        });
  }

  private static float[] backward(int m, int k, int n, boolean t, float[] dy, float[] before) {
    return Rig.run(
        "matrix backward",
        rig -> {
          MemorySegment w = rig.in(numbers(5, k * n));
          MemorySegment dx = before == null ? rig.out(m * k) : rig.in(before);
          try (var plan = rig.dense().matrix(k, n, t, w, NULL, Activation.NONE)) {
            plan.backward(m, rig.in(dy), NULL, before != null, dx);
          }
          return rig.floats(dx);
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,7,33", "16,64,10", "17,33,129", "33,200,1000", "5,3000,65"})
  void constantProductsAreTheReference(int m, int k, int n) {
    float[] x = numbers(1, m * k);
    float[] dy = numbers(2, m * n);
    float[] w = numbers(5, k * n);
    float[] bias = numbers(6, n);
    for (boolean t : new boolean[] {false, true}) {
      double[] y = product(m, k, n, false, t, x, w);
      for (int i = 0; i < y.length; i++) {
        y[i] = Math.max(0, y[i] + bias[i % n]);
      }
      String what = m + "x" + k + "x" + n + (t ? " transposed" : "");
      agree(what, forward(m, k, n, t, x), y, TOLERANCE);
      float[] dx = backward(m, k, n, t, dy, null);
      agree(what + " dx", dx, product(m, n, k, false, !t, dy, w), TOLERANCE);
      double[] sum = doubles(dx);
      for (int i = 0; i < sum.length; i++) {
        sum[i] = (float) (sum[i] + x[i]);
      }
      agree(what + " added dx", backward(m, k, n, t, dy, x), sum, ADDED);
    }
  }

  @ParameterizedTest
  @CsvSource({"7,33", "200,1000", "1030,70"})
  void aRowIsTheSameInEveryBatch(int k, int n) {
    float[] x = numbers(1, 35 * k);
    float[] dy = numbers(2, 35 * n);
    float[] y = forward(35, k, n, false, x);
    float[] dx = backward(35, k, n, false, dy, null);
    for (int rows : new int[] {1, 3, 8, 16, 32}) {
      int from = 35 - rows;
      String what = rows + " of 35 rows, " + k + "x" + n;
      sameRows(
          what,
          forward(rows, k, n, false, Arrays.copyOfRange(x, from * k, 35 * k)),
          Arrays.copyOfRange(y, from * n, 35 * n),
          TOLERANCE);
      sameRows(
          what + " dx",
          backward(rows, k, n, false, Arrays.copyOfRange(dy, from * n, 35 * n), null),
          Arrays.copyOfRange(dx, from * k, 35 * k),
          TOLERANCE);
    }
  }

  /** Groups of one block, of several with a shorter last one, and of many columns. */
  @ParameterizedTest
  @CsvSource({"17,33,70", "49,600,1100", "257,40,65", "513,8,1100"})
  void groupsOfRowsAreTheReferenceAndTheSameInEveryBatch(int group, int k, int n) {
    float[] x = numbers(1, 3 * group * k);
    float[] dy = numbers(2, 3 * group * n);
    float[] w = numbers(5, k * n);
    float[][] three = grouped(group, 3, k, n, x, dy);
    String what = group + "x" + k + "x" + n;
    agree(what, three[0], product(3 * group, k, n, false, false, x, w), TOLERANCE);
    agree(what + " dx", three[1], product(3 * group, n, k, false, true, dy, w), TOLERANCE);
    double[] sum = doubles(three[1]);
    for (int i = 0; i < sum.length; i++) {
      sum[i] = (float) (sum[i] + x[i]);
    }
    agree(what + " added dx", three[2], sum, ADDED);
    float[][] last =
        grouped(
            group,
            1,
            k,
            n,
            Arrays.copyOfRange(x, 2 * group * k, 3 * group * k),
            Arrays.copyOfRange(dy, 2 * group * n, 3 * group * n));
    float[] y = Arrays.copyOfRange(three[0], 2 * group * n, 3 * group * n);
    float[] dx = Arrays.copyOfRange(three[1], 2 * group * k, 3 * group * k);
    sameRows(what + " alone", last[0], y, TOLERANCE);
    sameRows(what + " dx alone", last[1], dx, TOLERANCE);
  }

  /** y, dx, and dx added to x. */
  private static float[][] grouped(int group, int groups, int k, int n, float[] x, float[] dy) {
    float[][] all = new float[3][];
    Rig.run(
        "groups of rows",
        rig -> {
          int rows = group * groups;
          MemorySegment w = rig.in(numbers(5, k * n));
          MemorySegment y = rig.out(rows * n);
          MemorySegment dx = rig.out(rows * k);
          MemorySegment added = rig.in(x);
          try (var plan = rig.dense().matrix(k, n, false, w, NULL, Activation.NONE, group)) {
            plan.forward(rows, rig.in(x), y, NULL);
            plan.backward(rows, rig.in(dy), NULL, false, dx);
            plan.backward(rows, rig.in(dy), NULL, true, added);
          }
          all[0] = rig.floats(y);
          all[1] = rig.floats(dx);
          all[2] = rig.floats(added);
          return all[0];
        });
    return all;
  }

  @Test
  void rowsThatAreNoWholeGroupsAreRefused() {
    Rig.run(
        "rows",
        rig -> {
          MemorySegment w = rig.out(4);
          try (var plan = rig.dense().matrix(2, 2, false, w, NULL, Activation.NONE, 20)) {
            assertThatThrownBy(() -> plan.forward(30, rig.out(60), rig.out(60), NULL))
                .isInstanceOf(CandelaException.class)
                .hasMessage("matrix_forward: m = 30 is no multiple of the group of 20 rows");
          }
          return new float[0];
        });
  }

  @Test
  void bitsOfARowBeginAtAByte() {
    int n = 11;
    float[] dy = numbers(2, 3 * n);
    Rig.run(
        "bits",
        rig -> {
          MemorySegment w = rig.in(numbers(5, 4 * n));
          MemorySegment y = rig.out(3 * n);
          MemorySegment bits = rig.bytes(6);
          MemorySegment dx = rig.out(12);
          try (var plan = rig.dense().matrix(4, n, false, w, NULL, Activation.clip(-1, 2))) {
            plan.forward(3, rig.in(numbers(1, 12)), y, bits);
            plan.backward(3, rig.in(dy), bits, false, dx);
          }
          float[] out = rig.floats(y);
          float[] g = new float[3 * n];
          byte[] packed = rig.raw(bits);
          for (int i = 0; i < 3 * n; i++) {
            boolean pass = out[i] > -1 && out[i] < 2;
            assertThat((packed[i / n * 2 + i % n / 8] >> (i % n % 8) & 1) != 0).isEqualTo(pass);
            g[i] = pass ? dy[i] : 0;
          }
          agree("dx", rig.floats(dx), doubles(backward(3, 4, n, false, g, null)), 0);
          return rig.floats(dx);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1",
    "3,7,5,33",
    "2,17,64,9",
    "1,197,64,197", // as an attention has them
    "2,9,49,16",
    "1,29,4,48",
    "3,25,32,49",
    "1,15,3,80",
    "2,5,9,128",
    "1,43,130,257"
  })
  void productsOfActivationsAreTheReference(int batch, int m, int k, int n) {
    float[] a = numbers(1, batch * m * k);
    float[] b = numbers(2, batch * k * n);
    float[] before = numbers(3, batch * m * n);
    for (int kind = 0; kind < 16; kind++) {
      boolean ta = (kind & 1) != 0;
      boolean tb = (kind & 2) != 0;
      boolean add = (kind & 4) != 0;
      boolean repeat = (kind & 8) != 0;
      double alpha = add ? 0.5 : 1;
      double[] wanted = new double[batch * m * n];
      for (int i = 0; i < batch; i++) {
        float[] one = Arrays.copyOfRange(a, i * m * k, (i + 1) * m * k);
        int at = repeat ? 0 : i;
        float[] other = Arrays.copyOfRange(b, at * k * n, (at + 1) * k * n);
        double[] c = product(m, k, n, ta, tb, one, other);
        for (int j = 0; j < m * n; j++) {
          wanted[i * m * n + j] = alpha * c[j] + (add ? before[i * m * n + j] : 0);
        }
      }
      float[] got =
          Rig.run(
              "multiply",
              rig -> {
                MemorySegment c = add ? rig.in(before) : rig.out(batch * m * n);
                rig.dense()
                    .multiply(
                        batch,
                        m,
                        k,
                        n,
                        ta,
                        tb,
                        (long) m * k,
                        repeat ? 0 : (long) k * n,
                        (float) alpha,
                        add,
                        rig.in(a),
                        rig.in(b),
                        c);
                return rig.floats(c);
              });
      agree("multiply kind " + kind, got, wanted, TOLERANCE);
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(() -> rig.dense().matrix(0, 1, false, x, NULL, Activation.NONE))
              .isInstanceOf(CandelaException.class)
              .hasMessage("matrix_create: k must be in 1..2147483647, is 0");
          assertThatThrownBy(() -> rig.dense().matrix(1, 1, false, x, NULL, Activation.leaky(-1)))
              .isInstanceOf(CandelaException.class)
              .hasMessage("matrix_create: leaky slope alpha must be 0 or more, is -1");
          long large = Integer.MAX_VALUE;
          assertThatThrownBy(
                  () -> rig.dense().matrix(large, large, false, x, NULL, Activation.NONE))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("matrix_create: k * n must be in 1..1099511627776");
          return new float[0];
        });
  }
}
