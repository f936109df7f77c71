package candela.image;

import java.util.Arrays;

/**
 * Fills holes in images so that every missing pixel is the weighted mean of those around it.
 *
 * <p><b>Definition:</b> y = x where x is known; elsewhere Σ w (y(p) − y(q)) = 0 over the up to
 * eight pixels q around p, w = 1/6 for those beside it and 1/12 for diagonal ones.
 *
 * <p><b>Shapes:</b> x[c,h,w], hole[h,w] → y[c,h,w].
 *
 * <p><b>Errors:</b> conjugate gradients in doubles, until the root mean square of the equations'
 * residuals is 10⁻⁶ of the range of the known values: y is within 10⁻³ of that range.
 *
 * <p><b>Cost:</b> about twice as many passes over the image as the largest hole is wide: for 224 ×
 * 224, 1 ms a channel where single pixels are missing, 60 ms for a hole of nine tenths.
 *
 * <p><b>Source:</b> Rong et al. 2022, "A consistent and efficient evaluation strategy for
 * attribution methods" (ROAD), section 5, without the noise that it adds.
 *
 * <p><b>Differences:</b> the authors' code solves the same equations directly.
 */
public final class LinearImputer {
  private static final double BESIDE = 1 / 6.0;
  private static final double DIAGONAL = 1 / 12.0;
  private static final double RESIDUAL = 1e-6;

  private final int h;
  private final int w;

  /** Of a row with a pixel beyond either end; there is a row beyond the first and the last, too. */
  private final int wide;

  /** 1 where the image has a hole, else 0; 0 beyond it. */
  private final double[] missing;

  /** Sums of the weights around a pixel. */
  private final double[] weight;

  private final int holes;

  private LinearImputer(int h, int w, byte[] hole) {
    this.h = h;
    this.w = w;
    wide = w + 2;
    missing = new double[(h + 2) * wide];
    double[] inside = new double[missing.length];
    int count = 0;
    for (int i = 0; i < h * w; i++) {
      missing[place(i)] = hole[i] == 0 ? 0 : 1;
      inside[place(i)] = 1;
      count += hole[i] == 0 ? 0 : 1;
    }
    holes = count;
    weight = new double[missing.length];
    around(inside, weight);
  }

  /**
   * Writes x with its holes filled.
   *
   * @param hole not 0 where x is missing; what x has there is not read
   * @param y takes c·h·w values
   * @param at where in y they begin
   * @return false where nothing is known; y is as before then
   */
  public static boolean fill(float[] x, int c, int h, int w, byte[] hole, float[] y, int at) {
    var imputer = new LinearImputer(h, w, hole);
    if (imputer.holes == h * w) {
      return false;
    }
    for (int channel = 0; channel < c; channel++) {
      imputer.fill(x, channel * h * w, y, at + channel * h * w);
    }
    return true;
  }

  private int place(int pixel) {
    return (pixel / w + 1) * wide + pixel % w + 1;
  }

  private void fill(float[] x, int from, float[] y, int to) {
    float least = Float.POSITIVE_INFINITY;
    float most = Float.NEGATIVE_INFINITY;
    double[] v = new double[missing.length];
    for (int i = 0; i < h * w; i++) {
      if (missing[place(i)] == 0) {
        v[place(i)] = x[from + i];
        least = Math.min(least, x[from + i]);
        most = Math.max(most, x[from + i]);
      }
    }
    for (int i = 0; i < v.length; i++) {
      v[i] += missing[i] * (least + (most - least) / 2);
    }
    solve(v, RESIDUAL * ((double) most - least));
    for (int i = 0; i < h * w; i++) {
      y[to + i] = missing[place(i)] == 0 ? x[from + i] : (float) v[place(i)];
    }
  }

  /** Conjugate gradients from v on. */
  private void solve(double[] v, double residual) {
    double[] r = new double[v.length];
    double[] q = new double[v.length];
    lack(v, r);
    for (int i = 0; i < r.length; i++) {
      r[i] = -r[i];
    }
    double[] p = r.clone();
    double square = dot(r, r);
    while (square > residual * residual * holes) {
      lack(p, q);
      double step = square / dot(p, q);
      for (int i = 0; i < v.length; i++) {
        v[i] += step * p[i];
        r[i] -= step * q[i];
      }
      double next = dot(r, r);
      double kept = next / square;
      for (int i = 0; i < p.length; i++) {
        p[i] = r[i] + kept * p[i];
      }
      square = next;
    }
  }

  /** q = Σ w (v(p) − v(q)) at missing pixels, else 0. */
  private void lack(double[] v, double[] q) {
    around(v, q);
    for (int i = 0; i < q.length; i++) {
      q[i] = missing[i] * (weight[i] * v[i] - q[i]);
    }
  }

  /** q = Σ w v(q) within the image, 0 beyond it. */
  private void around(double[] v, double[] q) {
    for (int row = 1; row <= h; row++) {
      for (int i = row * wide + 1; i <= row * wide + w; i++) {
        q[i] =
            BESIDE * (v[i - 1] + v[i + 1] + v[i - wide] + v[i + wide])
                + DIAGONAL
                    * (v[i - wide - 1] + v[i - wide + 1] + v[i + wide - 1] + v[i + wide + 1]);
      }
    }
  }

  /** By columns first: a processor takes several at once. */
  private double dot(double[] a, double[] b) {
    double[] sum = new double[wide];
    for (int row = 1; row <= h; row++) {
      int first = row * wide;
      for (int j = 0; j < wide; j++) {
        sum[j] += a[first + j] * b[first + j];
      }
    }
    return Arrays.stream(sum).sum();
  }
}
