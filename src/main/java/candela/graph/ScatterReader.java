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
 * Reader of ScatterND at constant places: each row of the result is picked from data and updates,
 * one behind the other.
 */
final class ScatterReader {
  /** Rows of a table, with its transpose some hundreds of MiB. */
  private static final int LARGEST = 1 << 24;

  private final Call c;
  private final Shape shape;
  private final Value data;
  private final Value updates;

  /** Which row of the data each row of the updates goes to. */
  private final int[] rows;

  private ScatterReader(Call c) {
    this.c = c;
    Value x = c.images(0) < 0 && c.images(2) >= 0 ? c.repeated(2, c.x(0), true) : c.x(0);
    Value u = c.images(2) < 0 && c.images(0) >= 0 ? c.repeated(0, c.x(2), true) : c.x(2);
    shape = x.shape();
    OnnxTensor t = c.constant(1, "indices");
    rows = IndexReaders.rows(shape, t, 0);
    int axes = t.shape().dim(-1);
    int inner = shape.count(axes, shape.rank());
    int count = shape.count(0, axes);
    if (u.shape().count() != rows.length * (long) inner) {
      throw CandelaException.of(
          "updates %s do not fit indices %s into %s", u.shape(), t.shape(), shape);
    }
    if (count + (long) rows.length > LARGEST) {
      throw CandelaException.of(
          "%d rows are written into %d; supported are %d in all", rows.length, count, LARGEST);
    }
    data = c.reshape(x, count, inner);
    updates = c.reshape(u, rows.length, inner);
  }

  static Value read(Call c) {
    String reduction = c.text("reduction", "none");
    var scatter = new ScatterReader(c);
    Value y =
        switch (reduction) {
          case "none" -> scatter.last();
          case "add" -> scatter.sum();
          case "mul" -> scatter.each(Binary.MUL, 1);
          case "max" -> scatter.each(Binary.MAX, Float.NEGATIVE_INFINITY);
          case "min" -> scatter.each(Binary.MIN, Float.POSITIVE_INFINITY);
          default ->
              throw CandelaException.of(
                  "reduction '%s'; supported are none, add, mul, max and min", reduction);
        };
    return c.reshape(y, scatter.shape.dims());
  }

  private int count() {
    return data.shape().dim(0);
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
    return c.add(AlongAxis.copies(0, index), c.add(new Concat(0), data, updates));
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
    return c.add(new AlongAxis(0, first, index, one), c.add(new Concat(0), data, updates));
  }

  /** One operation for the first write to each row, one for the second, and so on. */
  private Value each(Binary kind, float neutral) {
    float[] nothing = new float[data.shape().dim(1)];
    Arrays.fill(nothing, neutral);
    Value given = c.add(new Concat(0), updates, c.of(Shape.of(1, nothing.length), nothing));
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
      y = c.binary(kind, y, c.add(AlongAxis.copies(0, index), given));
    }
    return y;
  }
}
