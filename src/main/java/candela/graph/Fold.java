package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.AlongAxis;
import candela.graph.op.ArgReduce;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.PadConstant;
import candela.graph.op.Pick;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Top;
import candela.graph.op.Transpose;
import candela.graph.op.Where;
import candela.onnx.ElementType;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/** Computes operators on constants in plain Java: shape arithmetic, and tables of positions. */
final class Fold {
  /** Most elements of integers: a device has none. */
  static final int LARGEST = 1 << 23;

  /** The same of floats: kernels are faster with more. */
  static final int MOST_FLOATS = 1 << 16;

  private Fold() {}

  static int most(boolean integer) {
    return integer ? LARGEST : MOST_FLOATS;
  }

  /** The result, or null where it is left to the session. */
  static OnnxTensor run(String name, Op op, List<Value> in, Shape shape, boolean integer) {
    int most = most(integer);
    if (shape.count() > most || in.stream().anyMatch(v -> v.shape().count() > most)) {
      return null;
    }
    if (op instanceof Reshape) {
      OnnxTensor x = in.get(0).constant();
      return new OnnxTensor(name, x.type(), shape, x.data());
    }
    double[] y = values(op, in, shape);
    if (y == null) {
      return null;
    }
    if (integer) {
      long[] longs = new long[y.length];
      for (int i = 0; i < y.length; i++) {
        longs[i] = (long) y[i];
      }
      return OnnxTensor.of(name, shape, longs).as(type(op, in));
    }
    float[] floats = new float[y.length];
    for (int i = 0; i < y.length; i++) {
      floats[i] = (float) y[i];
    }
    OnnxTensor t = OnnxTensor.of(name, shape, floats);
    return moves(op) ? t.as(in.get(0).constant().type()) : t;
  }

  /** Whether elements of the first input change place, no more: they are of its type. */
  static boolean moves(Op op) {
    return switch (op) {
      case Concat _, Expand _, PadConstant _, Pick _, Reshape _, Slice _, Transpose _ -> true;
      case AlongAxis a -> a.picks();
      default -> false;
    };
  }

  /** Of a result of integers or booleans. */
  private static ElementType type(Op op, List<Value> in) {
    if (op instanceof ArgReduce || op instanceof Top) {
      return ElementType.INT64;
    }
    Value x = in.get(op instanceof Where ? 1 : 0);
    boolean yes =
        switch (op) {
          case BinaryOp b ->
              switch (b.kind()) {
                case EQUAL, LESS, GREATER, LESS_EQUAL, GREATER_EQUAL, AND, OR, XOR -> true;
                default -> false;
              };
          case Elementwise e -> e.kind() == Unary.NOT || e.kind() == Unary.BOOLEAN;
          default -> false;
        };
    return yes ? ElementType.BOOL : x.integer() ? x.constant().type() : ElementType.INT64;
  }

  private static double[] values(Op op, List<Value> in, Shape shape) {
    double[] x = doubles(in.get(0));
    Shape from = in.get(0).shape();
    int[] strides = from.strides();
    return switch (op) {
      case Transpose t -> {
        int[] by = new int[strides.length];
        for (int d = 0; d < by.length; d++) {
          by[d] = strides[t.perm()[d]];
        }
        yield pick(x, shape, 0, by);
      }
      case Slice s -> {
        int first = 0;
        int[] by = new int[strides.length];
        for (int d = 0; d < by.length; d++) {
          first += s.starts()[d] * strides[d];
          by[d] = s.steps()[d] * strides[d];
        }
        yield pick(x, shape, first, by);
      }
      case Expand e -> seen(in.get(0), shape);
      case BinaryOp b -> {
        double[] p = seen(in.get(0), shape);
        double[] q = seen(in.get(1), shape);
        boolean whole = in.get(0).integer() && in.get(1).integer();
        for (int i = 0; i < p.length; i++) {
          p[i] = binary(b.kind(), p[i], q[i], whole);
        }
        yield p;
      }
      case Where w -> {
        double[] c = seen(in.get(0), shape);
        double[] p = seen(in.get(1), shape);
        double[] q = seen(in.get(2), shape);
        for (int i = 0; i < c.length; i++) {
          c[i] = c[i] != 0 ? p[i] : q[i];
        }
        yield c;
      }
      case Elementwise e -> unary(e, x);
      case Rectify r -> {
        for (int i = 0; i < x.length; i++) {
          x[i] = Math.min(Math.max(x[i], r.lo()), r.hi());
        }
        yield x;
      }
      case Concat c -> concat(c.axis(), in, shape);
      case AlongAxis a -> along(a, x, from, shape);
      case Pick p -> FoldPlaces.picked(p, x, doubles(in.get(1)), from, shape);
      case PadConstant p -> FoldPlaces.padded(p, x, from, shape);
      case Reduce r -> reduce(r, x, from, shape);
      case ArgReduce r -> FoldPlaces.place(r, x, from);
      case Top t -> FoldPlaces.places(t, x, from);
      default -> null;
    };
  }

  private static double[] doubles(Value v) {
    return doubles(v.constant());
  }

  /** All elements. */
  static double[] doubles(OnnxTensor t) {
    double[] r = new double[t.shape().count()];
    if (t.isInteger()) {
      long[] longs = t.longs();
      for (int i = 0; i < r.length; i++) {
        r[i] = longs[i];
      }
    } else {
      float[] floats = t.floats();
      for (int i = 0; i < r.length; i++) {
        r[i] = floats[i];
      }
    }
    return r;
  }

