package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sobol' indices and the Hilbert-Schmidt criterion where they can be worked out. */
class VarianceTest {
  private static final int SAMPLES = 41;

  @TempDir Path folder;

  /** Of 18 (1 u + 2 v + 3 w): shares of 1, 4 and 9 of the variance. */
  @Test
  void indicesOfASumAreSharesOfItsVariance() {
    Subject subject = new Subject(Shape.of(3), MethodCase.ONE_TWO_THREE, 0);
    Attribution a = Maps.of(Toy.sum(folder, 3), 256, sobol(0, 1, 2), subject);
    assertThat(a.values())
        .containsExactly(new float[] {1 / 14f, 4 / 14f, 9 / 14f}, Offset.offset(.02f));
    assertThat(a.notes().get("meanScore")).isCloseTo(54, Offset.offset(.1));
    assertThat(a.notes().get("scoreVariance")).isCloseTo(18 * 18 * 14 / 12., Offset.offset(10.));
  }

  /** f is 108 w, whose variance over two points is half the square of their difference. */
  @Test
  void anIndexOfTwoPointsIsJansens() {
    Subject subject = new Subject(Shape.of(3), MethodCase.ONE_TWO_THREE, 0);
    Method method = Methods.parse("sobol-indices:grid=1,samples=2,seed=5");
    float[][] p = points(2, 2);
    double changes = Math.pow(p[0][0] - p[0][1], 2) + Math.pow(p[1][0] - p[1][1], 2);
    double variance = Math.pow(p[0][0] - p[1][0], 2) / 2;
    float index = (float) (changes / (2 * 2 * variance));
    Attribution a = Maps.of(Toy.slrp(folder), 3, method, subject);
    assertThat(a.values()).containsExactly(new float[] {index, index, index}, Offset.offset(1e-5f));
  }

  /** Var min(u, v) = 1/18, and E Var(min(u, v) | v) = 1/30. */
  @Test
  void indicesCountWhatFeaturesDoTogether() {
    Subject subject = new Subject(Shape.of(2), new float[] {1, 1}, 0);
    Attribution a = Maps.of(Toy.min(folder), 256, sobol(0, 1), subject);
    assertThat(a.values()).containsExactly(new float[] {.6f, .6f}, Offset.offset(.02f));
  }

  private static Method sobol(float... mask) {
    return new SobolIndices(ScoreCases.mask(mask), Baseline.ZERO, 30_000, 0, ScoreKind.LOGIT);
  }

  /** tr(K H L H) / N² of the same draws, matrix by matrix. */
  @Test
  void dependenceIsTheCriterion() {
    Subject subject = new Subject(Shape.of(3), MethodCase.ONE_TWO_THREE, 0);
    for (Hsic.Bandwidth bandwidth : Hsic.Bandwidth.values()) {
      var method = new Hsic(ScoreCases.EACH, Baseline.ZERO, SAMPLES, bandwidth, 5, ScoreKind.LOGIT);
      Attribution a = Maps.of(Toy.sum(folder, 3), 16, method, subject);
      assertThat(a.values()).containsExactly(criterion(bandwidth), Offset.offset(1e-6f));
    }
  }

  private static float[] criterion(Hsic.Bandwidth bandwidth) {
    float[][] points = points(SAMPLES, 3);
    double[][] x = new double[3][SAMPLES];
    double[] y = new double[SAMPLES];
    for (int k = 0; k < SAMPLES; k++) {
      for (int i = 0; i < 3; i++) {
        x[i][k] = points[k][i] < .5 ? 0 : 1;
        y[k] += 18 * (i + 1) * x[i][k];
      }
    }
    double s = bandwidth == Hsic.Bandwidth.SCORES ? median(y) : median(distances(y));
    double[][] l = new double[SAMPLES][SAMPLES];
    double[][] h = new double[SAMPLES][SAMPLES];
    for (int k = 0; k < SAMPLES; k++) {
      for (int m = 0; m < SAMPLES; m++) {
        l[k][m] = Math.exp(-(y[k] - y[m]) * (y[k] - y[m]) / (2 * s * s));
        h[k][m] = (k == m ? 1 : 0) - 1. / SAMPLES;
      }
    }
    float[] all = new float[3];
    for (int i = 0; i < 3; i++) {
      double[][] same = new double[SAMPLES][SAMPLES];
      for (int k = 0; k < SAMPLES; k++) {
        for (int m = 0; m < SAMPLES; m++) {
          same[k][m] = x[i][k] == x[i][m] ? 1 : 0;
        }
      }
      double[][] product = times(times(times(same, h), l), h);
      double trace = 0;
      for (int k = 0; k < SAMPLES; k++) {
        trace += product[k][k];
      }
      all[i] = (float) (trace / SAMPLES / SAMPLES);
    }
    return all;
  }

  /** Each element has one number in each of as many equal parts. */
  @Test
  void aLatinHypercubeFillsEveryPart() {
    float[][] points = points(SAMPLES, 3);
    for (int i = 0; i < 3; i++) {
      int of = i;
      int[] parts = Arrays.stream(points).mapToInt(p -> (int) (p[of] * SAMPLES)).sorted().toArray();
      int[] all = new int[SAMPLES];
      Arrays.setAll(all, k -> k);
      assertThat(parts).isEqualTo(all);
    }
    assertThat(points[0][0]).isNotEqualTo(points[0][1]);
  }

  private static float[][] points(int samples, int n) {
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      return Draws.latin(workspace, 5, samples, n);
    }
  }

  private static double median(double[] v) {
    double[] sorted = Arrays.stream(v).sorted().toArray();
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  private static double[] distances(double[] y) {
    double[] d = new double[SAMPLES * (SAMPLES - 1) / 2];
    int at = 0;
    for (int k = 0; k < SAMPLES; k++) {
      for (int m = 0; m < k; m++) {
        d[at++] = Math.abs(y[k] - y[m]);
      }
    }
    return d;
  }

  private static double[][] times(double[][] a, double[][] b) {
    double[][] c = new double[SAMPLES][SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      for (int k = 0; k < SAMPLES; k++) {
        for (int j = 0; j < SAMPLES; j++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return c;
  }
}
