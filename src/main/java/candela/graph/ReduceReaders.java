package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.ArgReduce;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Readers of reductions. */
final class ReduceReaders {
  private ReduceReaders() {}

  /**
   * @param inputSince the opset from which the axes are an input
   */
  static Value reduce(Call c, Reduction kind, int inputSince) {
    Value y = reduce(c, c.x(0), kind, inputSince);
    boolean cut = kind == Reduction.MEAN && y.integer() && !y.isConstant();
    return cut ? c.add(new Elementwise(Unary.TRUNCATE), y) : y;
  }

  static Value norm1(Call c) {
    return reduce(c, c.add(new Elementwise(Unary.ABS), c.x(0)), Reduction.SUM, 18);
  }

  static Value squares(Call c) {
    return reduce(c, c.binary(Binary.MUL, c.x(0), c.x(0)), Reduction.SUM, 18);
  }

  /** The square root is kept from 0, where its slope is infinite: there the gradient is 0. */
  static Value norm2(Call c) {
    Value sum = c.add(Rectify.FLOOR, squares(c));
    return c.add(new Elementwise(Unary.SQRT), sum);
  }

  /** The deviation is kept from 0, where its slope is infinite. */
  static Value meanVariance(Call c) {
    Value x = c.x(0);
    int rank = x.shape().rank();
    boolean[] reduced = new boolean[rank];
    for (long axis : c.integers("axes", 0, 2, 3)) {
      reduced[Call.axis(axis, rank)] = true;
    }
    Value apart = c.binary(Binary.SUB, x, over(c, x, Reduction.MEAN, reduced));
    Value variance = over(c, c.binary(Binary.MUL, apart, apart), Reduction.MEAN, reduced);
    variance = c.add(Rectify.FLOOR, variance);
    Value deviation = c.add(new Elementwise(Unary.SQRT), variance);
    return c.binary(Binary.DIV, apart, c.add(new Elementwise(Unary.LINEAR, 1, 1e-9f), deviation));
  }

  static Value logSum(Call c) {
    return c.add(new Elementwise(Unary.LOG), reduce(c, c.x(0), Reduction.SUM, 18));
  }

  /**
   * Of what is left when the largest is taken away, so that nothing overflows. Its gradients on
   * both ways cancel; a rule's share of the difference between two images goes there, too.
   */
  static Value logSumExp(Call c) {
    Value x = c.x(0);
    boolean[] reduced = reduced(c, 18);
    Value most = over(c, x, Reduction.MAX, reduced);
    most = c.add(new Rectify(-Float.MAX_VALUE, Float.MAX_VALUE), most);
    Value exp = c.add(new Elementwise(Unary.EXP), c.binary(Binary.SUB, x, most));
    Value log = c.add(new Elementwise(Unary.LOG), over(c, exp, Reduction.SUM, reduced));
    return kept(c, c.binary(Binary.ADD, log, most), reduced);
  }

  private static Value reduce(Call c, Value x, Reduction kind, int inputSince) {
    boolean[] reduced = reduced(c, inputSince);
    return kept(c, over(c, x, kind, reduced), reduced);
  }

  /** Which axes are. */
  private static boolean[] reduced(Call c, int inputSince) {
    int rank = c.x(0).shape().rank();
    long[] axes = c.opset() < inputSince ? c.integers("axes") : c.longs(1, "axes");
    boolean none = axes == null || axes.length == 0;
    boolean all = c.integer("noop_with_empty_axes", 0) == 0 && none;
    boolean[] reduced = new boolean[rank];
    Arrays.fill(reduced, all);
    for (int i = 0; !none && i < axes.length; i++) {
      reduced[Call.axis(axes[i], rank)] = true;
    }
    return reduced;
  }

  private static Value over(Call c, Value x, Reduction kind, boolean[] reduced) {
    Value y = x;
    for (int to = reduced.length; to > 0; to--) {
      if (reduced[to - 1]) {
        int from = to - 1;
        while (from > 0 && reduced[from - 1]) {
          from--;
        }
        y = c.add(new Reduce(kind, from, to), y);
        to = from + 1;
      }
    }
    return y;
  }

  private static Value kept(Call c, Value y, boolean[] reduced) {
    return c.integer("keepdims", 1) != 0 ? y : without(c, y, reduced);
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
    if (x.dim(axis) == 0) {
      throw CandelaException.of("axis %d of %s has no elements", axis, x);
    }
    boolean[] reduced = new boolean[x.rank()];
    reduced[axis] = true;
    Value y = c.add(new ArgReduce(kind, last, axis), c.x(0));
    return c.integer("keepdims", 1) != 0 ? y : without(c, y, reduced);
  }
}
