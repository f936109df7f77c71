package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.AveragePool;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Readers of p-norms: of rows, of windows, of whole images. */
final class LpReaders {
  private LpReaders() {}

  /** A row of zeros stays one. */
  static Value normalization(Call c) {
    Value x = c.x(0);
    int axis = Call.axis(c.integer("axis", -1), x.shape().rank());
    int p = order(c);
    if (p > 2) {
      throw CandelaException.of("p is %d; supported are 1 and 2", p);
    }
    Value sum = c.add(new Reduce(Reduction.SUM, axis, axis + 1), powers(c, x, p));
    return c.binary(Binary.DIV, x, root(c, above(c, sum), p));
  }

  /**
   * The mean of a window, as often as it has elements: where it lies in the padding, these are 0.
   */
  static Value pool(Call c) {
    Value x = ImageReaders.image(c, c.x(0));
    int p = order(c);
    Window z = ImageReaders.pool(c, x);
    int[] beyond = new int[2];
    for (int i = 0; i < 2; i++) {
      int reach = (z.kernel()[i] - 1) * z.dilations()[i] + 1;
      int end = (z.out()[i] - 1) * z.strides()[i] + reach - z.pads()[i];
      beyond[i] = Math.max(z.pads()[2 + i], end - x.shape().dim(1 + i));
    }
    AveragePool mean = new AveragePool(z.window(), beyond[0], beyond[1], true);
    int count = Math.multiplyExact(z.kernel()[0], z.kernel()[1]);
    Value sum = c.add(new Elementwise(Unary.LINEAR, count, 0), c.add(mean, powers(c, x, p)));
    return ImageReaders.back(c, norm(c, sum, p));
  }

  static Value globalPool(Call c) {
    Shape x = c.x(0).shape();
    if (x.rank() < 3) {
      throw CandelaException.of("input %s; images [N,C,…] expected", x);
    }
    int p = order(c);
    Value sum = c.add(new Reduce(Reduction.SUM, 2, x.rank()), powers(c, c.x(0), p));
    return norm(c, sum, p);
  }

  /** The root of a sum, 0 of zeros. */
  private static Value norm(Call c, Value sum, int p) {
    if (p == 1) {
      return sum;
    }
    Value root = root(c, above(c, sum), p);
    Value some = c.binary(Binary.GREATER, sum, c.of(Shape.SCALAR, Float.MIN_NORMAL));
    return PickReaders.chosen(c, some, root, c.of(Shape.SCALAR, 0f));
  }

  private static int order(Call c) {
    int p = c.small("p", 2);
    if (p < 1) {
      throw CandelaException.of("p is %d; 1 or more expected", p);
    }
    return p;
  }

  private static Value powers(Call c, Value x, int p) {
    if (p == 2) {
      return c.binary(Binary.MUL, x, x);
    }
    Value size = c.add(new Elementwise(Unary.ABS), x);
    return p == 1 ? size : c.binary(Binary.POW, size, c.of(Shape.SCALAR, (float) p));
  }

  /** Kept from 0, where the slope of a root is infinite: there the gradient is 0. */
  private static Value above(Call c, Value sum) {
    return c.add(Rectify.FLOOR, sum);
  }

  private static Value root(Call c, Value sum, int p) {
    return switch (p) {
      case 1 -> sum;
      case 2 -> c.add(new Elementwise(Unary.SQRT), sum);
      default -> c.binary(Binary.POW, sum, c.of(Shape.SCALAR, 1f / p));
    };
  }
}
