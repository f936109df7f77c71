package candela.graph;

import candela.graph.op.AlongAxis;
import candela.graph.op.Concat;
import candela.graph.op.Expand;
import candela.graph.op.PadConstant;
import candela.graph.op.Slice;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Readers of operators that move elements, and of shapes. */
final class MoveReaders {
  /** Of an axis that padding may give, as the tables of resizing. */
  private static final int LONGEST = 1 << 20;

  private MoveReaders() {}

  static Value identity(Call c) {
    return ElementReaders.same(c, c.x(0));
  }

  static Value dropout(Call c) {
    c.ignore("ratio", "seed");
    if (c.has(2) && c.number(2, "training mode") != 0) {
      throw CandelaException.of("training mode is not supported; export the model for inference");
    }
    if (c.wants(1)) {
      Shape s = c.x(0).shape();
      Value one = c.lifted(c.of(Shape.SCALAR, 1f), s.rank());
      c.also(1, c.add(new Expand(s), one));
    }
    return ElementReaders.same(c, c.x(0));
  }

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
      case null, default -> throw CandelaException.of("the value is neither float nor integer");
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
      return c.of(shape, longs);
    }
    c.builder().make(shape.count());
    String name = c.node().name();
    return Value.constant(name, OnnxTensor.filled(name, shape, v == null ? 0 : v.floats()[0]));
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
    return (int) Math.clamp(i < 0 ? i + rank : i, 0, rank);
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

  static Value reshape(Call c) {
    Shape x = c.x(0).shape();
    int[] d = Call.narrow(c.needed(1, "shape"));
    boolean allowZero = c.integer("allowzero", 0) != 0;
    int b = c.builder().batch();
    int made = c.builder().modelBatch();
    if (b != made && d.length > 0 && d[0] == made && x.rank() > 0 && x.dim(0) == b) {
      d[0] = b;
    }
    int open = -1;
    long rest = 1;
    for (int i = 0; i < d.length; i++) {
      if (d[i] == 0 && !allowZero) {
        if (i >= x.rank()) {
          throw CandelaException.of("entry %d of the shape copies an axis that %s has not", i, x);
        }
        d[i] = x.dim(i);
      }
      if (d[i] == -1 && open < 0) {
        open = i;
      } else if (d[i] < 0) {
        throw CandelaException.of(
            "shape %s: lengths of 0 or more and one -1 expected", Arrays.toString(d));
      } else {
        rest = Math.multiplyExact(rest, d[i]);
      }
    }
    if (open >= 0) {
      d[open] = rest == 0 ? 0 : Math.toIntExact(x.count() / rest);
    }
    return c.reshape(c.x(0), d);
  }

  static Value flatten(Call c) {
    Shape x = c.x(0).shape();
    long axis = c.integer("axis", 1);
    int at = axis == x.rank() ? x.rank() : Call.axis(axis, x.rank());
    return c.reshape(c.x(0), x.count(0, at), x.count(at, x.rank()));
  }

  static Value squeeze(Call c) {
    Shape x = c.x(0).shape();
    long[] axes = c.longs(1, "axes");
    boolean[] gone = new boolean[x.rank()];
    for (int i = 0; i < x.rank(); i++) {
      gone[i] = axes == null && x.dim(i) == 1;
    }
    for (int i = 0; axes != null && i < axes.length; i++) {
      int a = Call.axis(axes[i], x.rank());
      if (x.dim(a) != 1) {
        throw CandelaException.of("axis %d of %s is not of length 1", a, x);
      }
      gone[a] = true;
    }
    List<Integer> d = new ArrayList<>();
    for (int i = 0; i < x.rank(); i++) {
      if (!gone[i]) {
        d.add(x.dim(i));
      }
    }
    return c.reshape(c.x(0), d.stream().mapToInt(i -> i).toArray());
  }

  static Value unsqueeze(Call c) {
    Shape x = c.x(0).shape();
    long[] axes = c.needed(1, "axes");
    int[] d = new int[x.rank() + axes.length];
    for (long a : axes) {
      int at = Call.axis(a, d.length);
      if (d[at] == -1) {
        throw CandelaException.of("axis %d is given twice", a);
      }
      d[at] = -1;
    }
    int next = 0;
    for (int i = 0; i < d.length; i++) {
      d[i] = d[i] == -1 ? 1 : x.dim(next++);
    }
    return c.reshape(c.x(0), d);
  }

  static Value transpose(Call c) {
    int rank = c.x(0).shape().rank();
    int[] perm = Call.narrow(c.integers("perm"));
    if (perm.length == 0) {
      perm = new int[rank];
      for (int i = 0; i < rank; i++) {
        perm[i] = rank - 1 - i;
      }
    }
    return c.transpose(c.x(0), perm);
  }

  static Value concat(Call c) {
    List<Value> in = new ArrayList<>();
    for (int i = 0; i < c.inputs(); i++) {
      in.add(c.x(i));
    }
    return c.add(new Concat(Call.axis(c.integer("axis", 1), c.x(0).shape().rank())), in);
  }

  static Value slice(Call c) {
    Shape x = c.x(0).shape();
    long[] starts = c.needed(1, "starts");
    long[] ends = c.needed(2, "ends");
    long[] axes = c.longs(3, "axes");
    long[] by = c.longs(4, "steps");
    int[] from = new int[x.rank()];
    int[] steps = new int[x.rank()];
    int[] sizes = x.dims();
    Arrays.fill(steps, 1);
    int n = starts.length;
    if (ends.length != n
        || (axes == null ? n > x.rank() : axes.length != n)
        || (by != null && by.length != n)) {
      throw CandelaException.of(
          "starts, ends, axes and steps of equal length expected, got %d, %d, %s, %s",
          n, ends.length, axes == null ? "none" : axes.length, by == null ? "none" : by.length);
    }
    for (int i = 0; i < n; i++) {
      int a = Call.axis(axes == null ? i : axes[i], x.rank());
      long step = by == null ? 1 : by[i];
      if (step == 0) {
        throw CandelaException.of("step 0 along axis %d", a);
      }
      int length = x.dim(a);
      step = Math.clamp(step, -length - 1L, length + 1L);
      long s = starts[i] < 0 ? starts[i] + length : starts[i];
      long e = ends[i] < 0 ? ends[i] + length : ends[i];
      s = Math.clamp(s, 0L, step > 0 ? length : Math.max(length - 1L, 0));
      e = Math.clamp(e, step > 0 ? 0L : -1L, (long) length);
      from[a] = (int) s;
      steps[a] = (int) step;
      long span = step > 0 ? e - s : s - e;
      sizes[a] = (int) Math.max(0, Math.ceilDiv(span, Math.abs(step)));
    }
    return c.add(new Slice(from, steps, sizes), c.x(0));
  }

  static Value split(Call c) {
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    int outputs = c.node().outputs().size();
    int[] sizes = c.ints(1, "split");
    c.ignore("num_outputs");
    if (sizes == null || sizes.length == 0) {
      sizes = new int[outputs];
      int each = Math.ceilDiv(x.dim(axis), outputs);
      Arrays.fill(sizes, each);
      sizes[outputs - 1] = x.dim(axis) - each * (outputs - 1);
    }
    boolean fits = sizes.length == outputs && Arrays.stream(sizes).allMatch(n -> n >= 0);
    if (!fits || Arrays.stream(sizes).asLongStream().sum() != x.dim(axis)) {
      throw CandelaException.of(
          "split %s: %d lengths expected that add up to axis %d of %s",
          Arrays.toString(sizes), outputs, axis, x);
    }
    Value first = null;
    int[] steps = new int[x.rank()];
    Arrays.fill(steps, 1);
    int at = 0;
    for (int i = 0; i < outputs; i++) {
      int[] from = new int[x.rank()];
      from[axis] = at;
      Value y = c.add(new Slice(from, steps, x.with(axis, sizes[i]).dims()), c.x(0));
      at += sizes[i];
      first = i == 0 ? y : first;
      if (i > 0) {
        c.also(i, y);
      }
    }
    return first;
  }

  static Value expand(Call c) {
    Shape to = Shape.broadcast(c.x(0).shape(), Shape.of(Call.narrow(c.needed(1, "shape"))));
    return c.add(new Expand(to), c.lifted(c.x(0), to.rank()));
  }

  static Value pad(Call c) {
    Shape x = c.x(0).shape();
    String mode = c.text("mode", "constant");
    int[] pads = c.ints(1, "pads");
    float value = c.scalar(2, "value", 0);
    long[] axes = c.longs(3, "axes");
    int[] before = new int[x.rank()];
    int[] after = new int[x.rank()];
    int n = axes == null ? x.rank() : axes.length;
    if (pads == null || pads.length != 2 * n) {
      throw CandelaException.of("the pads need %d entries", 2 * n);
    }
    for (int i = 0; i < n; i++) {
      int a = axes == null ? i : Call.axis(axes[i], x.rank());
      before[a] = pads[i];
      after[a] = pads[n + i];
      long longer = (long) x.dim(a) + pads[i] + pads[n + i];
      if (longer < 0 || longer > LONGEST || Math.min(pads[i], pads[n + i]) < -x.dim(a)) {
        throw CandelaException.of(
            "pads %d and %d do not fit axis %d of %s", pads[i], pads[n + i], a, x);
      }
    }
    int[] from = new int[x.rank()];
    int[] steps = new int[x.rank()];
    int[] sizes = x.dims();
    Arrays.fill(steps, 1);
    for (int i = 0; i < from.length; i++) {
      from[i] = Math.max(0, -before[i]);
      sizes[i] -= from[i] + Math.max(0, -after[i]);
      before[i] = Math.max(0, before[i]);
      after[i] = Math.max(0, after[i]);
    }
    Value inner =
        Arrays.equals(sizes, x.dims()) ? c.x(0) : c.add(new Slice(from, steps, sizes), c.x(0));
    boolean none = inner == c.x(0) && Arrays.stream(pads).allMatch(p -> p == 0);
    if (none) {
      return ElementReaders.same(c, inner);
    }
    return mode.equals("constant")
        ? c.add(new PadConstant(before, after, value), inner)
        : padByCopies(c, inner, mode, before, after);
  }

  private static Value padByCopies(Call c, Value x, String mode, int[] before, int[] after) {
    Value y = x;
    for (int a = 0; a < before.length; a++) {
      int n = y.shape().dim(a);
      if (before[a] == 0 && after[a] == 0) {
        continue;
      }
      if (n == 0) {
        throw CandelaException.of("axis %d of %s is empty: nothing to copy", a, y.shape());
      }
      int[] index = new int[n + before[a] + after[a]];
      for (int i = 0; i < index.length; i++) {
        int j = i - before[a];
        int period = Math.max(1, 2 * (n - 1));
        index[i] =
            switch (mode) {
              case "edge" -> Math.clamp(j, 0, n - 1);
              case "wrap" -> Math.floorMod(j, n);
              case "reflect" -> {
                int k = Math.floorMod(j, period);
                yield Math.min(k < n ? k : period - k, n - 1);
              }
              default ->
                  throw CandelaException.of(
                      "mode '%s'; supported are constant, edge, reflect, wrap", mode);
            };
      }
      y = c.add(AlongAxis.copies(a, index), y);
    }
    return y == c.x(0) ? ElementReaders.same(c, y) : y;
  }

  static Value depthToSpace(Call c) {
    Shape x = c.x(0).shape();
    int b = c.small("blocksize", 0);
    String mode = c.text("mode", "DCR");
    if (x.rank() != 4 || b < 1 || x.dim(1) % (b * b) != 0) {
      throw CandelaException.of("blocksize %d does not fit %s", b, x);
    }
    int k = x.dim(1) / (b * b);
    Value y;
    if (mode.equals("DCR")) {
      y = c.reshape(c.x(0), x.dim(0), b, b, k, x.dim(2), x.dim(3));
      y = c.transpose(y, 0, 3, 4, 1, 5, 2);
    } else {
      y = c.reshape(c.x(0), x.dim(0), k, b, b, x.dim(2), x.dim(3));
      y = c.transpose(y, 0, 1, 4, 2, 5, 3);
    }
    return c.reshape(y, x.dim(0), k, x.dim(2) * b, x.dim(3) * b);
  }

  static Value spaceToDepth(Call c) {
    Shape x = c.x(0).shape();
    int b = c.small("blocksize", 0);
    if (x.rank() != 4 || b < 1 || x.dim(2) % b != 0 || x.dim(3) % b != 0) {
      throw CandelaException.of("blocksize %d does not fit %s", b, x);
    }
    int h = x.dim(2) / b;
    int w = x.dim(3) / b;
    Value y = c.reshape(c.x(0), x.dim(0), x.dim(1), h, b, w, b);
    boolean columns = c.text("mode", "DCR").equals("CRD");
    y = columns ? c.transpose(y, 0, 1, 3, 5, 2, 4) : c.transpose(y, 0, 3, 5, 1, 2, 4);
    return c.reshape(y, x.dim(0), x.dim(1) * b * b, h, w);
  }
}
