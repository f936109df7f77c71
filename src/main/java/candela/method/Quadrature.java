package candela.method;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.Locale;

/**
 * Points and weights of an integral from 0 to 1; the first five as Captum 0.8 defines them
 * (captum/attr/_utils/approximation_methods.py).
 */
public enum Quadrature {
  GAUSSLEGENDRE,
  RIEMANN_LEFT,
  RIEMANN_RIGHT,
  RIEMANN_MIDDLE,
  /**
   * The weights are 1/n, halved at both ends, so they add up to (n − 1)/n: Captum's, kept for equal
   * numbers.
   */
  RIEMANN_TRAPEZOID,
  /** The same with weights that add up to 1: the trapezoid rule. */
  TRAPEZOID,
  /** The mean over n points from 0 to 1, both included: PAIR's, iNNvestigate's, tf-explain's. */
  INCLUSIVE_MEAN;

  /** Finding so many points takes a second, twice as many four times as long. */
  private static final int MOST_LEGENDRE = 1 << 13;

  /** Refuses numbers of points that the rule is not made for. */
  void check(int n, String where) {
    boolean ends = this == RIEMANN_TRAPEZOID || this == TRAPEZOID || this == INCLUSIVE_MEAN;
    int least = ends ? 2 : 1;
    int most = this == GAUSSLEGENDRE ? MOST_LEGENDRE : Check.MOST_STEPS;
    if (n < least || n > most) {
      throw CandelaException.of(
          "%s: %d to %d expected with %s, got %d",
          where, least, most, name().toLowerCase(Locale.ROOT), n);
    }
  }

  double[] points(int n) {
    if (this == GAUSSLEGENDRE) {
      return legendre(n)[0];
    }
    double[] points = new double[n];
    for (int i = 0; i < n; i++) {
      points[i] =
          switch (this) {
            case RIEMANN_LEFT -> (double) i / n;
            case RIEMANN_RIGHT -> (i + 1.0) / n;
            case RIEMANN_MIDDLE -> (i + 0.5) / n;
            default -> (double) i / (n - 1);
          };
    }
    return points;
  }

  double[] weights(int n) {
    if (this == GAUSSLEGENDRE) {
      return legendre(n)[1];
    }
    double[] weights = new double[n];
    Arrays.fill(weights, 1.0 / (this == TRAPEZOID ? n - 1 : n));
    if (this == RIEMANN_TRAPEZOID || this == TRAPEZOID) {
      weights[0] /= 2;
      weights[n - 1] /= 2;
    }
    return weights;
  }

  /** Roots of the Legendre polynomial of degree n by Newton's method, mapped to 0…1; weights. */
  private static double[][] legendre(int n) {
    double[] points = new double[n];
    double[] weights = new double[n];
    for (int i = 0; i < n; i++) {
      double x = -Math.cos(Math.PI * (i + 0.75) / (n + 0.5));
      double slope = 0;
      for (int round = 0; round < 100; round++) {
        double p = 1;
        double before = 0;
        for (int k = 1; k <= n; k++) {
          double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
          before = p;
          p = next;
        }
        slope = n * (x * p - before) / (x * x - 1);
        double change = p / slope;
        x -= change;
        if (Math.abs(change) < 1e-15) {
          break;
        }
      }
      points[i] = (1 + x) / 2;
      weights[i] = 1 / ((1 - x * x) * slope * slope);
    }
    return new double[][] {points, weights};
  }
}
