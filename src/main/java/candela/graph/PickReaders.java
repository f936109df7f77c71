package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.ArgReduce;
import candela.graph.op.Elementwise;
import candela.graph.op.Pick;
import candela.graph.op.Put;
import candela.graph.op.Slice;
import candela.graph.op.Top;
import candela.graph.op.Where;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.List;

/** Readers of operators that pick elements at places which the image decides, or make such. */
final class PickReaders {
  /** Places along an axis that floats tell apart. */
  private static final int LONGEST = 1 << 24;

  /** Elements that a search for the largest of one row may look at, in all its rounds. */
  private static final long MOST_STEPS = 1L << 31;

  /** Classes of a OneHot. */
  private static final int DEEPEST = 1 << 20;

  private PickReaders() {}

  static Value gatherElements(Call c) {
    List<Value> in = c.together(2, true);
    Value index = c.builder().known(in.get(1));
    Shape x = in.get(0).shape();
    Shape s = index.shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    if (!index.integer()) {
      throw CandelaException.of("the indices must be integers, '%s' are not", index.name());
    }
    boolean fits = s.rank() == x.rank();
    for (int d = 0; fits && d < s.rank(); d++) {
      fits = d == axis || s.dim(d) <= x.dim(d);
    }
    if (!fits) {
      throw CandelaException.of("indices %s do not fit %s", s, x);
    }
    if (index.isConstant()) {
      IndexReaders.elements(x, index.constant(), axis);
    }
    return c.add(new Pick(axis), first(c, in.get(0), s.with(axis, x.dim(axis))), index);
  }

  /** At computed places, of which ONNX wants each to be written once, unless writes are added. */
  static Value scatterElements(Call c) {
    List<Value> in = c.together(3, true);
    Value data = in.get(0);
    Value index = in.get(1);
    Shape x = data.shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    String reduction = c.text("reduction", "none");
    boolean added = reduction.equals("add");
    if (!added && !reduction.equals("none")) {
      throw CandelaException.of(
          "reduction '%s' at computed places; supported are none and add", reduction);
    }
    if (!index.integer() || !index.shape().with(axis, 1).equals(x.with(axis, 1))) {
      throw CandelaException.of(
          "'%s' %s are no places of all of %s", index.name(), index.shape(), x);
    }
    Put put = new Put(axis, x.dim(axis));
    Value written = c.add(put, in.get(2), index);
    if (added) {
      return c.binary(Binary.ADD, data, written);
    }
    Value ones = c.add(new Elementwise(Unary.LINEAR, 0, 1), index);
    Value times = c.add(put, ones, index);
    return chosen(c, c.binary(Binary.GREATER, times, c.of(Shape.SCALAR, 0f)), written, data);
  }

  /** As much of x as a shape says, from its beginning. */
  private static Value first(Call c, Value x, Shape to) {
    int[] steps = new int[to.rank()];
    Arrays.fill(steps, 1);
    Slice slice = new Slice(new int[to.rank()], steps, to.dims());
    return to.equals(x.shape()) ? x : c.add(slice, x);
  }

  /** The values are picked by their indices. */
  static Value topK(Call c) {
    c.ignore("sorted");
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", -1), x.rank());
    long k = c.opset() < 10 ? c.integer("k", -1) : (long) c.number(1, "k");
    int n = x.dim(axis);
    if (k < 0 || k > n || n > LONGEST || k * n > MOST_STEPS) {
      throw CandelaException.of(
          "k is %d for axis %d of %s; at most its length, and k times that at most 2^31, are"
              + " supported",
          k, axis, x);
    }
    boolean largest = c.integer("largest", 1) != 0;
    Value places = c.add(new Top(largest, axis, (int) k), c.x(0));
    Value y = c.add(new Pick(axis), c.x(0), places);
    c.also(1, places);
    return y;
  }

  static Value oneHot(Call c) {
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", -1), x.rank() + 1);
    double depth = c.number(1, "depth");
    if (!(depth >= 1 && depth <= DEEPEST)) {
      throw CandelaException.of("the depth is %s; 1 to %d are supported", depth, DEEPEST);
    }
    if (c.x(2).shape().count() != 2) {
      throw CandelaException.of("values %s; off and on expected", c.x(2).shape());
    }
    int classes = (int) depth;
    Value index = c.x(0).integer() ? c.x(0) : c.add(new Elementwise(Unary.TRUNCATE), c.x(0));
    Value behind = c.binary(Binary.ADD, index, c.of(Shape.SCALAR, (long) classes));
    Value negative = c.binary(Binary.LESS, index, c.of(Shape.SCALAR, 0L));
    Value place = c.add(new Where(), negative, behind, index);
    Value values = c.reshape(c.x(2), 2);
    Value hot = isPlace(c, c.reshape(place, x.inserted(axis, 1).dims()), axis, classes);
    return chosen(c, hot, number(c, values, 1), number(c, values, 0));
  }

  /** Number i of a list. */
  private static Value number(Call c, Value list, int i) {
    return c.add(new Slice(new int[] {i}, new int[] {1}, new int[] {1}), list);
  }

  /** Where an axis of length n counts what the only element of it there says. */
  private static Value isPlace(Call c, Value place, int axis, int n) {
    c.builder().make(n);
    int[] dims = new int[place.shape().rank()];
    Arrays.fill(dims, 1);
    dims[axis] = n;
    long[] count = new long[n];
    Arrays.setAll(count, i -> i);
    return c.binary(Binary.EQUAL, place, c.of(Shape.of(dims), count));
  }

  static Value chosen(Call c, Value where, Value yes, Value no) {
    int rank = where.shape().rank();
    return c.add(new Where(), where, c.lifted(yes, rank), c.lifted(no, rank));
  }

  /** 1 at the first of the largest. */
  static Value hardmax(Call c) {
    Value x = c.x(0);
    Shape s = x.shape();
    int axis = Call.axis(c.integer("axis", c.opset() < 13 ? 1 : -1), s.rank());
    if (c.opset() < 13) {
      x = c.reshape(x, s.count(0, axis), s.count(axis, s.rank()));
      axis = 1;
    }
    int n = x.shape().dim(axis);
    if (n < 1) {
      throw CandelaException.of("axis %d of %s is empty: it has no largest element", axis, s);
    }
    Value place = c.add(new ArgReduce(Reduction.MAX, false, axis), x);
    Value hot = isPlace(c, place, axis, n);
    Value y = chosen(c, hot, c.of(Shape.SCALAR, 1f), c.of(Shape.SCALAR, 0f));
    return c.reshape(y, s.dims());
  }
}
