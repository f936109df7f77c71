package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.MatMul;
import candela.graph.op.Rectify;
import candela.graph.op.Reshape;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;
import candela.graph.op.Where;
import candela.onnx.ElementType;
import candela.onnx.Minifloat;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/** Readers of operators that work element by element. */
final class ElementReaders {
  /** Nodes and constants between a softmax and the products whose sums it reads, at most. */
  private static final int MOST_SUMS = 32;

  /** From here on log(1 + e^x) is x: e^-15 is less than half of the last digit of 15. */
  private static final float STRAIGHT = 15;

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

  static Value shrink(Call c) {
    return c.add(new Elementwise(Unary.SHRINK, c.real("lambd", .5f), c.real("bias", 0)), c.x(0));
  }

  static Value swiglu(Call c) {
    List<Value> in = c.together(2, true);
    if (!in.get(0).shape().equals(in.get(1).shape())) {
      throw CandelaException.of(
          "operands %s and %s must have one shape", in.get(0).shape(), in.get(1).shape());
    }
    Value gate = c.add(new Elementwise(Unary.SWISH, c.real("alpha", 1), 0), in.get(0));
    return c.binary(Binary.MUL, gate, in.get(1));
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
    List<Value> in = c.together(2, false);
    return c.binary(kind, in.get(0), in.get(1));
  }

  static Value div(Call c) {
    boolean whole = c.x(0).integer() && c.x(1).integer();
    return binary(c, whole ? Binary.INTEGER_DIV : Binary.DIV);
  }

  /** A power of integers is an integer, even where a device's is a little off. */
  static Value pow(Call c) {
    Value y = binary(c, Binary.POW);
    Unary cut = c.x(1).integer() ? Unary.ROUND : Unary.TRUNCATE;
    return c.x(0).integer() ? c.add(new Elementwise(cut), y) : y;
  }

  /** By default the remainder has the sign of the divisor. */
  static Value mod(Call c) {
    Value rest = binary(c, Binary.MOD);
    if (c.integer("fmod", 0) != 0) {
      return rest;
    }
    Value b = c.together(2, false).get(1);
    Value signs = c.binary(Binary.MUL, sign(c, rest), sign(c, b));
    Value zero = rest.integer() ? c.of(Shape.SCALAR, 0L) : c.of(Shape.SCALAR, 0f);
    Value opposite = c.binary(Binary.LESS, signs, zero);
    return c.add(new Where(), opposite, c.binary(Binary.ADD, rest, b), rest);
  }

  private static Value sign(Call c, Value x) {
    return c.add(new Elementwise(Unary.SIGN), x);
  }

  static Value prelu(Call c) {
    return binary(c, Binary.PRELU);
  }

  static Value many(Call c, Binary kind) {
    List<Value> in = c.together(c.inputs(), false);
    Value y = in.get(0);
    for (int i = 1; i < in.size(); i++) {
      y = c.binary(kind, y, in.get(i));
    }
    return c.inputs() == 1 ? same(c, y) : y;
  }

  static Value mean(Call c) {
    return c.add(new Elementwise(Unary.LINEAR, 1f / c.inputs(), 0), many(c, Binary.ADD));
  }

  /** Only a NaN differs from itself. */
  static Value isNaN(Call c) {
    return c.add(new Elementwise(Unary.NOT), c.binary(Binary.EQUAL, c.x(0), c.x(0)));
  }

  static Value isInf(Call c) {
    boolean negative = c.integer("detect_negative", 1) != 0;
    boolean positive = c.integer("detect_positive", 1) != 0;
    Value x = negative && positive ? c.add(new Elementwise(Unary.ABS), c.x(0)) : c.x(0);
    float end = positive ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
    // nothing is equal to NaN
    float sought = negative || positive ? end : Float.NaN;
    return c.binary(Binary.EQUAL, x, c.of(Shape.SCALAR, sought));
  }

