package candela;

import java.util.Arrays;

/** The equations of {@link candela.image.LinearImputer} by Gaussian elimination, in doubles. */
public final class PlainImputer {
  private PlainImputer() {}

  /** One channel, from x[from] on, with its holes filled. */
  public static double[] filled(float[] x, int from, int h, int w, boolean[] missing) {
    int n = h * w;
    double[][] a = new double[n][n + 1];
    for (int i = 0; i < n; i++) {
      if (!missing[i]) {
        a[i][i] = 1;
        a[i][n] = x[from + i];
        continue;
      }
      for (int j = 0; j < n; j++) {
        int dy = Math.abs(i / w - j / w);
        int dx = Math.abs(i % w - j % w);
        if (i != j && dy <= 1 && dx <= 1) {
          double weight = dy + dx == 1 ? 1 / 6.0 : 1 / 12.0;
          a[i][i] += weight;
          a[i][j] -= weight;
        }
      }
    }
    for (int i = 0; i < n; i++) {
      for (int r = 0; r < n; r++) {
        double by = a[r][i] / a[i][i];
        for (int j = i; j <= n && r != i && by != 0; j++) {
          a[r][j] -= by * a[i][j];
        }
      }
    }
    double[] y = new double[n];
    Arrays.setAll(y, i -> a[i][n] / a[i][i]);
    return y;
  }
}
