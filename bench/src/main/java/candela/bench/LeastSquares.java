package candela.bench;

/** Weighted ridge regression as scikit-learn's, for the side of PyTorch, which has none. */
final class LeastSquares {
  private LeastSquares() {}

  /**
   * Slopes β[n] of min Σ w_i (y_i − b − x_i · β)² + alpha |β|².
   *
   * @param x [rows,n] at least
   */
  static double[] ridge(float[] x, int n, double[] y, double[] w, double alpha) {
    int m = n + 1;
    double[][] a = new double[m][m + 1];
    double[] row = new double[m + 1];
    row[n] = 1;
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < n; j++) {
        row[j] = x[i * n + j];
      }
      row[m] = y[i];
      for (int j = 0; j < m; j++) {
        if (row[j] != 0) {
          for (int k = 0; k <= m; k++) {
            a[j][k] += w[i] * row[j] * row[k];
          }
        }
      }
    }
    for (int j = 0; j < n; j++) {
      a[j][j] += alpha;
    }
    // Positive definite: no pivots needed.
    for (int j = 0; j < m; j++) {
      for (int i = j + 1; i < m; i++) {
        double f = a[i][j] / a[j][j];
        for (int k = j; k <= m; k++) {
          a[i][k] -= f * a[j][k];
        }
      }
    }
    for (int j = m - 1; j >= 0; j--) {
      for (int k = j + 1; k < m; k++) {
        a[j][m] -= a[j][k] * a[k][m];
      }
      a[j][m] /= a[j][j];
    }
    double[] slope = new double[n];
    for (int j = 0; j < n; j++) {
      slope[j] = a[j][m];
    }
    return slope;
  }
}