  static Value where(Call c) {
    if (isGuard(c) || isStraightEnd(c)) {
      return same(c, c.x(2));
    }
    List<Value> in = c.together(3, false);
    int rank = in.stream().mapToInt(v -> v.shape().rank()).max().orElseThrow();
    return c.add(new Where(), in.stream().map(v -> c.lifted(v, rank)).toList());
  }

  /**
   * Whether it puts a constant in the place of what a softmax has of NaNs, and that has none: of
   * finite numbers. Exporters guard each attention so against rows that are masked throughout.
   */
  private static boolean isGuard(Call c) {
    Value x = c.x(2);
    Node not = Rewrite.elementwise(c.builder().producer(c.x(0)), Unary.NOT);
    Node equal =
        not == null ? null : Rewrite.binary(c.builder().producer(not.input(0)), Binary.EQUAL);
    Node softmax = c.builder().producer(x);
    return c.x(1).isNumber()
        && c.x(1).shape().rank() <= x.shape().rank()
        && equal != null
        && equal.input(0) == x
        && equal.input(1) == x
        && softmax != null
        && softmax.op() instanceof Softmax
        && isFinite(c.builder(), softmax.input(0), new int[] {MOST_SUMS});
  }

  /**
   * Whether it puts x in the place of softplus(β x) / β where β x is so large that the two are one
   * float32: exporters write softplus so.
   */
  private static boolean isStraightEnd(Call c) {
    Builder builder = c.builder();
    Node above = Rewrite.binary(builder.producer(c.x(0)), Binary.GREATER);
    if (above == null || !(number(above.input(1)) >= STRAIGHT)) {
      return false;
    }
    Value steep = above.input(0);
    Node soft = builder.producer(c.x(2));
    Node divided = Rewrite.binary(soft, Binary.DIV);
    boolean same = steep == c.x(1);
    if (divided != null) {
      Node times = Rewrite.binary(builder.producer(steep), Binary.MUL);
      same =
          times != null
              && times.input(0) == c.x(1)
              && number(times.input(1)) == number(divided.input(1));
      soft = builder.producer(divided.input(0));
    }
    soft = Rewrite.elementwise(soft, Unary.SOFTPLUS);
    return same && soft != null && soft.input(0) == steep;
  }

  /** The one number that a constant is, else NaN. */
  private static float number(Value v) {
    boolean one = v.isNumber() && !v.integer();
    return one ? v.constant().floats()[0] : Float.NaN;
  }

  /**
   * Whether v is the sum of products and finite constants, as the scores of an attention are:
   * finite unless something overflows.
   *
   * @param left how many more nodes are looked at
   */
  private static boolean isFinite(Builder builder, Value v, int[] left) {
    if (left[0]-- <= 0) {
      return false;
    }
    if (v.isConstant()) {
      for (float f : v.constant().floats()) {
        if (!Float.isFinite(f)) {
          return false;
        }
      }
      return true;
    }
    Node n = builder.producer(v);
    if (n == null) {
      return false;
    }
    return switch (n.op()) {
      case MatMul m -> true;
      case BinaryOp b when b.kind() == Binary.ADD || b.kind() == Binary.MUL ->
          isFinite(builder, n.input(0), left) && isFinite(builder, n.input(1), left);
      case Reshape r -> isFinite(builder, n.input(0), left);
      case Transpose t -> isFinite(builder, n.input(0), left);
      default -> false;
    };
  }

  static Value cast(Call c) {
    return cast(c, c.x(0), c.integer("to", 1));
  }

  /** x as a type, by ONNX's number of it. */
  static Value cast(Call c, Value x, long to) {
    ElementType type =
        ElementType.of(Math.toIntExact(to))
            .orElseThrow(() -> CandelaException.of("cast to type %d is not supported", to));
    return cast(c, x, type);
  }

