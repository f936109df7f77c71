package candela.graph;

import candela.device.Binary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Pick;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/**
 * Readers of Gather and GatherND at places that the image decides. Each image has its own: where a
 * file was made for one image, it picks among what is that image's; where its number is open,
 * exporters write the image's own number beside, or into, the places.
 */
final class PlaceReaders {
  /** Places that floats tell apart. */
  private static final int LONGEST = 1 << 24;

  private final Call c;
  private final Value x;
  private final Value index;

  private PlaceReaders(Call c) {
    this.c = c;
    x = c.x(0);
    index = c.x(1);
    if (!index.integer()) {
      throw CandelaException.of("the indices must be integers, '%s' are not", index.name());
    }
  }

  static Value gather(Call c) {
    return new PlaceReaders(c).gather();
  }

  static Value gatherNd(Call c) {
    return new PlaceReaders(c).gatherNd();
  }

  private Value gather() {
    Shape s = x.shape();
    int axis = Call.axis(c.integer("axis", 0), s.rank());
    int[] to = index.shape().dims();
    int[] dims = joined(Arrays.copyOf(s.dims(), axis), to, rest(s, axis + 1));
    int inner = s.count(axis + 1, s.rank());
    Value own = axis == 0 ? ownPlaces() : null;
    if (own != null) {
      return pickedApart(c.builder().batch(), s.dim(0) / c.builder().batch(), inner, own, dims);
    }
    int outer = s.count(0, axis);
    Value row = c.reshape(index, 1, index.shape().count());
    return picked(outer, s.dim(axis), inner, row, dims);
  }

  /** The places in the rows of the image alone, a row each; null where they are others'. */
  private Value ownPlaces() {
    int n = c.builder().batch();
    int count = index.shape().count();
    if (count % n != 0 || x.shape().dim(0) % n != 0) {
      return null;
    }
    if (isOneImages()) {
      return c.reshape(index, n, count / n);
    }
    Node sum = c.builder().producer(index);
    while (sum != null && sum.op() instanceof Reshape) {
      sum = c.builder().producer(sum.input(0));
    }
    if (sum == null || !(sum.op() instanceof BinaryOp b) || b.kind() != Binary.ADD) {
      return null;
    }
    Shape to = sum.output().shape();
    int from = sum.input(0).isConstant() ? 0 : 1;
    boolean own =
        to.rank() > 0
            && to.dim(0) == n
            && isOwn(c.expanded(sum.input(from), to), x.shape().dim(0) / n);
    return own ? c.reshape(c.expanded(sum.input(1 - from), to), n, count / n) : null;
  }

  /** Whether the file was made for one image, and both inputs hold several, one by one. */
  private boolean isOneImages() {
    return c.holdsEach(0)
        && c.holdsEach(1)
        && !c.builder().batching().isNumbered(c.node().inputs().get(1));
  }

  /** Whether a constant is, all over image i, so many times i. */
  private static boolean isOwn(Value v, int times) {
    if (!v.isConstant() || !v.integer()) {
      return false;
    }
    long[] all = v.constant().longs();
    int each = Math.max(1, all.length / Math.max(1, v.shape().dim(0)));
    for (int i = 0; i < all.length; i++) {
      if (all[i] != (long) (i / each) * times) {
        return false;
      }
    }
    return true;
  }

  /** Tuples of places in the leading axes, behind those that x and the indices have in common. */
  private Value gatherNd() {
    Shape s = x.shape();
    Shape t = index.shape();
    int common = c.small("batch_dims", 0);
    boolean fits = common >= 0 && common < t.rank() && common < s.rank();
    int axes = fits ? t.dim(-1) : 0;
    for (int i = 0; i < common && fits; i++) {
      fits = t.dim(i) == s.dim(i);
    }
    if (axes < 1 || !fits || axes > s.rank() - common) {
      throw CandelaException.of("indices %s do not fit %s", t, s);
    }
    int to = common + axes;
    int inner = s.count(to, s.rank());
    int[] dims = joined(Arrays.copyOf(t.dims(), t.rank() - 1), rest(s, to), new int[0]);
    int images = c.builder().batch();
    Value alone = axes == 1 && common == 0 ? ownPlaces() : null;
    if (alone != null) {
      return pickedApart(images, s.dim(0) / images, inner, alone, dims);
    }
    if (common == 0 && t.rank() > 1 && t.dim(0) == images && isOneImages()) {
      Shape own = s.with(0, s.dim(0) / images);
      return pickedApart(
          images, own.count(0, to), inner, rows(images, place(own, 0, 0, axes)), dims);
    }
    boolean own = common == 0 && axes > 1 && t.rank() > 1 && t.dim(0) == s.dim(0);
    if (own && s.dim(0) == images && isOwn(part(0), 1)) {
      return pickedApart(images, s.count(1, to), inner, rows(images, place(s, 1, 1, axes)), dims);
    }
    int outer = s.count(0, common);
    return picked(outer, s.count(common, to), inner, rows(outer, place(s, common, 0, axes)), dims);
  }

