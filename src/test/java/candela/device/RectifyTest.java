package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class RectifyTest {
  private static double softplus(double x, double beta) {
    return Math.log1p(Math.exp(-Math.abs(beta * x))) / beta + Math.max(x, 0);
  }

  @Test
  void theSmoothGradientIsThatOfSoftplus() {
    float[] x = numbers(1, 333);
    float[] dy = numbers(2, 333);
    for (float beta : new float[] {1, 10}) {
      for (float hi : new float[] {Float.POSITIVE_INFINITY, 1.5f}) {
        Rig.gradient(
            "smooth, beta " + beta + ", to " + hi,
            doubles(x),
            dy,
            v -> {
              double[] y = new double[v.length];
              for (int i = 0; i < y.length; i++) {
                double above = Float.isInfinite(hi) ? 0 : softplus(v[i] - hi, beta);
                y[i] = softplus(v[i] + 0.25, beta) - above;
              }
              return y;
            },
            (rig, add, up, down) ->
                rig.kernels()
                    .rectify()
                    .smoothBackward(add, 333, beta, -0.25f, hi, rig.in(x), up, down));
      }
    }
  }

  /** Linear between the order statistics around percent/100 (n − 1), as numpy's default. */
  @Test
  void aPercentileIsThatOfTheSortedRow() {
    for (int n : new int[] {1, 2, 3, 33, 10007}) {
      float[] x = numbers(n, 3 * n);
      x[n - 1] = x[0];
      x[2 * n - 1] = -0f;
      x[n] = Float.POSITIVE_INFINITY;
      for (float percent : new float[] {0, 10, 50, 98, 99.5f, 100}) {
        double[] wanted = new double[3];
        for (int r = 0; r < 3; r++) {
          float[] row = Arrays.copyOfRange(x, r * n, r * n + n);
          Arrays.sort(row);
          double at = percent / 100.0 * (n - 1);
          int k = (int) at;
          double to = row[Math.min(k + 1, n - 1)];
          wanted[r] = at == k || to == row[k] ? row[k] : row[k] + (at - k) * (to - row[k]);
        }
        agree(
            "percentile " + percent + " of " + n,
            Rig.run(
                "percentile",
                rig -> {
                  MemorySegment y = rig.out(3);
                  rig.kernels().rectify().percentile(3, n, percent, rig.in(x), y);
                  return rig.floats(y);
                }),
            wanted);
      }
    }
  }

  @Test
  void onlyWhatIsWorthMoreThanTheThresholdOfItsRowPasses() {
    float[] worth = {1, 2, 3, 3, 2, 1};
    float[] dy = {-1, -2, -3, 4, 5, 6};
    for (boolean add : new boolean[] {false, true}) {
      double[] wanted = add ? new double[] {1, -1, -2, 5, 1, 1} : new double[] {0, -2, -3, 4, 0, 0};
      agree(
          "pass_above",
          Rig.run(
              "pass_above",
              rig -> {
                MemorySegment dx = add ? rig.in(1f, 1f, 1f, 1f, 1f, 1f) : rig.out(6);
                rig.kernels()
                    .rectify()
                    .passAbove(add, 2, 3, rig.in(1.5f, 2f), rig.in(worth), rig.in(dy), dx);
                return rig.floats(dx);
              }),
          wanted);
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(() -> rig.kernels().rectify().percentile(2, 2, 101, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("percent must be in 0..100, is 101");
          return new float[0];
        });
  }
}
