package candela.method;

/**
 * Weighted linear regression with a penalty on its slopes, not on its intercept.
 *
 * <p>min over b, β of Σ w_i (y_i − b − x_i · β)² + alpha |β|², as scikit-learn's Ridge; in doubles,
 * by Cholesky's decomposition of the centred normal equations.
 */
final class Ridge {
  private Ridge() {}

  /**
   * @param x [rows, n] of 0 and 1; only the first y.length rows are read
   * @return the slopes [n]
   */
  static double[] slopes(byte[] x, int n, double[] y, double[] w, double alpha) {
    double total = 0;
    double meanY = 0;
    double[] mean = new double[n];
    for (int i = 0; i < y.length; i++) {
      total += w[i];
      meanY += w[i] * y[i];
      for (int j = 0; j < n; j++) {
        mean[j] += w[i] * x[i * n + j];
      }
    }
    meanY /= total;
    for (int j = 0; j < n; j++) {
      mean[j] /= total;
    }
    double[][] a = new double[n][n];
    double[] b = new double[n];
    double[] d = new double[n];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < n; j++) {
        d[j] = x[i * n + j] - mean[j];
      }
      for (int j = 0; j < n; j++) {
        double v = w[i] * d[j];
        b[j] += v * (y[i] - meanY);
        for (int k = 0; k <= j; k++) {
          a[j][k] += v * d[k];
        }
      }
    }
    for (int j = 0; j < n; j++) {
      a[j][j] += alpha;
    }
    return solve(a, b);
  }

  /** a (its lower half) and b are overwritten. */
  private static double[] solve(double[][] a, double[] b) {
    int n = b.length;
    for (int j = 0; j < n; j++) {
      for (int k = 0; k <= j; k++) {
        double sum = a[j][k];
        for (int i = 0; i < k; i++) {
          sum -= a[j][i] * a[k][i];
        }
        a[j][k] = j == k ? Math.sqrt(sum) : sum / a[k][k];
      }
    }
    for (int j = 0; j < n; j++) {
      for (int k = 0; k < j; k++) {
        b[j] -= a[j][k] * b[k];
      }
      b[j] /= a[j][j];
    }
    for (int j = n - 1; j >= 0; j--) {
      for (int k = j + 1; k < n; k++) {
        b[j] -= a[k][j] * b[k];
      }
      b[j] /= a[j][j];
    }
    return b;
  }
}