  private Value rows(int n, Value place) {
    return c.reshape(place, n, n == 0 ? 0 : place.shape().count() / n);
  }

  /**
   * Where the tuples point to in some axes of x, seen as one.
   *
   * @param axis the first of them
   * @param from the first part of a tuple
   */
  private Value place(Shape s, int axis, int from, int to) {
    if (to - from == 1) {
      return part(from);
    }
    Value sum = null;
    int last = axis + to - from;
    for (int i = from; i < to; i++) {
      int at = axis + i - from;
      float stride = s.count(at + 1, last);
      Value step = inside(part(i), s.dim(at), s.count(axis, last));
      step = stride == 1 ? step : c.binary(Binary.MUL, step, c.of(Shape.SCALAR, (long) stride));
      sum = sum == null ? step : c.binary(Binary.ADD, sum, step);
    }
    return sum;
  }

  /** Places counted from the beginning; what is outside becomes outside of all. */
  private Value inside(Value place, int n, int outside) {
    Value end = c.of(Shape.SCALAR, (long) n);
    Value zero = c.of(Shape.SCALAR, 0L);
    Value negative = c.binary(Binary.LESS, place, zero);
    Value y = chosen(negative, c.binary(Binary.ADD, place, end), place);
    Value in =
        c.binary(
            Binary.AND, c.binary(Binary.GREATER_EQUAL, y, zero), c.binary(Binary.LESS, y, end));
    return chosen(in, y, c.of(Shape.SCALAR, (long) outside));
  }

  private Value chosen(Value where, Value yes, Value no) {
    return PickReaders.chosen(c, where, yes, no);
  }

  /** Part i of all tuples, a constant where one was put beside others. */
  private Value part(int i) {
    int last = index.shape().rank() - 1;
    Node n = c.builder().producer(index);
    if (n != null && n.op() instanceof Concat j && j.axis() == last) {
      int at = 0;
      for (Value v : n.inputs()) {
        if (i < at + v.shape().dim(last)) {
          return slice(v, last, i - at);
        }
        at += v.shape().dim(last);
      }
    }
    return slice(index, last, i);
  }

  private Value slice(Value v, int axis, int i) {
    int[] starts = new int[axis + 1];
    int[] steps = new int[axis + 1];
    Arrays.fill(steps, 1);
    starts[axis] = i;
    Value y = c.builder().known(v);
    Shape to = v.shape().with(axis, 1);
    return to.equals(v.shape()) ? y : c.add(new Slice(starts, steps, to.dims()), y);
  }

  /** A row for each image. */
  private Value pickedApart(int images, int n, int inner, Value place, int[] dims) {
    c.builder().keepApart(c.node().outputs().getFirst());
    return picked(images, n, inner, place, dims);
  }

  /**
   * @param outer rows, or one that is the same for all
   * @param place [outer or 1, places]
   */
  private Value picked(int outer, int n, int inner, Value place, int[] dims) {
    if (n > LONGEST) {
      throw CandelaException.of("%d places; at most %d are supported", n, LONGEST);
    }
    int m = place.shape().dim(1);
    Value at = c.expanded(c.reshape(place, place.shape().dim(0), m, 1), Shape.of(outer, m, inner));
    return c.reshape(c.add(new Pick(1), c.reshape(x, outer, n, inner), at), dims);
  }

  private static int[] rest(Shape s, int from) {
    return Arrays.copyOfRange(s.dims(), from, s.rank());
  }

  private static int[] joined(int[] a, int[] b, int[] d) {
    int[] all = Arrays.copyOf(a, a.length + b.length + d.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    System.arraycopy(d, 0, all, a.length + b.length, d.length);
    return all;
  }
}
