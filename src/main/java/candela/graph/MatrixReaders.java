package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.Activation;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.LayerNorm;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Reduce;
import candela.graph.op.Softmax;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Readers of matrix products and of what works on rows. */
final class MatrixReaders {
  private MatrixReaders() {}

  static Value gemm(Call c) {
    float alpha = c.real("alpha", 1);
    float beta = c.real("beta", 1);
    Value a = c.integer("transA", 0) != 0 ? c.transpose(c.x(0), 1, 0) : c.x(0);
    boolean transposed = c.integer("transB", 0) != 0;
    Value b = c.builder().known(c.x(1));
    if (a.shape().rank() != 2 || b.shape().rank() != 2) {
      throw CandelaException.of("operands %s and %s must be matrices", a.shape(), b.shape());
    }
    int n = b.shape().dim(transposed ? 0 : 1);
    boolean rows = c.integer("transA", 0) == 0 && c.images(0) == 0;
    Value bias = c.has(2) ? scaled(c, rows ? c.repeated(0, c.x(2), false) : c.x(2), beta) : null;
    if (!b.isConstant()) {
      Value y = c.add(new MatMul(), a, transposed ? c.transpose(b, 1, 0) : b);
      y = scaled(c, y, alpha);
      return bias == null ? y : c.binary(Binary.ADD, y, bias);
    }
    List<Value> in = new ArrayList<>(List.of(a, scaled(c, b, alpha)));
    boolean row = bias != null && bias.isConstant() && bias.shape().count() == n;
    row &= bias == null || bias.shape().rank() == 0 || bias.shape().dim(-1) == n;
    if (row) {
      in.add(bias.shape().rank() == 1 ? bias : c.reshape(bias, n));
    }
    Value y = c.add(new Matrix(transposed, Activation.NONE), in);
    return row || bias == null ? y : c.binary(Binary.ADD, y, bias);
  }

  private static Value scaled(Call c, Value v, float by) {
    return by == 1 ? v : c.add(new Elementwise(Unary.LINEAR, by, 0), v);
  }

  static Value matMul(Call c) {
    boolean stacked = isStacked(c, 0) && isStacked(c, 1);
    List<Value> in = stacked ? c.together(2, false) : List.of(c.x(0), c.x(1));
    Value a = in.get(0);
    Value b = in.get(1);
    if (a.shape().rank() == 0 || b.shape().rank() == 0) {
      throw CandelaException.of(
          "operands of an axis or more expected, got %s and %s", a.shape(), b.shape());
    }
    boolean vectorA = a.shape().rank() == 1;
    boolean vectorB = b.shape().rank() == 1;
    a = vectorA ? c.reshape(a, 1, a.shape().dim(0)) : a;
    b = vectorB ? c.reshape(b, b.shape().dim(0), 1) : b;
    Value y = product(c, a, b);
    Shape s = y.shape();
    if (!vectorA && !vectorB) {
      return y;
    }
    List<Integer> d = new ArrayList<>();
    for (int i = 0; i < s.rank(); i++) {
      if (!(vectorA && i == s.rank() - 2) && !(vectorB && i == s.rank() - 1)) {
        d.add(s.dim(i));
      }
    }
    return c.reshape(y, d.stream().mapToInt(i -> i).toArray());
  }

  /** Whether images, if an operand has any, are matrices of their own. */
  private static boolean isStacked(Call c, int i) {
    return c.images(i) < c.x(i).shape().rank() - 2;
  }

  /**
   * Whether an operand is repeated over a batch must not depend on the batch's size, or else the
   * order of sums would: only a constant counts as having no batch.
   */
  static Value product(Call c, Value a, Value given) {
    Value b = c.builder().known(given);
    int rank = Math.max(a.shape().rank(), b.shape().rank());
    a = c.lifted(a, rank);
    if (b.isConstant() && b.shape().count(0, b.shape().rank() - 2) == 1) {
      boolean plain = b.shape().rank() == 2;
      Value matrix = plain ? b : c.reshape(b, b.shape().dim(-2), b.shape().dim(-1));
      return c.add(new Matrix(false, Activation.NONE), a, matrix);
    }
    b = c.lifted(b, rank);
    Shape p = a.shape().with(-1, 1).with(-2, 1);
    Shape q = b.shape().with(-1, 1).with(-2, 1);
    if (!p.equals(q) && !(a.isConstant() && p.count() == 1)) {
      Shape batch = Shape.broadcast(p, q);
      a = expanded(c, a, batch);
      b = expanded(c, b, batch);
    }
    return c.add(new MatMul(), a, b);
  }

