package candela.method;

/** Small linear systems of symmetric matrices that are not negative, by Cholesky's factors. */
final class Solve {
  /** Of the largest element of the diagonal: what is below counts as rounding. */
  private static final double RELATIVE = 1e-12;

  private Solve() {}

  /**
   * x of A x = b. Directions that A does not determine get 0.
   *
   * @param a [n][n+1], A and b
   */
  static double[] positive(double[][] a) {
    return with(factor(a), right(a));
  }

  /** b of [n][n+1], A and b. */
  static double[] right(double[][] a) {
    double[] b = new double[a.length];
    for (int i = 0; i < b.length; i++) {
      b[i] = a[i][b.length];
    }
    return b;
  }

  /** How many directions A does not determine. */
  static int undetermined(double[][] l) {
    int count = 0;
    for (int i = 0; i < l.length; i++) {
      count += l[i][i] == 0 ? 1 : 0;
    }
    return count;
  }

  /** L of A = L Lᵀ; columns of directions that A does not determine are 0. */
  static double[][] factor(double[][] a) {
    int n = a.length;
    double most = 0;
    for (int i = 0; i < n; i++) {
      most = Math.max(most, a[i][i]);
    }
    double[][] l = new double[n][n];
    for (int j = 0; j < n; j++) {
      double d = a[j][j];
      for (int k = 0; k < j; k++) {
        d -= l[j][k] * l[j][k];
      }
      if (d <= RELATIVE * most) {
        continue;
      }
      l[j][j] = Math.sqrt(d);
      for (int i = j + 1; i < n; i++) {
        double s = a[i][j];
        for (int k = 0; k < j; k++) {
          s -= l[i][k] * l[j][k];
        }
        l[i][j] = s / l[j][j];
      }
    }
    return l;
  }

  /** x of L Lᵀ x = b. */
  static double[] with(double[][] l, double[] b) {
    int n = b.length;
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      double s = b[i];
      for (int k = 0; k < i; k++) {
        s -= l[i][k] * x[k];
      }
      x[i] = l[i][i] == 0 ? 0 : s / l[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      double s = x[i];
      for (int k = i + 1; k < n; k++) {
        s -= l[k][i] * x[k];
      }
      x[i] = l[i][i] == 0 ? 0 : s / l[i][i];
    }
    return x;
  }
}
