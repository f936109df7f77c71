package candela.graph;

import candela.onnx.ElementType;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Readers of operators that give constants, and of shapes. */
final class ConstantReaders {
  /** What an element of a window takes, in elements that are made. */
  private static final int COSINES = 16;

  private ConstantReaders() {}

  static Value constant(Call c) {
    OnnxAttribute a = null;
    for (String n : List.of("value", "value_float", "value_floats", "value_int", "value_ints")) {
      a = c.attribute(n) == null ? a : c.attribute(n);
    }
    return switch (a) {
      case OnnxAttribute.Tensor t -> Value.constant(t.value().name(), t.value());
      case OnnxAttribute.Int i -> c.of(Shape.SCALAR, i.value());
      case OnnxAttribute.Float f -> c.of(Shape.SCALAR, f.value());
      case OnnxAttribute.Ints v ->
          c.of(Shape.of(v.values().size()), v.values().stream().mapToLong(i -> i).toArray());
      case OnnxAttribute.Floats v -> {
        float[] f = new float[v.values().size()];
        for (int i = 0; i < f.length; i++) {
          f[i] = v.values().get(i);
        }
        yield c.of(Shape.of(f.length), f);
      }
      case null, default ->
          throw CandelaException.of(
              "a value of floats, integers or a tensor expected; export the model without it");
    };
  }

  static Value constantOfShape(Call c) {
    Shape shape = Shape.of(Call.narrow(c.needed(0, "shape")));
    OnnxTensor v = c.attribute("value") instanceof OnnxAttribute.Tensor t ? t.value() : null;
    if (v != null && v.shape().count() != 1) {
      throw CandelaException.of("the value must be a single number, is %s", v.shape());
    }
    if (v != null && v.isInteger()) {
      if (shape.count() > Fold.LARGEST) {
        throw CandelaException.of(
            "integer constant %s has more than %d elements", shape, Fold.LARGEST);
      }
      long[] longs = new long[shape.count()];
      Arrays.fill(longs, v.longs()[0]);
      Value y = c.of(shape, longs);
      return Value.constant(y.name(), y.constant().as(v.type()));
    }
    c.builder().make(shape.count());
    String name = c.node().name();
    OnnxTensor y = OnnxTensor.filled(name, shape, v == null ? 0 : v.floats()[0]);
    return Value.constant(name, v == null ? y : y.as(v.type()));
  }

  /** Ones along a diagonal. */
  static Value eyeLike(Call c) {
    Shape x = c.x(0).shape();
    if (x.rank() != 2) {
      throw CandelaException.of("input %s must be a matrix", x);
    }
    long type =
        c.integer("dtype", c.x(0).integer() ? ElementType.INT64.code() : ElementType.FLOAT.code());
    long above = c.integer("k", 0);
    c.builder().make(x.count());
    long[] ones = new long[x.count()];
    for (int i = 0; i < ones.length; i++) {
      ones[i] = i % x.dim(1) - i / x.dim(1) == above ? 1 : 0;
    }
    return ElementReaders.cast(c, c.of(x, ones), type);
  }

  static Value shape(Call c) {
    int[] d = c.x(0).shape().dims();
    int from = bound(c.integer("start", 0), d.length);
    int to = bound(c.integer("end", d.length), d.length);
    long[] part =
        Arrays.stream(Arrays.copyOfRange(d, Math.min(from, to), to)).asLongStream().toArray();
    return c.of(Shape.of(part.length), part);
  }

  private static int bound(long i, int rank) {
    return Math.clamp(i < 0 ? i + rank : i, 0, rank);
  }

  static Value size(Call c) {
    return c.of(Shape.SCALAR, (long) c.x(0).shape().count());
  }

  static Value range(Call c) {
    double from = c.number(0, "start");
    double step = c.number(2, "delta");
    double count = Math.max(0, Math.ceil((c.number(1, "limit") - from) / step));
    if (!(count <= Fold.LARGEST)) {
      throw CandelaException.of(
          "range of %s elements; at most %d are supported", count, Fold.LARGEST);
    }
    int n = (int) count;
    long[] longs = new long[n];
    float[] floats = new float[n];
    for (int i = 0; i < n; i++) {
      longs[i] = (long) (from + i * step);
      floats[i] = (float) (from + i * step);
    }
    return c.x(0).integer() ? c.of(Shape.of(n), longs) : c.of(Shape.of(n), floats);
  }

  /** Of cosines: a - b cos t + d cos 2t. */
  static Value window(Call c, double a, double b, double d) {
    double size = c.number(0, "size");
    if (!(size >= 0 && size <= Fold.LARGEST)) {
      throw CandelaException.of(
          "window of %s elements; at most %d are supported", size, Fold.LARGEST);
    }
    int n = (int) size;
    c.builder().make((long) COSINES * n);
    double turn = 2 * Math.PI / (c.integer("periodic", 1) != 0 ? n : Math.max(1, n - 1));
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      y[i] = (float) (a - b * Math.cos(i * turn) + d * Math.cos(2 * i * turn));
    }
    long type = c.integer("output_datatype", ElementType.FLOAT.code());
    return ElementReaders.cast(c, c.of(Shape.of(n), y), type);
  }
}
