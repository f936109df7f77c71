package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.Rectify;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.onnx.ElementType;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/**
 * Readers of quantised models: integer levels q stand for the numbers (q − zero point) · scale.
 * Levels are held as float32, sums of products are those of the numbers, and gradients pass
 * straight through the steps where the range does not cut off (Jacob and others, CVPR 2018).
 */
final class QuantizeReaders {
  /** Which integers there are. */
  private record Range(float lo, float hi) {
    static Range of(ElementType type) {
      return switch (type) {
        case UINT8 -> new Range(0, 255);
        case INT8 -> new Range(-128, 127);
        case UINT16 -> new Range(0, 65_535);
        case INT16 -> new Range(-32_768, 32_767);
        default ->
            throw CandelaException.of(
                "levels of type %s are not supported, only int8, uint8, int16 and uint16", type);
      };
    }
  }

  private QuantizeReaders() {}

  /** With one constant scale, what lies beyond the range is cut off before it is rounded. */
  static Value quantize(Call c) {
    c.ignore("axis", "block_size", "precision", "saturate");
    Value x = c.x(0);
    Value scale = scale(c);
    Value zero = c.has(2) ? c.builder().known(c.x(2)) : c.of(Shape.SCALAR, 0L);
    Range range = range(c, zero);
    if (isNumber(scale) && isNumber(zero)) {
      float step = number(scale);
      float offset = number(zero);
      Value y =
          c.add(new Rectify((range.lo - offset) * step, (range.hi - offset) * step), real(c, x));
      y = c.add(new Elementwise(Unary.QUANTIZE, step, 0), y);
      y = c.add(new Elementwise(Unary.LINEAR, 1 / step, 0), y);
      y = c.add(new Elementwise(Unary.QUANTIZE, 1, 0), y);
      return c.add(new Elementwise(Unary.LINEAR, 1, offset), y);
    }
    Value y = c.binary(Binary.DIV, real(c, x), along(c, scale, x.shape()));
    y = c.add(new Elementwise(Unary.QUANTIZE, 1, 0), y);
    y = c.binary(Binary.ADD, y, along(c, real(c, zero), x.shape()));
    return c.add(new Rectify(range.lo, range.hi), y);
  }

  static Value dequantize(Call c) {
    c.ignore("axis", "block_size", "output_dtype");
    Value q = c.x(0);
    Value scale = scale(c);
    Value zero = c.has(2) ? c.builder().known(c.x(2)) : c.of(Shape.SCALAR, 0L);
    boolean numbers = isNumber(scale) && isNumber(zero);
    Value rounded = numbers ? rounded(c.builder(), q, number(scale), number(zero)) : null;
    if (rounded != null) {
      return c.reshape(rounded, q.shape().dims());
    }
    Value y = real(c, q);
    if (!isNumber(zero) || number(zero) != 0) {
      y = c.binary(Binary.SUB, y, along(c, real(c, zero), q.shape()));
    }
    return c.binary(Binary.MUL, y, along(c, scale, q.shape()));
  }

  /**
   * The numbers, in any shape, that levels just made at this scale and zero point stand for; null
   * where levels were made otherwise.
   */
  private static Value rounded(Builder b, Value levels, float step, float offset) {
    Node made = b.producer(levels);
    while (made != null && made.op() instanceof Reshape) {
      made = b.producer(made.input(0));
    }
    Node shift = is(made, Unary.LINEAR, 1, offset);
    Node level = shift == null ? null : is(b.producer(shift.input(0)), Unary.QUANTIZE, 1, 0);
    Node unit = level == null ? null : is(b.producer(level.input(0)), Unary.LINEAR, 1 / step, 0);
    Node number = unit == null ? null : is(b.producer(unit.input(0)), Unary.QUANTIZE, step, 0);
    return number == null ? null : number.output();
  }

  private static Node is(Node n, Unary kind, float alpha, float beta) {
    return n != null && n.op().equals(new Elementwise(kind, alpha, beta)) ? n : null;
  }

  private static Value scale(Call c) {
    Value s = c.builder().known(c.x(1));
    if (s.isConstant()) {
      for (float f : s.constant().floats()) {
        if (!(f > 0 && Float.isFinite(f))) {
          throw CandelaException.of("the scale must be above 0, is %s; export it again", f);
        }
      }
    }
    return s;
  }

  /** Of the attribute's type, else of the zero point's, else of uint8. */
  private static Range range(Call c, Value zero) {
    long code = c.integer("output_dtype", 0);
    if (code != 0) {
      return Range.of(
          ElementType.of(Math.toIntExact(code))
              .orElseThrow(
                  () -> CandelaException.of("levels of type number %d are not supported", code)));
    }
    if (!c.has(2)) {
      return Range.of(ElementType.UINT8);
    }
    OnnxTensor given = zero.isConstant() ? zero.constant() : null;
    if (given == null) {
      throw CandelaException.of(
          "the zero point must be a constant, '%s' is computed at run time", zero.name());
    }
    return Range.of(given.type());
  }

  private static boolean isNumber(Value v) {
    return v.isConstant() && v.shape().count() == 1;
  }

  private static float number(Value v) {
    return v.constant().floats()[0];
  }

  /** Integers as float32. */
  private static Value real(Call c, Value x) {
    return x.integer() ? c.add(new Elementwise(Unary.LINEAR, 1, 0), x) : x;
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
      return blocks(c, p, x, axis, Math.toIntExact(block));
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
    if (s.rank() != x.rank() || s.dim(axis) != (x.dim(axis) + block - 1L) / block) {
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
