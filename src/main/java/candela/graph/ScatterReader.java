package candela.graph;

import candela.device.Binary;
import candela.graph.op.AlongAxis;
import candela.graph.op.Concat;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Readers of ScatterND and ScatterElements at constant places: each row of the result is picked
 * from data and updates, one behind the other along an axis.
 */
final class ScatterReader {
  /** Rows of a table, with its transpose some hundreds of MiB. */
  private static final int LARGEST = 1 << 24;

  private final Call c;
  private final int axis;
  private final Value data;
  private final Value updates;

  /** Which row of the data each row of the updates goes to. */
  private final int[] rows;

  private ScatterReader(Call c, int axis, Value data, Value updates, int[] rows) {
    this.c = c;
    this.axis = axis;
    this.data = data;
    this.updates = updates;
    this.rows = rows;
    if (count() + (long) rows.length > LARGEST) {
      throw CandelaException.of(
          "%d rows are written into %d; supported are %d in all", rows.length, count(), LARGEST);
    }
  }

  /** Rows of the leading axes, seen as one. */
  static Value scatterNd(Call c) {
    Value x = shared(c, 0, 2);
    Value u = shared(c, 2, 0);
    Shape s = x.shape();
    OnnxTensor t = c.constant(1, "indices");
    int[] rows = IndexReaders.rows(s, t, 0);
    int axes = t.shape().dim(-1);
    int inner = s.count(axes, s.rank());
    checkUpdates(u, t, s, whole(t, s, axes));
    Value data = c.reshape(x, s.count(0, axes), inner);
    Value updates = c.reshape(u, rows.length, inner);
    return c.reshape(new ScatterReader(c, 0, data, updates, rows).reduced(), s.dims());
  }

  /** Along the axis where its places are the same all over; else all elements in a row. */
  static Value scatterElements(Call c) {
    if (!c.builder().known(c.x(1)).isConstant()) {
      return PickReaders.scatterElements(c);
    }
    Value x = shared(c, 0, 2);
    Value u = shared(c, 2, 0);
    Shape s = x.shape();
    OnnxTensor t = c.constant(1, "indices");
    int axis = Call.axis(c.integer("axis", 0), s.rank());
    boolean images = c.images(0) >= 0;
    Shape own = images ? c.builder().batching().own(c.node().inputs().getFirst()) : c.x(0).shape();
    int[] line = IndexReaders.line(s, t, axis);
    line = line == null ? IndexReaders.line(own, t, axis) : line;
    if (line != null) {
      checkUpdates(u, t, s, s.with(axis, line.length));
      return new ScatterReader(c, axis, x, u, line).reduced();
    }
    if (images || c.images(2) >= 0) {
      throw CandelaException.of("indices %s are those of so many images", t.shape());
    }
    int[] rows = IndexReaders.elements(s, t, axis);
    checkUpdates(u, t, s, t.shape());
    Value data = c.reshape(x, s.count());
    Value updates = c.reshape(u, rows.length);
    return c.reshape(new ScatterReader(c, 0, data, updates, rows).reduced(), s.dims());
  }

  /** Input i, as often as there are images in the other one if it is the same for all. */
  private static Value shared(Call c, int i, int other) {
    boolean once = c.images(i) < 0 && c.images(other) >= 0;
    return once ? c.repeated(other, c.x(i), true) : c.x(i);
  }

  /** A row of the data for each tuple of indices. */
  private static Shape whole(OnnxTensor indices, Shape data, int axes) {
    int tuples = indices.shape().rank() - 1;
    int[] dims = Arrays.copyOf(indices.shape().dims(), tuples + data.rank() - axes);
    System.arraycopy(data.dims(), axes, dims, tuples, data.rank() - axes);
    return Shape.of(dims);
  }

  private static void checkUpdates(Value updates, OnnxTensor indices, Shape data, Shape expected) {
    if (!updates.shape().equals(expected)) {
      throw CandelaException.of(
          "updates %s do not fit indices %s into %s; %s expected",
          updates.shape(), indices.shape(), data, expected);
    }
  }

  private Value reduced() {
    String reduction = c.text("reduction", "none");
    return switch (reduction) {
      case "none" -> last();
      case "add" -> sum();
      case "mul" -> each(Binary.MUL, 1);
      case "max" -> each(Binary.MAX, Float.NEGATIVE_INFINITY);
      case "min" -> each(Binary.MIN, Float.POSITIVE_INFINITY);
      default ->
          throw CandelaException.of(
              "reduction '%s'; supported are none, add, mul, max and min", reduction);
    };
  }

  private int count() {
    return data.shape().dim(axis);
  }

  private int[] untouched() {
    c.builder().make(count());
    int[] index = new int[count()];
    Arrays.setAll(index, i -> i);
    return index;
  }

  /** Of two writes to the same row the last one stays. */
  private Value last() {
    int[] index = untouched();
    for (int k = 0; k < rows.length; k++) {
      index[rows[k]] = count() + k;
    }
    return c.add(AlongAxis.copies(axis, index), c.add(new Concat(axis), data, updates));
  }

  private Value sum() {
    c.builder().make(count() + rows.length);
    int[] first = new int[count() + 1];
    Arrays.fill(first, 1, first.length, 1);
    for (int row : rows) {
      first[row + 1]++;
    }
    Arrays.parallelPrefix(first, Integer::sum);
    int[] next = first.clone();
    int[] index = new int[count() + rows.length];
    for (int i = 0; i < count(); i++) {
      index[next[i]++] = i;
    }
    for (int k = 0; k < rows.length; k++) {
      index[next[rows[k]]++] = count() + k;
    }
    float[] one = new float[index.length];
    Arrays.fill(one, 1);
    return c.add(new AlongAxis(axis, first, index, one), c.add(new Concat(axis), data, updates));
  }

  /** One operation for the first write to each row, one for the second, and so on. */
  private Value each(Binary kind, float neutral) {
    Shape row = data.shape().with(axis, 1);
    c.builder().make(row.count());
    Value nothing =
        Value.constant(c.node().name(), OnnxTensor.filled(c.node().name(), row, neutral));
    Value given = c.add(new Concat(axis), updates, nothing);
    List<int[]> turns = new ArrayList<>();
    int[] writes = new int[count()];
    for (int k = 0; k < rows.length; k++) {
      int turn = writes[rows[k]]++;
      if (turn == turns.size()) {
        c.builder().make(count());
        int[] index = new int[count()];
        Arrays.fill(index, rows.length);
        turns.add(index);
      }
      turns.get(turn)[rows[k]] = k;
    }
    Value y = data;
    for (int[] index : turns) {
      y = c.binary(kind, y, c.add(AlongAxis.copies(axis, index), given));
    }
    return y;
  }
}
