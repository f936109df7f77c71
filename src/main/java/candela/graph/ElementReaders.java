package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Where;
import candela.onnx.ElementType;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Readers of operators that work element by element. */
final class ElementReaders {
  private ElementReaders() {}

  static Value unary(Call c, Unary kind) {
    return c.add(new Elementwise(kind), c.x(0));
  }

  static Value alpha(Call c, Unary kind, float absent) {
    return c.add(new Elementwise(kind, c.real("alpha", absent), 0), c.x(0));
  }

  static Value selu(Call c) {
    float alpha = c.real("alpha", 1.67326319217681884765625f);
    return c.add(
        new Elementwise(Unary.SELU, alpha, c.real("gamma", 1.05070102214813232421875f)), c.x(0));
  }

  static Value hardSigmoid(Call c) {
    return c.add(
        new Elementwise(Unary.HARD_SIGMOID, c.real("alpha", .2f), c.real("beta", .5f)), c.x(0));
  }

  static Value gelu(Call c) {
    String kind = c.text("approximate", "none");
    if (!kind.equals("none") && !kind.equals("tanh")) {
      throw CandelaException.of("approximate '%s'; supported are none and tanh", kind);
    }
    return c.add(new Elementwise(Unary.GELU, kind.equals("tanh") ? 1 : 0, 0), c.x(0));
  }

  static Value relu(Call c) {
    return c.add(new Rectify(0, Float.POSITIVE_INFINITY), c.x(0));
  }

  static Value clip(Call c) {
    float lo = c.scalar(1, "min", Float.NEGATIVE_INFINITY);
    float hi = c.scalar(2, "max", Float.POSITIVE_INFINITY);
    return c.add(new Rectify(Math.min(lo, hi), hi), c.x(0));
  }

  static Value binary(Call c, Binary kind) {
    return c.binary(kind, c.x(0), c.x(1));
  }

  static Value div(Call c) {
    boolean whole = c.x(0).integer() && c.x(1).integer();
    return binary(c, whole ? Binary.INTEGER_DIV : Binary.DIV);
  }

  /** By default, and of integers only, the remainder has the sign of the divisor. */
  static Value mod(Call c) {
    if (c.integer("fmod", 0) != 0) {
      return binary(c, Binary.MOD);
    }
    if (!c.x(0).integer() || !c.x(1).integer()) {
      throw CandelaException.of("fmod 0 is defined for integers; floats need fmod 1");
    }
    Value rest = binary(c, Binary.MOD);
    return c.binary(Binary.MOD, c.binary(Binary.ADD, rest, c.x(1)), c.x(1));
  }

  static Value prelu(Call c) {
    return binary(c, Binary.PRELU);
  }

  static Value many(Call c, Binary kind) {
    Value y = c.x(0);
    for (int i = 1; i < c.inputs(); i++) {
      y = c.binary(kind, y, c.x(i));
    }
    return c.inputs() == 1 ? same(c, y) : y;
  }

  static Value mean(Call c) {
    return c.add(new Elementwise(Unary.LINEAR, 1f / c.inputs(), 0), many(c, Binary.ADD));
  }

  static Value where(Call c) {
    int rank = 0;
    for (int i = 0; i < 3; i++) {
      rank = Math.max(rank, c.x(i).shape().rank());
    }
    return c.add(
        new Where(), c.lifted(c.x(0), rank), c.lifted(c.x(1), rank), c.lifted(c.x(2), rank));
  }

  static Value cast(Call c) {
    c.ignore("saturate", "round_mode");
    long to = c.integer("to", 1);
    ElementType type =
        ElementType.of(Math.toIntExact(to))
            .orElseThrow(() -> CandelaException.of("cast to type %d is not supported", to));
    Value x = c.x(0);
    if (type == ElementType.BOOL) {
      return c.add(new Elementwise(Unary.BOOLEAN), x);
    }
    if (type.isFloating()) {
      return x.integer() ? c.add(new Elementwise(Unary.LINEAR, 1, 0), x) : same(c, x);
    }
    return x.integer() ? same(c, x) : c.add(new Elementwise(Unary.TRUNCATE), x);
  }

  static Value same(Call c, Value x) {
    Shape s = x.shape();
    return c.reshape(x, s.dims());
  }
}
