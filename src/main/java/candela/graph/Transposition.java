package candela.graph;

import candela.onnx.OnnxTensor;
import candela.tensor.Shape;

/** Arithmetic of axis permutations: transposing by perm puts axis perm[i] of the input at i. */
final class Transposition {
  private Transposition() {}

  static int[] inverse(int[] perm) {
    int[] q = new int[perm.length];
    for (int i = 0; i < perm.length; i++) {
      q[perm[i]] = i;
    }
    return q;
  }

  /** The permutation that does first, then second. */
  static int[] then(int[] first, int[] second) {
    int[] r = new int[first.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = first[second[i]];
    }
    return r;
  }

  static boolean isIdentity(int[] perm) {
    for (int i = 0; i < perm.length; i++) {
      if (perm[i] != i) {
        return false;
      }
    }
    return true;
  }

  /** Whether transposing a tensor of this shape leaves its elements in the same order. */
  static boolean keepsOrder(Shape shape, int[] perm) {
    int last = -1;
    for (int axis : perm) {
      if (shape.dim(axis) != 1) {
        if (axis < last) {
          return false;
        }
        last = axis;
      }
    }
    return true;
  }

  static Shape shape(Shape shape, int[] perm) {
    int[] d = new int[perm.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = shape.dim(perm[i]);
    }
    return Shape.of(d);
  }

  /** A float constant transposed. */
  static OnnxTensor constant(OnnxTensor t, int[] perm) {
    Shape to = shape(t.shape(), perm);
    if (keepsOrder(t.shape(), perm)) {
      return OnnxTensor.of(t.name(), to, t.floats());
    }
    float[] x = t.floats();
    float[] y = new float[x.length];
    int[] from = t.shape().strides();
    int[] dims = to.dims();
    int[] index = new int[dims.length];
    for (int i = 0; i < y.length; i++) {
      int at = 0;
      for (int d = 0; d < dims.length; d++) {
        at += index[d] * from[perm[d]];
      }
      y[i] = x[at];
      for (int d = dims.length - 1; d >= 0 && ++index[d] == dims[d]; d--) {
        index[d] = 0;
      }
    }
    return OnnxTensor.of(t.name(), to, y);
  }
}
