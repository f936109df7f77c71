package candela.graph;

import candela.tensor.Shape;
import java.util.Arrays;

/**
 * How far two results of the same are apart.
 *
 * @param where what was compared
 * @param relative L2 norm of the difference over that of what was expected
 * @param largest difference of one element
 * @param share the largest difference over the largest value expected
 * @param index of the element with the largest difference
 */
public record Difference(
    String where,
    double relative,
    double largest,
    double share,
    int index,
    float expected,
    float came) {
  /** Null where every bit is the same; NaN equals NaN, and nothing else. */
  public static Difference of(float[] expected, float[] came) {
    int at = -1;
    double largest = -1;
    double most = 0;
    double apart = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      float x = expected[i];
      if (Float.isFinite(x)) {
        norm += (double) x * x;
        most = Math.max(most, Math.abs(x));
      }
      if (Float.floatToIntBits(x) != Float.floatToIntBits(came[i])) {
        double d = Math.abs((double) x - came[i]);
        d = Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
        apart += d * d;
        if (d > largest) {
          largest = d;
          at = i;
        }
      }
    }
    return at < 0
        ? null
        : new Difference(
            "",
            over(Math.sqrt(apart), Math.sqrt(norm)),
            largest,
            over(largest, most),
            at,
            expected[at],
            came[at]);
  }

  private static double over(double difference, double value) {
    return difference == 0 ? 0 : difference / value;
  }

  Difference at(String where) {
    return new Difference(where, relative, largest, share, index, expected, came);
  }

  /** The index by dimensions: "[0,3,1]". */
  public String place(Shape shape) {
    int[] at = new int[shape.rank()];
    int rest = index;
    for (int i = at.length - 1; i >= 0; i--) {
      at[i] = rest % shape.dim(i);
      rest /= shape.dim(i);
    }
    return Arrays.toString(at).replace(" ", "");
  }
}
