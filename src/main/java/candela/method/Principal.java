package candela.method;

/** The first principal component of a layer's channels, as a map of its pixels. */
final class Principal {
  /** Powers at most: enough for components whose variances differ by a thousandth. */
  private static final int ROUNDS = 20_000;

  /** Change of a unit vector at which it has settled. */
  private static final double SETTLED = 1e-13;

  /** Of its multiples no two have the same digits behind the point. */
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  /** Sums that are this small beside their terms are zero but for rounding. */
  private static final double ZERO = 1e-9;

  private Principal() {}

  /**
   * Σ_k v_k A_k, v the first right singular vector of A as a matrix of pixels by channels; Σ_k v_k
   * is not below zero, and where it is zero, neither is the first pixel that is not.
   */
  static double[] map(FeatureMap features, boolean centred, boolean relu) {
    double[][] a = rows(features, centred);
    double[] v = a.length <= a[0].length ? across(a, largest(gram(a))) : largest(gram(turned(a)));
    double length = Math.sqrt(dot(v, v));
    double[] map = new double[a.length];
    double sum = 0;
    double size = 0;
    for (double e : v) {
      sum += e;
      size += Math.abs(e);
    }
    for (int i = 0; i < map.length && length > 0; i++) {
      map[i] = dot(a[i], v) / length;
    }
    double sign = Math.abs(sum) > ZERO * size ? sum : first(map);
    for (int i = 0; i < map.length; i++) {
      map[i] = sign < 0 ? -map[i] : map[i];
      map[i] = relu ? Math.max(map[i], 0) : map[i];
    }
    return map;
  }

  /** [pixels][channels]. */
  private static double[][] rows(FeatureMap features, boolean centred) {
    double[][] a = new double[features.pixels()][features.channels()];
    for (int k = 0; k < features.channels(); k++) {
      double mean = centred ? features.sum(k) / features.pixels() : 0;
      for (int i = 0; i < a.length; i++) {
        a[i][k] = features.at(k, i) - mean;
      }
    }
    return a;
  }

  private static double[][] turned(double[][] a) {
    double[][] t = new double[a[0].length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < t.length; k++) {
        t[k][i] = a[i][k];
      }
    }
    return t;
  }

  /** Products of all rows. */
  private static double[][] gram(double[][] a) {
    double[][] g = new double[a.length][a.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j <= i; j++) {
        g[i][j] = dot(a[i], a[j]);
        g[j][i] = g[i][j];
      }
    }
    return g;
  }

  /** Aᵀ u. */
  private static double[] across(double[][] a, double[] u) {
    double[] v = new double[a[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int k = 0; k < v.length; k++) {
        v[k] += a[i][k] * u[i];
      }
    }
    return v;
  }

  /** The unit eigenvector of the largest eigenvalue, by powers; zeros of a matrix of zeros. */
  private static double[] largest(double[][] g) {
    double[] u = new double[g.length];
    for (int i = 0; i < u.length; i++) {
      // above zero and no two alike: at right angles to no component that occurs
      u[i] = 1 + i * GOLDEN % 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
      double[] next = new double[u.length];
      for (int i = 0; i < u.length; i++) {
        next[i] = dot(g[i], u);
      }
      double length = Math.sqrt(dot(next, next));
      double change = 0;
      for (int i = 0; i < u.length; i++) {
        next[i] = length == 0 ? 0 : next[i] / length;
        change = Math.max(change, Math.abs(next[i] - u[i]));
      }
      u = next;
      if (change < SETTLED) {
        break;
      }
    }
    return u;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double first(double[] map) {
    double most = 0;
    for (double v : map) {
      most = Math.max(most, Math.abs(v));
    }
    for (double v : map) {
      if (Math.abs(v) > ZERO * most) {
        return v;
      }
    }
    return 0;
  }
}
