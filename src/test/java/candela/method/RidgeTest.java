package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class RidgeTest {
  private static final Offset<Double> ROUNDING = Offset.offset(1e-10);

  @Test
  void oneFeatureByHand() {
    // x = 0, 1, 1 with weights 1, 1, 2, y = 1, 3, 6: means 3/4 and 16/4; sums of products 3/4·… =
    // Σ w dx dy = 1·(−.75)(−3) + 1·.25·(−1) + 2·.25·2 = 3, Σ w dx² = .5625 + .0625 + .125 = .75
    double[] slope =
        Ridge.slopes(new byte[] {0, 1, 1}, 1, new double[] {1, 3, 6}, new double[] {1, 1, 2}, 0.25);
    assertThat(slope).containsExactly(new double[] {3}, ROUNDING);
  }

  /** NumPy's least squares of the same problem, the penalty as further rows. */
  @Test
  void slopesAreThoseOfLeastSquares() {
    int rows = 23;
    int n = 5;
    byte[] x = new byte[rows * n];
    double[] y = new double[rows];
    double[] w = new double[rows];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < n; j++) {
        x[i * n + j] = (byte) ((i * 7 + j * j * 3 + i * j) % 5 < 2 ? 1 : 0);
      }
      y[i] = Math.sin(i) + 0.1 * i;
      w[i] = 1.0 / (1 + i % 4);
    }
    assertThat(Ridge.slopes(x, n, y, w, 0.7)).containsExactly(EXPECTED, ROUNDING);
  }

  private static final double[] EXPECTED = {
    0.3293500928422969, 0.12225126030582723, 0.189425672272685, 0.0, 0.1401476524307711
  };
}
