package candela.graph;

import candela.device.Binary;
import candela.graph.op.AlongAxis;
import candela.graph.op.Expand;
import candela.graph.op.PadConstant;
import candela.graph.op.Slice;
import candela.graph.op.Where;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/** Readers of operators that pick, repeat or mask elements at constant places. */
final class IndexReaders {
  /** Longest axis of a CumSum; its table has half the square of that. */
  private static final int LONGEST = 2048;

  private IndexReaders() {}

  static Value gather(Call c) {
    if (!c.builder().known(c.x(1)).isConstant()) {
      return PlaceReaders.gather(c);
    }
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    OnnxTensor t = c.constant(1, "indices");
    if (c.isWritten(1, "indices") && c.images(0) == axis) {
      return gatherInImages(c, axis, t);
    }
    Value y = picked(c, c.x(0), axis, places(t, x, axis));
    int[] q = t.shape().dims();
    int[] d = new int[x.rank() - 1 + q.length];
    System.arraycopy(x.dims(), 0, d, 0, axis);
    System.arraycopy(q, 0, d, axis, q.length);
    System.arraycopy(x.dims(), axis + 1, d, axis + q.length, x.rank() - axis - 1);
    return c.reshape(y, d);
  }

  /** Rows that indices name, which count along an axis. */
  static int[] places(OnnxTensor indices, Shape x, int axis) {
    long[] given = integers(indices);
    int[] index = new int[given.length];
    for (int i = 0; i < index.length; i++) {
      index[i] = place(given[i], x, axis);
    }
    return index;
  }

  /** Of an axis along which images lie, whose outer part is an axis of its own for that. */
  private static Value gatherInImages(Call c, int axis, OnnxTensor indices) {
    Batching batching = c.builder().batching();
    String name = c.node().inputs().getFirst();
    Shape own = batching.own(name);
    if (batching.made() != 1 || indices.shape().rank() == 0 || batching.outer(name) > 1) {
      throw CandelaException.of("it picks along axis %d of %s, where images lie", axis, own);
    }
    Value apart = c.reshape(c.x(0), own.inserted(axis, c.builder().batch()).dims());
    Value picked = picked(c, apart, axis + 1, places(indices, own, axis));
    Shape y = batching.own(c.node().outputs().getFirst());
    return c.reshape(picked, batching.grown(y, axis).dims());
  }

  /** Elements index[0], index[1], … along the axis: a slice where they are evenly spaced. */
  static Value picked(Call c, Value x, int axis, int[] index) {
    int step = index.length > 1 ? index[1] - index[0] : 1;
    for (int i = 0; i < index.length; i++) {
      if (step == 0 || index[i] != index[0] + i * step) {
        return c.add(AlongAxis.copies(axis, index), x);
      }
    }
    int[] starts = new int[x.shape().rank()];
    int[] steps = new int[x.shape().rank()];
    Arrays.fill(steps, 1);
    starts[axis] = index.length > 0 ? index[0] : 0;
    steps[axis] = step;
    return c.add(new Slice(starts, steps, x.shape().with(axis, index.length).dims()), x);
  }

  /** Rows of the leading axes, seen as one. */
  static Value gatherNd(Call c) {
    if (!c.builder().known(c.x(1)).isConstant()) {
      return PlaceReaders.gatherNd(c);
    }
    Shape x = c.x(0).shape();
    OnnxTensor t = c.constant(1, "indices");
    int common = c.small("batch_dims", 0);
    if (common == 0 && t.shape().rank() > 1 && c.isWritten(1, "indices") && c.images(0) == 0) {
      return gatherTuplesInImages(c, t);
    }
    int[] rows = rows(x, t, common);
    int axes = common + t.shape().dim(-1);
    int[] rest = Arrays.copyOfRange(x.dims(), axes, x.rank());
    Value flat = c.reshape(c.x(0), joined(new int[] {x.count(0, axes)}, rest));
    Value y = picked(c, flat, 0, rows);
    int[] places = Arrays.copyOf(t.shape().dims(), t.shape().rank() - 1);
    return c.reshape(y, joined(places, rest));
  }

  /** In a file that was made for one image, tuples that pick among what is that image's. */
  private static Value gatherTuplesInImages(Call c, OnnxTensor t) {
    Batching batching = c.builder().batching();
    String name = c.node().inputs().getFirst();
    Shape own = batching.own(name);
    if (batching.made() != 1 || batching.outer(name) > 1) {
      throw CandelaException.of("it picks along axis 0 of %s, where images lie", own);
    }
    c.builder().keepApart(c.node().outputs().getFirst());
    int[] rows = rows(own, t, 0);
    int axes = t.shape().dim(-1);
    int inner = own.count(axes, own.rank());
    Value apart = c.reshape(c.x(0), c.builder().batch(), own.count(0, axes), inner);
    Shape y = batching.own(c.node().outputs().getFirst());
    return c.reshape(picked(c, apart, 1, rows), batching.grown(y, 0).dims());
  }

