package candela.tensor;

import java.util.Arrays;

/** Dimensions of a tensor in row-major order, outermost first; a scalar has none. Immutable. */
public final class Shape {
  /** The shape of a scalar. */
  public static final Shape SCALAR = new Shape(new int[0]);

  private final int[] dims;

  private Shape(int[] dims) {
    this.dims = dims;
  }

  /**
   * @throws CandelaException when a dimension is negative or the element count passes 2^31 - 1
   */
  public static Shape of(int... dims) {
    long count = 1;
    for (int d : dims) {
      if (d < 0) {
        throw CandelaException.of("shape %s: negative dimension", Arrays.toString(dims));
      }
      count = d == 0 ? 0 : count * d;
      if (count > Integer.MAX_VALUE) {
        throw CandelaException.of(
            "shape %s: more than 2^31 - 1 elements; use a smaller batch or image",
            Arrays.toString(dims));
      }
    }
    return new Shape(dims.clone());
  }

  public int rank() {
    return dims.length;
  }

  /** Dimension i; negative i counts from the end. */
  public int dim(int i) {
    return dims[i < 0 ? i + dims.length : i];
  }

  public int[] dims() {
    return dims.clone();
  }

  /** Elements in all. */
  public int count() {
    return count(0, dims.length);
  }

  /** Product of the dimensions from (inclusive) to to (exclusive). */
  public int count(int from, int to) {
    int n = 1;
    for (int i = from; i < to; i++) {
      n *= dims[i];
    }
    return n;
  }

  /** The same shape with dimension i replaced. */
  public Shape with(int i, int dim) {
    int[] d = dims.clone();
    d[i < 0 ? i + d.length : i] = dim;
    return of(d);
  }

  /** With one more dimension, before that numbered i. */
  public Shape inserted(int i, int dim) {
    int[] d = new int[dims.length + 1];
    System.arraycopy(dims, 0, d, 0, i);
    System.arraycopy(dims, i, d, i + 1, dims.length - i);
    d[i] = dim;
    return of(d);
  }

  /** [c,h,w] of an image: a vector is one row, a matrix one channel; others are left. */
  public Shape asImage() {
    return switch (rank()) {
      case 1 -> of(1, 1, dims[0]);
      case 2 -> of(1, dims[0], dims[1]);
      default -> this;
    };
  }

  /** Row-major strides in elements. */
  public int[] strides() {
    int[] s = new int[dims.length];
    int n = 1;
    for (int i = dims.length - 1; i >= 0; i--) {
      s[i] = n;
      n *= dims[i];
    }
    return s;
  }

  /**
   * The common shape of two operands under numpy broadcasting.
   *
   * @throws CandelaException when they do not broadcast
   */
  public static Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    int[] d = new int[rank];
    for (int i = 1; i <= rank; i++) {
      int p = i <= a.rank() ? a.dim(-i) : 1;
      int q = i <= b.rank() ? b.dim(-i) : 1;
      if (p != q && p != 1 && q != 1) {
        throw CandelaException.of("shapes %s and %s do not broadcast", a, b);
      }
      d[rank - i] = p == 1 ? q : p;
    }
    return of(d);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims).replace(" ", "");
  }
}