  /** The elements of v, broadcast. */
  private static double[] seen(Value v, Shape shape) {
    Shape x = v.shape();
    int[] strides = x.strides();
    int[] by = new int[shape.rank()];
    for (int d = 1; d <= x.rank(); d++) {
      by[by.length - d] = x.dim(-d) == 1 ? 0 : strides[strides.length - d];
    }
    return pick(doubles(v), shape, 0, by);
  }

  /** Elements from first on, so many apart along each axis. */
  private static double[] pick(double[] x, Shape shape, int first, int[] by) {
    double[] y = new double[shape.count()];
    int last = shape.rank() - 1;
    int n = last < 0 ? 1 : shape.dim(last);
    int step = last < 0 ? 0 : by[last];
    int[] index = new int[shape.rank()];
    int row = first;
    for (int i = 0; i < y.length; i += n) {
      for (int k = 0; k < n; k++) {
        y[i + k] = x[row + k * step];
      }
      for (int d = last - 1; d >= 0; d--) {
        row += by[d];
        if (++index[d] < shape.dim(d)) {
          break;
        }
        row -= shape.dim(d) * by[d];
        index[d] = 0;
      }
    }
    return y;
  }

  private static double binary(Binary kind, double a, double b, boolean whole) {
    if (b == 0 && whole && (kind == Binary.INTEGER_DIV || kind == Binary.MOD)) {
      throw CandelaException.of("division by zero in integer arithmetic");
    }
    return switch (kind) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case INTEGER_DIV -> (double) ((long) a / (long) b);
      case POW -> Math.pow(a, b);
      case MAX -> Math.max(a, b);
      case MIN -> Math.min(a, b);
      case PRELU -> a < 0 ? a * b : a;
      case EQUAL -> a == b ? 1 : 0;
      case LESS -> a < b ? 1 : 0;
      case GREATER -> a > b ? 1 : 0;
      case LESS_EQUAL -> a <= b ? 1 : 0;
      case GREATER_EQUAL -> a >= b ? 1 : 0;
      case AND -> a != 0 && b != 0 ? 1 : 0;
      case OR -> a != 0 || b != 0 ? 1 : 0;
      case XOR -> (a != 0) != (b != 0) ? 1 : 0;
      case MOD -> a % b;
    };
  }

  private static double[] unary(Elementwise e, double[] x) {
    for (int i = 0; i < x.length; i++) {
      double v = x[i];
      switch (e.kind()) {
        case NEG -> x[i] = -v;
        case ABS -> x[i] = Math.abs(v);
        case FLOOR -> x[i] = Math.floor(v);
        case CEIL -> x[i] = Math.ceil(v);
        case ROUND -> x[i] = Math.rint(v);
        case SQRT -> x[i] = Math.sqrt(v);
        case EXP -> x[i] = Math.exp(v);
        case LOG -> x[i] = Math.log(v);
        case RECIPROCAL -> x[i] = 1 / v;
        case SIGN -> x[i] = Math.signum(v);
        case NOT -> x[i] = v == 0 ? 1 : 0;
        case BOOLEAN -> x[i] = v != 0 ? 1 : 0;
        case TRUNCATE -> x[i] = v < 0 ? Math.ceil(v) : Math.floor(v);
        case QUANTIZE -> {
          double relative = e.beta() * Math.scalb(1.0, Math.getExponent(v));
          double step = relative > e.alpha() ? relative : e.alpha();
          x[i] = step * Math.rint(v / step);
        }
        case LINEAR -> x[i] = e.alpha() * v + e.beta();
        default -> {
          return null;
        }
      }
    }
    return x;
  }

  private static double[] concat(int axis, List<Value> in, Shape shape) {
    double[] y = new double[shape.count()];
    int row = shape.count(axis, shape.rank());
    int at = 0;
    for (Value v : in) {
      double[] x = doubles(v);
      int part = v.shape().count(axis, shape.rank());
      for (int o = 0; part > 0 && o < x.length / part; o++) {
        System.arraycopy(x, o * part, y, o * row + at, part);
      }
      at += part;
    }
    return y;
  }

  private static double[] along(AlongAxis a, double[] x, Shape from, Shape shape) {
    double[] y = new double[shape.count()];
    int inner = from.count(a.axis() + 1, from.rank());
    int n = from.dim(a.axis());
    int m = shape.dim(a.axis());
    for (int i = 0; i < y.length; i++) {
      int j = i / inner % m;
      int base = i / inner / m * n * inner + i % inner;
      for (int t = a.first()[j]; t < a.first()[j + 1]; t++) {
        y[i] += a.weight()[t] * x[base + a.index()[t] * inner];
      }
    }
    return y;
  }

  private static double[] reduce(Reduce r, double[] x, Shape from, Shape shape) {
    double[] y = new double[shape.count()];
    int n = from.count(r.from(), r.to());
    int inner = from.count(r.to(), from.rank());
    for (int i = 0; i < y.length; i++) {
      int base = i / inner * n * inner + i % inner;
      double sum =
          switch (r.kind()) {
            case SUM, MEAN -> 0;
            case PROD -> 1;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
          };
      for (int k = 0; k < n; k++) {
        double v = x[base + k * inner];
        sum =
            switch (r.kind()) {
              case SUM, MEAN -> sum + v;
              case PROD -> sum * v;
              case MAX -> Math.max(sum, v);
              case MIN -> Math.min(sum, v);
            };
      }
      y[i] = r.kind() == Reduction.MEAN ? sum / n : sum;
    }
    return y;
  }
}
