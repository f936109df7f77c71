package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.function.LongBinaryOperator;

/** Readers of operators on the bits of integers, which must be constants: a device has floats. */
final class BitReaders {
  private BitReaders() {}

  static Value not(Call c) {
    OnnxTensor x = integers(c.x(0));
    return made(c, x.shape(), Arrays.stream(x.longs()).map(v -> ~v).toArray());
  }

  static Value binary(Call c, LongBinaryOperator f) {
    Shape to = Shape.broadcast(c.x(0).shape(), c.x(1).shape());
    long[] a = integers(c.expanded(c.x(0), to)).longs();
    long[] b = integers(c.expanded(c.x(1), to)).longs();
    for (int i = 0; i < a.length; i++) {
      a[i] = f.applyAsLong(a[i], b[i]);
    }
    return made(c, to, a);
  }

  /** By as many bits as there are or more, what the sign says is left. */
  static Value shift(Call c) {
    ElementType type = integers(c.x(0)).type();
    int bits = type.bits();
    String way = c.text("direction", "");
    return switch (way) {
      case "LEFT" -> binary(c, (v, n) -> n < 0 || n >= bits ? 0 : v << n);
      case "RIGHT" ->
          type == ElementType.UINT64
              ? binary(c, (v, n) -> n < 0 || n >= bits ? 0 : v >>> n)
              : binary(c, (v, n) -> v >> (n < 0 || n >= bits ? Long.SIZE - 1 : n));
      default -> throw CandelaException.of("direction '%s'; LEFT or RIGHT expected", way);
    };
  }

  private static OnnxTensor integers(Value x) {
    if (!x.isConstant() || !x.integer()) {
      throw CandelaException.of(
          "bits of '%s', which is %s; supported are constants of integers",
          x.name(), x.isConstant() ? "of floats" : "computed at run time");
    }
    return x.constant();
  }

  private static Value made(Call c, Shape shape, long[] y) {
    ElementType type = c.x(0).constant().type();
    return Value.constant(c.node().name(), c.of(shape, y).constant().as(type));
  }
}
