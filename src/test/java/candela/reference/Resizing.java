package candela.reference;

import java.util.function.DoubleUnaryOperator;

/** Resizing of one axis by the formulas of ONNX's Resize. */
public final class Resizing {
  private Resizing() {}

  /** Linear: the weight of a pixel at distance d. */
  public static double triangle(double d) {
    return Math.max(0, 1 - Math.abs(d));
  }

  /** Keys' cubic: the weight of a pixel at distance d. */
  public static double cubic(double a, double d) {
    double t = Math.abs(d);
    if (t <= 1) {
      return (a + 2) * t * t * t - (a + 3) * t * t + 1;
    }
    return t < 2 ? a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a : 0;
  }

  /**
   * Each output is the mean of the inputs around place(output), by their distance.
   *
   * @param support distance at which weight becomes 0
   * @param exclude whether pixels beyond the image have no weight; else they equal the border
   */
  public static Nd weighted(
      Nd x,
      int axis,
      int out,
      DoubleUnaryOperator place,
      DoubleUnaryOperator weight,
      double support,
      boolean exclude) {
    int[] dims = x.dims().clone();
    int n = dims[axis];
    dims[axis] = out;
    return Nd.of(
        dims,
        i -> {
          double p = place.applyAsDouble(i[axis]);
          double sum = 0;
          double weights = 0;
          int[] j = i.clone();
          for (int k = (int) Math.floor(p - support); k <= Math.ceil(p + support); k++) {
            double w = exclude && (k < 0 || k >= n) ? 0 : weight.applyAsDouble(k - p);
            j[axis] = Math.clamp(k, 0, n - 1);
            sum += w * x.at(j);
            weights += w;
          }
          return sum / weights;
        });
  }
}