  static Value castLike(Call c) {
    Value like = c.x(1);
    ElementType type = c.builder().type(like);
    if (like.integer() && type == null) {
      throw CandelaException.of(
          "supported are types of floats, constants, inputs and casts; '%s' is integers or booleans"
              + " that are computed at run time",
          like.name());
    }
    return cast(c, c.x(0), type == null ? ElementType.FLOAT : type);
  }

  private static Value cast(Call c, Value x, ElementType type) {
    c.ignore("round_mode", "saturate");
    return typed(c, type.isFloating() ? floating(c, x, type) : whole(c, x, type), type);
  }

  /** y, which has that type in the model. */
  static Value typed(Call c, Value y, ElementType type) {
    if (y.isConstant()) {
      return Value.constant(y.name(), y.constant().as(type));
    }
    c.builder().tell(y, type);
    return y;
  }

  /** Integers as float32. */
  static Value real(Call c, Value x) {
    return x.integer() ? c.add(new Elementwise(Unary.LINEAR, 1, 0), x) : x;
  }

  private static Value floating(Call c, Value x, ElementType type) {
    boolean saturate = c.integer("saturate", 1) != 0;
    Value y = real(c, x);
    if (type == ElementType.FLOAT8E8M0) {
      throw CandelaException.of("casts to %s are not supported", type);
    }
    return type.minifloat().map(m -> rounded(c, y, m, saturate)).orElseGet(() -> same(c, y));
  }

  /**
   * The nearest of those floats; beyond the largest it is that, or without saturation none. The
   * gradient passes straight through the steps, and ends just short of half a step beyond the
   * largest.
   */
  static Value rounded(Call c, Value x, Minifloat m, boolean saturate) {
    boolean ends = saturate || m.bits() < Byte.SIZE;
    float bound = ends ? m.most() + .49f * m.lastStep() : 2 * m.most();
    Value y = c.add(new Rectify(-bound, bound), x);
    y = c.add(new Elementwise(Unary.QUANTIZE, m.step(), m.relativeStep()), y);
    if (ends) {
      return y;
    }
    float none = m.infinite() ? Float.POSITIVE_INFINITY : Float.NaN;
    y = beyond(c, y, Binary.GREATER, m.most(), none);
    return beyond(c, y, Binary.LESS, -m.most(), -none);
  }

  private static Value beyond(Call c, Value x, Binary side, float end, float instead) {
    Value is = c.binary(side, x, c.of(Shape.SCALAR, end));
    return c.add(new Where(), is, c.of(Shape.SCALAR, instead), x);
  }

  private static Value whole(Call c, Value x, ElementType type) {
    if (type == ElementType.BOOL) {
      return c.add(new Elementwise(Unary.BOOLEAN), x);
    }
    Value y = x.integer() ? x : c.add(new Elementwise(Unary.TRUNCATE), x);
    return isWhole(c, x) || type.bits() < Byte.SIZE ? wrapped(c, y, type) : y;
  }

  /**
   * Whether x is integers to the model, levels too. Beyond the ends of types of 8 bits and more,
   * floats have no cast that ONNX would tell.
   */
  private static boolean isWhole(Call c, Value x) {
    ElementType from = c.builder().type(x);
    return x.integer() || from != null && !from.isFloating();
  }

  /** Of integers the last bits, where a type has less of them than floats tell exactly. */
  private static Value wrapped(Call c, Value x, ElementType type) {
    if (x.isConstant() || type.bits() > 16) {
      return same(c, x);
    }
    float size = 1 << type.bits();
    float half = type.wrap(-1) < 0 ? size / 2 : 0;
    Value turns = c.add(new Elementwise(Unary.LINEAR, 1 / size, half / size), x);
    turns = c.add(new Elementwise(Unary.FLOOR), turns);
    Value whole = c.add(new Elementwise(Unary.LINEAR, size, 0), turns);
    return c.add(new Elementwise(Unary.TRUNCATE), c.binary(Binary.SUB, x, whole));
  }

  static Value same(Call c, Value x) {
    Shape s = x.shape();
    return c.reshape(x, s.dims());
  }
}
