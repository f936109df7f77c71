package candela.reference;

import java.util.function.DoubleUnaryOperator;

/** Images [N,C,H,W] read at the places of a grid: as if they went on without an end. */
public final class Sampling {
  private Sampling() {}

  /** Of ONNX's modes and paddings, as they are called from opset 20 on. */
  public static Nd sample(Nd x, Nd grid, String mode, String padding, boolean align) {
    DoubleUnaryOperator weight =
        switch (mode) {
          case "linear" -> d -> Math.max(0, 1 - Math.abs(d));
          case "cubic" -> Sampling::cubic;
          default -> d -> d == 0 ? 1 : 0;
        };
    int h = x.dim(2);
    int w = x.dim(3);
    return Nd.of(
        new int[] {x.dim(0), x.dim(1), grid.dim(1), grid.dim(2)},
        i -> {
          double across = place(grid.at(i[0], i[2], i[3], 0), w, align);
          double down = place(grid.at(i[0], i[2], i[3], 1), h, align);
          if (mode.equals("nearest")) {
            across = Math.rint(across);
            down = Math.rint(down);
          }
          double sum = 0;
          int left = (int) Math.floor(across) - 1;
          int top = (int) Math.floor(down) - 1;
          for (int r = top; r < top + 4; r++) {
            for (int c = left; c < left + 4; c++) {
              int row = pixel(r, h, padding, align);
              int column = pixel(c, w, padding, align);
              double v = row < 0 || column < 0 ? 0 : x.at(i[0], i[1], row, column);
              sum += weight.applyAsDouble(down - r) * weight.applyAsDouble(across - c) * v;
            }
          }
          return sum;
        });
  }

  private static double place(double g, int n, boolean align) {
    return align ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
  }

  /** Which pixel is seen at place i; -1 for none. */
  private static int pixel(int i, int n, String padding, boolean align) {
    int period = align ? Math.max(1, 2 * (n - 1)) : 2 * n;
    int k = Math.floorMod(i, period);
    return switch (padding) {
      case "border" -> Math.clamp(i, 0, n - 1);
      case "reflection" -> k < n ? k : align ? period - k : period - 1 - k;
      default -> i < 0 || i >= n ? -1 : i;
    };
  }

  /** Keys 1981, with -3/4. */
  private static double cubic(double d) {
    double a = -0.75;
    double t = Math.abs(d);
    return t <= 1
        ? ((a + 2) * t - (a + 3)) * t * t + 1
        : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
  }

  /** The places of pixels that each matrix [N,2,3] moves them to. */
  public static Nd affine(Nd theta, int h, int w, boolean align) {
    return Nd.of(
        new int[] {theta.dim(0), h, w, 2},
        i -> {
          double across = align ? -1 + 2.0 * i[2] / Math.max(1, w - 1) : (2 * i[2] + 1.0) / w - 1;
          double down = align ? -1 + 2.0 * i[1] / Math.max(1, h - 1) : (2 * i[1] + 1.0) / h - 1;
          across = align && w == 1 ? 0 : across;
          down = align && h == 1 ? 0 : down;
          return theta.at(i[0], i[3], 0) * across
              + theta.at(i[0], i[3], 1) * down
              + theta.at(i[0], i[3], 2);
        });
  }
}
