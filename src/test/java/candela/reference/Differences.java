package candela.reference;

import java.util.function.Function;

/** Gradients by central differences, in doubles. */
public final class Differences {
  private static final double STEP = 1e-5;

  private Differences() {}

  /** d(sum of dy * f(x)) / dx; exact but for rounding where f is linear. */
  public static double[] gradient(Function<double[], double[]> f, double[] x, double[] dy) {
    double[] at = x.clone();
    double[] dx = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      at[i] = x[i] + STEP;
      double[] above = f.apply(at);
      at[i] = x[i] - STEP;
      double[] below = f.apply(at);
      at[i] = x[i];
      for (int j = 0; j < dy.length; j++) {
        dx[i] += dy[j] * (above[j] - below[j]) / (2 * STEP);
      }
    }
    return dx;
  }
}
