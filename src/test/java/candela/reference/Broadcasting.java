package candela.reference;

import java.util.function.DoubleBinaryOperator;

/** Strided positions of operands that broadcast. */
public final class Broadcasting {
  private Broadcasting() {}

  public static int count(int... dims) {
    int n = 1;
    for (int d : dims) {
      n *= d;
    }
    return n;
  }

  /** Row-major strides of an operand's own shape, 0 where it is 1 and dims is not. */
  public static int[] strides(int[] own, int[] dims) {
    int[] s = new int[dims.length];
    int n = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      s[i] = own[i] == 1 && dims[i] != 1 ? 0 : n;
      n *= own[i];
    }
    return s;
  }

  /** Offset of row-major position i of dims under the strides. */
  public static int offset(int i, int[] dims, int[] strides) {
    int at = 0;
    for (int d = dims.length - 1; d >= 0; d--) {
      at += i % dims[d] * strides[d];
      i /= dims[d];
    }
    return at;
  }

  public static double[] binary(
      int[] dims, int[] aStrides, int[] bStrides, DoubleBinaryOperator f, double[] a, double[] b) {
    double[] y = new double[count(dims)];
    for (int i = 0; i < y.length; i++) {
      y[i] = f.applyAsDouble(a[offset(i, dims, aStrides)], b[offset(i, dims, bStrides)]);
    }
    return y;
  }
}
