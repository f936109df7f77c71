package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.AveragePool;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.MaxPool;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;
import candela.onnx.ElementType;
import candela.onnx.Minifloat;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;

/**
 * Readers of quantised models: integer levels q stand for the numbers (q − zero point) · scale.
 * Levels are held as float32, sums of products are those of the numbers, and gradients pass
 * straight through the steps where the range does not cut off (Jacob and others, CVPR 2018). Levels
 * may be floats of 8 or 4 bits, too (Micikevicius and others 2022).
 */
final class QuantizeReaders {
  /** Which integers there are. */
  private record Range(float lo, float hi) {
    static Range of(ElementType type) {
      return switch (type) {
        case UINT2, UINT4, UINT8, UINT16 -> new Range(0, (1 << type.bits()) - 1);
        case INT2, INT4, INT8, INT16 -> {
          int half = 1 << type.bits() - 1;
          yield new Range(-half, half - 1);
        }
        default ->
            throw CandelaException.of(
                "levels of type %s are not supported, only integers of 2 to 16 bits and floats of 4"
                    + " and 8",
                type);
      };
    }
  }

  /** Of a step: rounded, it gives 0 and not 1. */
  private static final float ALMOST_HALF = 0.49f;

  private static final int MOST_LOOKED_AT = 20;

  private QuantizeReaders() {}

  /**
   * The range reaches just short of half a step beyond the levels: there the gradient still passes,
   * as in PyTorch, and rounding gives the last level. Only where the zero point is the first level,
   * and x is not known to be above it, the range ends at 0 sharply: it is the network's ReLU.
   */
  static Value quantize(Call c) {
    c.ignore("axis", "block_size", "precision");
    boolean saturate = c.integer("saturate", 1) != 0;
    Value x = ElementReaders.real(c, c.x(0));
    Value scale = scale(c, false);
    Value zero = zero(c);
    ElementType type = levels(c);
    Optional<Minifloat> floats = type.minifloat();
    if (floats.isPresent()) {
      Value y = c.binary(Binary.DIV, x, along(c, scale, x.shape()));
      if (!zero.isZero()) {
        y = c.binary(Binary.ADD, y, along(c, zero, x.shape()));
      }
      return told(c, ElementReaders.rounded(c, y, floats.get(), saturate), type);
    }
    Range range = Range.of(type);
    if (scale.isNumber() && zero.isNumber()) {
      float step = number(scale);
      float offset = number(zero);
      boolean relu = offset == range.lo && !isNeverNegative(c.builder(), x, MOST_LOOKED_AT);
      float lo = relu ? 0 : (range.lo - offset - ALMOST_HALF) * step;
      Value y = c.add(new Rectify(lo, (range.hi - offset + ALMOST_HALF) * step), x);
      y = c.add(new Elementwise(Unary.QUANTIZE, step, 0), y);
      y = c.add(new Elementwise(Unary.LINEAR, 1 / step, 0), y);
      y = c.add(new Elementwise(Unary.QUANTIZE, 1, 0), y);
      return told(c, c.add(new Elementwise(Unary.LINEAR, 1, offset), y), type);
    }
    Value offset = along(c, ElementReaders.real(c, zero), x.shape());
    Value y = c.binary(Binary.DIV, x, along(c, scale, x.shape()));
    // before the zero point, which takes the last digits
    y = c.binary(Binary.ADD, c.add(new Elementwise(Unary.QUANTIZE, 1, 0), y), offset);
    y = c.add(new Rectify(range.lo - ALMOST_HALF, range.hi + ALMOST_HALF), y);
    return told(c, c.add(new Elementwise(Unary.QUANTIZE, 1, 0), y), type);
  }

  static Value dequantize(Call c) {
    c.ignore("axis", "block_size", "output_dtype");
    Value q = c.x(0);
    Value scale = scale(c, true);
    Value zero = zero(c);
    if (scale.isNumber() && zero.isNumber()) {
      Value rounded = rounded(c, q, number(scale), number(zero));
      if (rounded != null) {
        return rounded;
      }
    }
    Value y = ElementReaders.real(c, q);
    if (!zero.isZero()) {
      y = c.binary(Binary.SUB, y, along(c, ElementReaders.real(c, zero), q.shape()));
    }
    return c.binary(Binary.MUL, y, along(c, scale, q.shape()));
  }

  /**
   * The numbers that levels made at this scale and zero point stand for, moved as those were; null
   * where levels were made otherwise.
   */
  private static Value rounded(Call c, Value levels, float step, float offset) {
    Builder b = c.builder();
    Deque<Op> moves = new ArrayDeque<>();
    Node made = b.producer(levels);
    while (made != null && isMove(made.op())) {
      moves.push(made.op());
      made = b.producer(made.input(0));
    }
    Node shift = is(made, Unary.LINEAR, 1, offset);
    Node level = shift == null ? null : is(b.producer(shift.input(0)), Unary.QUANTIZE, 1, 0);
    Node unit = level == null ? null : is(b.producer(level.input(0)), Unary.LINEAR, 1 / step, 0);
    Node number = unit == null ? null : is(b.producer(unit.input(0)), Unary.QUANTIZE, step, 0);
    if (number == null) {
      return null;
    }
    Value y = number.output();
    for (Op move : moves) {
      y = c.add(move, y);
    }
    return moves.isEmpty() ? ElementReaders.same(c, y) : y;
  }

