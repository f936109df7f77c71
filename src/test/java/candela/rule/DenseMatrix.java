package candela.rule;

import java.util.Arrays;

/**
 * An affine map of one row as an explicit matrix, y = w x + b, and every rule by its definition:
 * sums over all pairs of an input and an output, in doubles.
 *
 * @param channels length of the output's last axis
 */
record DenseMatrix(double[][] w, double[] b, int channels) {
  /** A function of input index and weight. */
  interface Contribution {
    double of(int input, double weight);
  }

  private static double signed(double z, double epsilon) {
    return z < 0 ? z - epsilon : z + epsilon;
  }

  /** R_i = Σ_j c_ij r_j / (Σ_i c_ij + extra_j + ε sign). */
  private double[] share(Contribution c, double[] extra, double epsilon, double[] r) {
    double[] back = new double[w[0].length];
    for (int j = 0; j < w.length; j++) {
      double z = extra == null ? 0 : extra[j];
      for (int i = 0; i < back.length; i++) {
        z += c.of(i, w[j][i]);
      }
      double by = signed(z, epsilon);
      for (int i = 0; i < back.length; i++) {
        back[i] += by == 0 ? 0 : c.of(i, w[j][i]) * r[j] / by;
      }
    }
    return back;
  }

  private double[] bias(boolean kept, int sign) {
    double[] changed = new double[b.length];
    for (int j = 0; j < b.length && kept; j++) {
      changed[j] = sign == 0 ? b[j] : sign > 0 ? Math.max(b[j], 0) : Math.min(b[j], 0);
    }
    return changed;
  }

  double[] epsilon(double epsilon, boolean bias, double[] x, double[] r) {
    return share((i, v) -> v * x[i], bias(bias, 0), epsilon, r);
  }

  /** Contributions with the sign of the unit count 1 + gamma times. */
  double[] gamma(double gamma, double epsilon, boolean bias, double[] x, double[] r) {
    double[] sum = new double[x.length];
    for (int sign : new int[] {1, -1}) {
      double[] own = new double[r.length];
      for (int j = 0; j < r.length; j++) {
        own[j] = sign * (y(j, x) - (bias ? 0 : b[j])) > 0 ? r[j] : 0;
      }
      double[] favoured = new double[b.length];
      Arrays.setAll(favoured, j -> b[j] + gamma * sign * Math.max(sign * b[j], 0));
      Contribution c = (i, v) -> v * x[i] + gamma * sign * Math.max(sign * v * x[i], 0);
      double[] part = share(c, bias ? favoured : null, epsilon, own);
      Arrays.setAll(sum, i -> sum[i] + part[i]);
    }
    return sum;
  }

  /** α times the share of what is above zero minus β times that of what is below. */
  double[] bySign(double alpha, double beta, double epsilon, boolean bias, double[] x, double[] r) {
    double[] up = share((i, v) -> Math.max(v * x[i], 0), bias(bias, 1), epsilon, r);
    double[] down = share((i, v) -> Math.min(v * x[i], 0), bias(bias, -1), epsilon, r);
    for (int i = 0; i < up.length; i++) {
      up[i] = alpha * up[i] - beta * down[i];
    }
    return up;
  }

  /** What has the sign of the sum shares r. */
  double[] excite(double[] x, double[] r) {
    double[] above = new double[r.length];
    double[] below = new double[r.length];
    for (int j = 0; j < r.length; j++) {
      double z = y(j, x) - b[j];
      above[j] = z > 0 ? r[j] : 0;
      below[j] = z < 0 ? r[j] : 0;
    }
    double[] up = share((i, v) -> Math.max(v * x[i], 0), null, 0, above);
    double[] down = share((i, v) -> Math.min(v * x[i], 0), null, 0, below);
    for (int i = 0; i < up.length; i++) {
      up[i] += down[i];
    }
    return up;
  }

  /** What is above zero shares r; what is below shares r moved to where −y is above zero. */
  double[] contrast(double[] x, double[] r) {
    double[] dual = r.clone();
    int places = r.length / channels;
    for (int k = 0; k < channels && places > 1; k++) {
      double sum = 0;
      double excited = 0;
      for (int p = 0; p < places; p++) {
        sum += r[p * channels + k];
        excited += Math.max(-y(p * channels + k, x), 0);
      }
      for (int p = 0; p < places; p++) {
        double own = Math.max(-y(p * channels + k, x), 0);
        dual[p * channels + k] = excited == 0 ? 0 : sum * own / excited;
      }
    }
    double[] up = share((i, v) -> Math.max(v * x[i], 0), null, 0, r);
    double[] down = share((i, v) -> Math.min(v * x[i], 0), null, 0, dual);
    for (int i = 0; i < up.length; i++) {
      up[i] -= down[i];
    }
    return up;
  }

  double y(int j, double[] x) {
    double y = b[j];
    for (int i = 0; i < x.length; i++) {
      y += w[j][i] * x[i];
    }
    return y;
  }

  double[] square(double epsilon, double[] r) {
    return share((i, v) -> v * v, null, epsilon, r);
  }

  double[] flat(double epsilon, double[] r) {
    return share((i, v) -> v == 0 ? 0 : 1, null, epsilon, r);
  }

  double[] box(double[] low, double[] high, double epsilon, double[] x, double[] r) {
    return share(
        (i, v) -> x[i] * v - low[i] * Math.max(v, 0) - high[i] * Math.min(v, 0), null, epsilon, r);
  }

  /** One multiplier for both rows: what raises an output takes its m⁺, what lowers it its m⁻. */
  double[] split(double[] image, double[] reference, double[] rise, double[] fall) {
    double[] m = new double[image.length];
    for (int i = 0; i < m.length; i++) {
      double d = image[i] - reference[i];
      for (int j = 0; j < w.length; j++) {
        double up = w[j][i] > 0 ? rise[j] : fall[j];
        double down = w[j][i] > 0 ? fall[j] : rise[j];
        m[i] += w[j][i] * (d > 0 ? up : d < 0 ? down : (up + down) / 2);
      }
    }
    return m;
  }

  /** Whether the terms of output j do not cancel: with the weights as they are, and with γ = ¼. */
  boolean isClear(int j, double[] x) {
    for (double gamma : new double[] {0, .25}) {
      double sum = 0;
      double size = 0;
      for (int i = 0; i < x.length; i++) {
        double c = (w[j][i] + gamma * Math.max(w[j][i], 0)) * x[i];
        sum += c;
        size += Math.abs(c);
      }
      if (size == 0 || Math.abs(sum) < .1 * size) {
        return false;
      }
    }
    return true;
  }
}
