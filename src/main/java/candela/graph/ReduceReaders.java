package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.ArgReduce;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Readers of reductions. */
final class ReduceReaders {
  private ReduceReaders() {}

  /**
   * @param inputSince the opset from which the axes are an input
   */
  static Value reduce(Call c, Reduction kind, int inputSince) {
    return reduce(c, c.x(0), kind, inputSince);
  }

  static Value norm1(Call c) {
    return reduce(c, c.add(new Elementwise(Unary.ABS), c.x(0)), Reduction.SUM, 18);
  }

  static Value squares(Call c) {
    return reduce(c, c.binary(Binary.MUL, c.x(0), c.x(0)), Reduction.SUM, 18);
  }

  /** The square root is kept from 0, where its slope is infinite: there the gradient is 0. */
  static Value norm2(Call c) {
    Value sum = c.add(new Rectify(Float.MIN_NORMAL, Float.POSITIVE_INFINITY), squares(c));
    return c.add(new Elementwise(Unary.SQRT), sum);
  }

  private static Value reduce(Call c, Value x, Reduction kind, int inputSince) {
    int rank = x.shape().rank();
    long[] axes = c.opset() < inputSince ? c.integers("axes") : c.longs(1, "axes");
    boolean none = axes == null || axes.length == 0;
    boolean keep = c.integer("keepdims", 1) != 0;
    if (c.integer("noop_with_empty_axes", 0) != 0 && none) {
      return ElementReaders.same(c, x);
    }
    boolean[] reduced = new boolean[rank];
    for (int i = 0; none && i < rank; i++) {
      reduced[i] = true;
    }
    for (int i = 0; !none && i < axes.length; i++) {
      reduced[Call.axis(axes[i], rank)] = true;
    }
    Value y = x;
    for (int to = rank; to > 0; to--) {
      if (reduced[to - 1]) {
        int from = to - 1;
        while (from > 0 && reduced[from - 1]) {
          from--;
        }
        y = c.add(new Reduce(kind, from, to), y);
        to = from + 1;
      }
    }
    return keep ? y : without(c, y, reduced);
  }

  private static Value without(Call c, Value y, boolean[] reduced) {
    List<Integer> d = new ArrayList<>();
    for (int i = 0; i < reduced.length; i++) {
      if (!reduced[i]) {
        d.add(y.shape().dim(i));
      }
    }
    return c.reshape(y, d.stream().mapToInt(i -> i).toArray());
  }

  static Value arg(Call c, Reduction kind) {
    Shape x = c.x(0).shape();
    int axis = Call.axis(c.integer("axis", 0), x.rank());
    boolean last = c.integer("select_last_index", 0) != 0;
    boolean[] reduced = new boolean[x.rank()];
    reduced[axis] = true;
    Value y = c.add(new ArgReduce(kind, last, axis), c.x(0));
    return c.integer("keepdims", 1) != 0 ? y : without(c, y, reduced);
  }
}