  /** What does to numbers as to their levels. */
  private static boolean isMove(Op op) {
    return op instanceof Reshape
        || op instanceof Transpose
        || op instanceof Slice
        || op instanceof MaxPool;
  }

  private static Node is(Node n, Unary kind, float alpha, float beta) {
    return n != null && n.op().equals(new Elementwise(kind, alpha, beta)) ? n : null;
  }

  /**
   * Whether x is the image, or what comes of a rectifier, a gate or a softmax.
   *
   * @param left how many nodes are looked at
   */
  private static boolean isNeverNegative(Builder b, Value x, int left) {
    Node n = b.producer(x);
    if (n == null) {
      return !x.isConstant();
    }
    return left > 0
        && switch (n.op()) {
          case Rectify r -> r.lo() >= 0;
          case Softmax s -> !s.log();
          case Elementwise e when e.kind() == Unary.QUANTIZE ->
              b.producer(n.input(0)) instanceof Node range
                  && range.op() instanceof Rectify r
                  && r.beginsAtZero(e.alpha());
          case Elementwise e -> e.kind().isNeverNegative();
          case AveragePool a -> isNeverNegative(b, n.input(0), left - 1);
          case Reduce r -> isNeverNegative(b, n.input(0), left - 1);
          case Op o when isMove(o) -> isNeverNegative(b, n.input(0), left - 1);
          default -> false;
        };
  }

  /**
   * A constant of its own: training does not move it, since ranges are made of it.
   *
   * @param read whether levels are read: then it may be 0, as of channels of zeros, and below, as
   *     of blocks whose outermost number is of the sign that has one level less
   */
  private static Value scale(Call c, boolean read) {
    Value s = c.builder().known(c.x(1));
    if (!s.isConstant()) {
      return s;
    }
    float[] values = s.constant().floats();
    for (float f : values) {
      if (!Float.isFinite(f) || !read && f <= 0) {
        throw CandelaException.of(
            "the scale must be a number%s, is %s; export it again", read ? "" : " above 0", f);
      }
    }
    return c.of(s.shape(), values);
  }

  private static Value zero(Call c) {
    return c.has(2) ? c.builder().known(c.x(2)) : c.of(Shape.SCALAR, 0L);
  }

  /** The attribute's type, else the zero point's; without both uint8. */
  private static ElementType levels(Call c) {
    long code = c.integer("output_dtype", 0);
    if (code != 0) {
      return ElementType.of(Math.toIntExact(code))
          .orElseThrow(
              () -> CandelaException.of("levels of type number %d are not supported", code));
    }
    ElementType type = c.has(2) ? c.builder().type(c.x(2)) : ElementType.UINT8;
    if (type == null) {
      throw CandelaException.of(
          "the zero point '%s' is computed, and no cast tells its type; give output_dtype",
          c.x(2).name());
    }
    return type;
  }

  private static Value told(Call c, Value levels, ElementType type) {
    boolean whole = levels.isConstant() && !type.isFloating();
    Value y = whole ? c.add(new Elementwise(Unary.TRUNCATE), levels) : levels;
    return ElementReaders.typed(c, y, type);
  }

  private static float number(Value v) {
    return v.constant().floats()[0];
  }

  /**
   * Scales or zero points as they lie along x: one number; one for each place on the axis; or, with
   * a block size, one for so many places on it.
   */
  private static Value along(Call c, Value p, Shape x) {
    long block = c.integer("block_size", 0);
    long given = c.integer("axis", 1);
    if (p.shape().count() == 1) {
      return p.shape().rank() <= x.rank() ? p : c.reshape(p);
    }
    int axis = Call.axis(given, x.rank());
    if (block > 0) {
      return blocks(c, p, x, axis, (int) Math.min(block, Math.max(1, x.dim(axis))));
    }
    if (p.shape().rank() != 1) {
      return p;
    }
    if (p.shape().dim(0) != x.dim(axis)) {
      throw CandelaException.of(
          "%d scales or zero points for %d places on axis %d", p.shape().dim(0), x.dim(axis), axis);
    }
    int[] d = new int[x.rank()];
    Arrays.fill(d, 1);
    d[axis] = p.shape().dim(0);
    return c.reshape(p, d);
  }

  private static Value blocks(Call c, Value p, Shape x, int axis, int block) {
    Shape s = p.shape();
    if (s.rank() != x.rank() || !s.equals(x.with(axis, (x.dim(axis) + block - 1) / block))) {
      throw CandelaException.of(
          "scales or zero points %s do not fit %s in blocks of %d on axis %d", s, x, block, axis);
    }
    Value each = c.reshape(p, s.inserted(axis + 1, 1).dims());
    Value repeated = c.add(new Expand(s.inserted(axis + 1, block)), each);
    Shape whole = s.with(axis, Math.multiplyExact(s.dim(axis), block));
    int[] steps = new int[x.rank()];
    Arrays.fill(steps, 1);
    Slice cut = new Slice(new int[x.rank()], steps, s.with(axis, x.dim(axis)).dims());
    return c.add(cut, c.reshape(repeated, whole.dims()));
  }
}
