package candela.reference;

import java.util.function.DoubleUnaryOperator;

/** A small dense array in doubles, row-major, for references that read like the definition. */
public record Nd(int[] dims, double[] data) {
  /** The element at an index, which is reused: not to be kept. */
  @FunctionalInterface
  public interface Element {
    double at(int[] index);
  }

  public Nd {
    if (data.length != count(dims)) {
      throw new IllegalArgumentException(data.length + " elements for a shape of " + count(dims));
    }
  }

  private static int count(int[] dims) {
    int n = 1;
    for (int d : dims) {
      n *= d;
    }
    return n;
  }

  /** The array of this shape, element by element. */
  public static Nd of(int[] dims, Element f) {
    double[] y = new double[count(dims)];
    int[] index = new int[dims.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = f.at(index);
      for (int d = dims.length - 1; d >= 0 && ++index[d] == dims[d]; d--) {
        index[d] = 0;
      }
    }
    return new Nd(dims, y);
  }

  public int rank() {
    return dims.length;
  }

  public int dim(int i) {
    return dims[i];
  }

  public double at(int... index) {
    int at = 0;
    for (int d = 0; d < dims.length; d++) {
      at = at * dims[d] + index[d];
    }
    return data[at];
  }

  /** 0 outside. */
  public double inside(int... index) {
    for (int d = 0; d < dims.length; d++) {
      if (index[d] < 0 || index[d] >= dims[d]) {
        return 0;
      }
    }
    return at(index);
  }

  /** The element that a result of this index sees when the array is broadcast to its shape. */
  public double seen(int[] index) {
    int[] own = new int[dims.length];
    for (int d = 1; d <= own.length; d++) {
      own[own.length - d] = dims[own.length - d] == 1 ? 0 : index[index.length - d];
    }
    return at(own);
  }

  public Nd map(DoubleUnaryOperator f) {
    return of(dims, i -> f.applyAsDouble(at(i)));
  }

  public Nd as(int... other) {
    return new Nd(other, data);
  }

  /** The shape that operands broadcast to. */
  public static int[] common(Nd... operands) {
    int rank = 0;
    for (Nd a : operands) {
      rank = Math.max(rank, a.rank());
    }
    int[] dims = new int[rank];
    for (int d = 1; d <= rank; d++) {
      dims[rank - d] = 1;
      for (Nd a : operands) {
        if (d <= a.rank() && a.dims[a.rank() - d] != 1) {
          dims[rank - d] = a.dims[a.rank() - d];
        }
      }
    }
    return dims;
  }
}
