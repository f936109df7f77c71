package candela.graph.op;

import candela.graph.Node;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Strides of operands that broadcast. */
final class Strides {
  private Strides() {}

  /** Strides of x seen as the shape to: 0 where it is repeated. */
  static int[] of(Shape x, Shape to) {
    int[] own = x.strides();
    int[] s = new int[to.rank()];
    for (int i = 1; i <= x.rank(); i++) {
      s[to.rank() - i] = x.dim(-i) == 1 ? 0 : own[own.length - i];
    }
    return s;
  }

  /** Whether all rows of a batch see the same of a constant, and each its own of anything else. */
  static boolean ofRows(Node node) {
    int rank = node.output().shape().rank();
    return node.inputs().stream()
        .allMatch(v -> v.isConstant() == (v.shape().rank() < rank || v.shape().dim(0) == 1));
  }

  /** Where axis went under perm. */
  static int position(int[] perm, int axis) {
    for (int i = 0; i < perm.length; i++) {
      if (perm[i] == axis) {
        return i;
      }
    }
    throw new IllegalArgumentException("no axis " + axis);
  }

  static int[] permuted(int[] values, int[] perm) {
    int[] r = new int[perm.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = values[perm[i]];
    }
    return r;
  }

  static Shape checked(Shape y) {
    if (y.rank() > 8) {
      throw CandelaException.of("rank %d: at most 8 axes are supported", y.rank());
    }
    return y;
  }
}