  private static Value expanded(Call c, Value v, Shape batch) {
    Shape to = batch.with(-2, v.shape().dim(-2)).with(-1, v.shape().dim(-1));
    return to.equals(v.shape()) ? v : c.add(new Expand(to), v);
  }

  static Value softmax(Call c, boolean log) {
    Value x = c.x(0);
    Shape s = x.shape();
    int rank = s.rank();
    int axis = Call.axis(c.integer("axis", c.opset() < 13 ? 1 : -1), Math.max(rank, 1));
    if (c.opset() < 13) {
      if (axis == rank - 1) {
        return c.add(new Softmax(log), x);
      }
      Value rows = c.reshape(x, s.count(0, axis), s.count(axis, rank));
      return c.reshape(c.add(new Softmax(log), rows), s.dims());
    }
    if (axis == rank - 1) {
      return c.add(new Softmax(log), x);
    }
    int[] perm = new int[rank];
    for (int i = 0; i < rank; i++) {
      perm[i] = i;
    }
    perm[axis] = rank - 1;
    perm[rank - 1] = axis;
    return c.transpose(c.add(new Softmax(log), c.transpose(x, perm)), perm);
  }

  static Value layerNorm(Call c) {
    c.ignore("stash_type");
    Value x = c.x(0);
    int axis = Call.axis(c.integer("axis", -1), x.shape().rank());
    float epsilon = c.real("epsilon", 1e-5f);
    if (c.node().outputs().size() > 1) {
      statistics(c, x, axis, epsilon);
    }
    var norm = new LayerNorm(axis, epsilon);
    if (!isPerElement(c, 1, axis) || c.has(2) && !isPerElement(c, 2, axis)) {
      Value y = c.binary(Binary.MUL, c.add(norm, x), c.x(1));
      return c.has(2) ? c.binary(Binary.ADD, y, c.x(2)) : y;
    }
    List<Value> in = new ArrayList<>(List.of(x, perElement(c, 1, axis)));
    if (c.has(2)) {
      in.add(perElement(c, 2, axis));
    }
    return c.add(norm, in);
  }

  static Value rmsNorm(Call c) {
    c.ignore("stash_type");
    Value x = c.x(0);
    int axis = Call.axis(c.integer("axis", -1), x.shape().rank());
    Reduce over = new Reduce(Reduction.MEAN, axis, x.shape().rank());
    Value mean = c.add(over, c.binary(Binary.MUL, x, x));
    Value added = c.add(new Elementwise(Unary.LINEAR, 1, c.real("epsilon", 1e-5f)), mean);
    Value root = c.add(new Elementwise(Unary.SQRT), added);
    return c.binary(Binary.MUL, c.binary(Binary.DIV, x, root), c.x(1));
  }

  /** Whether input i is a constant with as much for every row of x, which begins at an axis. */
  private static boolean isPerElement(Call c, int i, int axis) {
    Value v = c.builder().known(c.x(i));
    Shape row = row(c, axis);
    return v.isConstant()
        && (v.shape().count() == row.count()
            || v.shape().rank() <= row.rank() && Shape.broadcast(v.shape(), row).equals(row));
  }

  /** That input, repeated where it is the same for several elements. */
  private static Value perElement(Call c, int i, int axis) {
    Value v = c.builder().known(c.x(i));
    Shape row = row(c, axis);
    return v.shape().count() == row.count() ? v : c.add(new Expand(row), c.lifted(v, row.rank()));
  }

  private static Shape row(Call c, int axis) {
    Shape x = c.x(0).shape();
    return Shape.of(Arrays.copyOfRange(x.dims(), axis, x.rank()));
  }

  /** Mean and reciprocal deviation, for the few models that ask for them. */
  private static void statistics(Call c, Value x, int axis, float epsilon) {
    Reduce over = new Reduce(Reduction.MEAN, axis, x.shape().rank());
    Value mean = c.add(over, x);
    Value centred = c.binary(Binary.SUB, x, mean);
    Value variance = c.add(over, c.binary(Binary.MUL, centred, centred));
    Value deviation =
        c.add(
            new Elementwise(Unary.SQRT),
            c.add(new Elementwise(Unary.LINEAR, 1, epsilon), variance));
    c.also(1, ElementReaders.same(c, mean));
    c.also(2, c.add(new Elementwise(Unary.RECIPROCAL), deviation));
  }
}