  /**
   * Which row of the leading axes each index tuple names.
   *
   * @param common leading axes that x and the indices have in common, which no tuple counts
   */
  static int[] rows(Shape x, OnnxTensor t, int common) {
    int rank = t.shape().rank();
    boolean fits = common >= 0 && common < rank && common < x.rank();
    int axes = fits ? t.shape().dim(-1) : 0;
    for (int i = 0; i < common && fits; i++) {
      fits = t.shape().dim(i) == x.dim(i);
    }
    if (axes < 1 || !fits || axes > x.rank() - common) {
      throw CandelaException.of("indices %s do not fit %s", t.shape(), x);
    }
    long[] index = integers(t);
    int[] rows = new int[index.length / axes];
    int each = Math.max(1, t.shape().count(common, rank - 1));
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i / each;
      for (int k = 0; k < axes; k++) {
        rows[i] = rows[i] * x.dim(common + k) + place(index[i * axes + k], x, common + k);
      }
    }
    return rows;
  }

  /**
   * The elements of x that indices name, which count along an axis and have places of their own.
   */
  static int[] elements(Shape x, OnnxTensor t, int axis) {
    Shape s = t.shape();
    boolean fits = s.rank() == x.rank();
    for (int d = 0; fits && d < x.rank(); d++) {
      fits = d == axis || s.dim(d) <= x.dim(d);
    }
    if (!fits) {
      throw CandelaException.of("indices %s do not fit %s", s, x);
    }
    long[] index = integers(t);
    int[] elements = new int[index.length];
    int[] strides = s.strides();
    for (int i = 0; i < index.length; i++) {
      for (int d = 0; d < x.rank(); d++) {
        int at = d == axis ? place(index[i], x, d) : i / strides[d] % s.dim(d);
        elements[i] = elements[i] * x.dim(d) + at;
      }
    }
    return elements;
  }

  /** Such indices along the axis, where they are the same all over x; else null. */
  static int[] line(Shape x, OnnxTensor t, int axis) {
    if (t.shape().rank() != x.rank() || !t.shape().with(axis, 1).equals(x.with(axis, 1))) {
      return null;
    }
    int n = t.shape().dim(axis);
    int inner = x.count(axis + 1, x.rank());
    long[] index = integers(t);
    int[] line = new int[n];
    for (int i = 0; i < index.length; i++) {
      int at = place(index[i], x, axis);
      int k = i / inner % n;
      boolean first = i < inner * n && i % inner == 0;
      if (!first && line[k] != at) {
        return null;
      }
      line[k] = at;
    }
    return line;
  }

  private static long[] integers(OnnxTensor t) {
    if (!t.isInteger()) {
      throw CandelaException.of("the indices must be integers, are %s", t.type());
    }
    return t.longs();
  }

  private static int place(long index, Shape x, int axis) {
    int n = x.dim(axis);
    if (index < -n || index >= n) {
      throw CandelaException.of("index %d is outside axis %d of %s", index, axis, x);
    }
    return (int) (index < 0 ? index + n : index);
  }

  private static int[] joined(int[] a, int[] b) {
    int[] d = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, d, a.length, b.length);
    return d;
  }

  static Value tile(Call c) {
    long[] repeats = c.needed(1, "repeats");
    Value y = c.x(0);
    if (repeats.length != y.shape().rank()) {
      throw CandelaException.of("the repeats need %d entries", y.shape().rank());
    }
    for (int axis = 0; axis < repeats.length; axis++) {
      int n = y.shape().dim(axis);
      int wide = Math.multiplyExact(n, Math.toIntExact(repeats[axis]));
      Shape to = y.shape().with(axis, wide);
      if (n == 1) {
        y = wide == 1 ? y : c.add(new Expand(to), y);
      } else if (wide != n) {
        c.builder().make(wide);
        int[] index = new int[wide];
        Arrays.setAll(index, i -> i % n);
        y = picked(c, y, axis, index);
      }
    }
    return y == c.x(0) ? ElementReaders.same(c, y) : y;
  }

  /** Each sequence from its last step to its first; what comes behind stays. */
  static Value reverseSequence(Call c) {
    Value x = c.x(0);
    Shape s = x.shape();
    int time = Call.axis(c.integer("time_axis", 0), s.rank());
    int batch = Call.axis(c.integer("batch_axis", 1), s.rank());
    if (time + batch != 1) {
      throw CandelaException.of("axes %d and %d; 0 and 1 expected, or 1 and 0", time, batch);
    }
    long[] given = c.needed(1, "sequence_lens");
    boolean same = given.length > 0;
    for (long length : given) {
      same &= length == given[0];
      if (length < 0 || length > s.dim(time)) {
        throw CandelaException.of("a sequence of %d steps in %s", length, s);
      }
    }
    if (given.length != s.dim(batch) && !(same && c.images(0) == batch)) {
      throw CandelaException.of("%d lengths for %d sequences", given.length, s.dim(batch));
    }
    if (same) {
      int[] index = new int[s.dim(time)];
      Arrays.setAll(index, i -> i < given[0] ? (int) given[0] - 1 - i : i);
      return picked(c, x, time, index);
    }
    c.builder().make(s.count(0, 2));
    int[] index = new int[s.count(0, 2)];
    for (int i = 0; i < index.length; i++) {
      int[] at = {i / s.dim(1), i % s.dim(1)};
      long length = given[at[batch]];
      at[time] = at[time] < length ? (int) length - 1 - at[time] : at[time];
      index[i] = at[0] * s.dim(1) + at[1];
    }
    Value rows = c.reshape(x, index.length, s.count(2, s.rank()));
    return c.reshape(picked(c, rows, 0, index), s.dims());
  }

  static Value cumSum(Call c) {
    Shape x = c.x(0).shape();
    int axis = Call.axis((long) c.number(1, "axis"), x.rank());
    int n = x.dim(axis);
    if (n > LONGEST) {
      throw CandelaException.of("an axis of length %d; at most %d are supported", n, LONGEST);
    }
    boolean exclusive = c.integer("exclusive", 0) != 0;
    boolean reverse = c.integer("reverse", 0) != 0;
    int[] first = new int[n + 1];
    int[] index = new int[n * (n + 1) / 2];
    int taps = 0;
    for (int j = 0; j < n; j++) {
      int from = reverse ? j + (exclusive ? 1 : 0) : 0;
      int to = reverse ? n : j + (exclusive ? 0 : 1);
      for (int i = from; i < to; i++) {
        index[taps++] = i;
      }
      first[j + 1] = taps;
    }
    float[] one = new float[taps];
    Arrays.fill(one, 1);
    return c.add(new AlongAxis(axis, first, Arrays.copyOf(index, taps), one), c.x(0));
  }

  /**
   * Of each element with the one before it, of these with what lies two before, then four: in as
   * many steps as the length has bits, with the slopes of products, whatever is 0.
   */
  static Value cumProd(Call c) {
    Value y = c.x(0);
    int axis = Call.axis((long) c.number(1, "axis"), y.shape().rank());
    int n = y.shape().dim(axis);
    boolean reverse = c.integer("reverse", 0) != 0;
    if (c.integer("exclusive", 0) != 0) {
      y = moved(c, y, axis, Math.min(1, n), reverse);
    }
    for (int by = 1; by < n; by *= 2) {
      y = c.binary(Binary.MUL, y, moved(c, y, axis, by, reverse));
    }
    return y == c.x(0) ? ElementReaders.same(c, y) : y;
  }

  /** x moved to the end of an axis, or to its beginning, with ones where it was. */
  private static Value moved(Call c, Value x, int axis, int by, boolean back) {
    Shape kept = x.shape().with(axis, x.shape().dim(axis) - by);
    int[] starts = new int[kept.rank()];
    int[] steps = new int[kept.rank()];
    Arrays.fill(steps, 1);
    starts[axis] = back ? by : 0;
    int[] before = new int[kept.rank()];
    int[] after = new int[kept.rank()];
    (back ? after : before)[axis] = by;
    return c.add(
        new PadConstant(before, after, 1), c.add(new Slice(starts, steps, kept.dims()), x));
  }

  static Value trilu(Call c) {
    Shape x = c.x(0).shape();
    long k = (long) c.scalar(1, "diagonal", 0);
    boolean upper = c.integer("upper", 1) != 0;
    if (x.rank() < 2) {
      throw CandelaException.of("input %s must have two axes or more", x);
    }
    int rows = x.dim(-2);
    int columns = x.dim(-1);
    c.builder().make(Math.multiplyExact(rows, columns));
    long[] kept = new long[rows * columns];
    for (int i = 0; i < kept.length; i++) {
      long above = i % columns - i / columns - k;
      kept[i] = (upper ? above >= 0 : above <= 0) ? 1 : 0;
    }
    int[] d = new int[x.rank()];
    Arrays.fill(d, 1);
    Value zero = c.x(0).integer() ? c.of(Shape.of(d), 0L) : c.of(Shape.of(d), 0f);
    d[d.length - 2] = rows;
    d[d.length - 1] = columns;
    return c.add(new Where(), c.of(Shape.of(d), kept), c.x(0), zero);
  }
}
