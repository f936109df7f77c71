package candela.method;

import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A method, its network and image, and what it must give, worked by hand.
 *
 * <p>ML gives −1 + relu(s − 10) + 3 relu(s + 1) for the sum s of x: slope 4 above 10, 3 below. With
 * x = 20, 50, 30 a value v taken away costs 4v as long as 10 is left.
 *
 * <p>The convolution of CONV and AVERAGE gives −5, 4, 31, 40 and −30, −21, 6, 15. In CONV the
 * gradient there is 0, 1, 1, 1 and 0, 0, −1, −1; after the ReLU 1, 1, 1, 1 and 1, −1, −1, −1.
 *
 * <p>In TOKENS each of four pixels gets ¼ of all four, and the score is 1, 1, 1 and 13 times that.
 *
 * <p>SLRP hands 3 · 2 x_i from each of three units to input i.
 */
record MethodCase(Method method, Net net, float[] x, float[] expected) {
  static final float[] X = {20, 50, 30};

  /** 0 … 15, row by row. */
  static final float[] IMAGE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  static final float[] ONE_TWO_THREE = {1, 2, 3};

  MethodCase(String method, Net net, float[] x, float... expected) {
    this(Methods.parse(method), net, x, expected);
  }

  /** The networks of the cases, see {@link Toy}. */
  enum Net {
    AVERAGE,
    BM2,
    CONV,
    MIN,
    ML,
    PIXELS,
    SLRP,
    SUM,
    TOKENS;

    Path in(Path folder) {
      return switch (this) {
        case AVERAGE -> Toy.average(folder);
        case BM2 -> Toy.bm2(folder);
        case CONV -> Toy.conv(folder);
        case MIN -> Toy.min(folder);
        case ML -> Toy.ml(folder);
        case PIXELS -> Toy.pixels(folder);
        case SLRP -> Toy.slrp(folder);
        case SUM -> Toy.sum(folder, 3);
        case TOKENS -> Toy.tokens(folder);
      };
    }

    Shape shape() {
      return switch (this) {
        case BM2, MIN -> Shape.of(2);
        case AVERAGE, CONV -> Shape.of(1, 4, 4);
        case PIXELS, TOKENS -> Shape.of(1, 2, 2);
        default -> Shape.of(3);
      };
    }
  }

  static float[] constant(float value, int n) {
    float[] a = new float[n];
    Arrays.fill(a, value);
    return a;
  }
}
