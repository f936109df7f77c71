package candela.reference;

import java.util.function.IntUnaryOperator;

/** Operators that move elements. */
public final class Moving {
  private Moving() {}

  public static Nd transpose(Nd x, int... perm) {
    int[] dims = new int[perm.length];
    for (int d = 0; d < perm.length; d++) {
      dims[d] = x.dim(perm[d]);
    }
    return Nd.of(
        dims,
        i -> {
          int[] from = new int[perm.length];
          for (int d = 0; d < perm.length; d++) {
            from[perm[d]] = i[d];
          }
          return x.at(from);
        });
  }

  /** Along one axis, element i is the old element from(i), or outside where that is negative. */
  public static Nd along(Nd x, int axis, int length, double outside, IntUnaryOperator from) {
    int[] dims = x.dims().clone();
    dims[axis] = length;
    return Nd.of(
        dims,
        i -> {
          int[] j = i.clone();
          j[axis] = from.applyAsInt(i[axis]);
          return j[axis] < 0 ? outside : x.at(j);
        });
  }

  public static Nd concat(Nd a, Nd b, int axis) {
    int[] dims = a.dims().clone();
    dims[axis] += b.dim(axis);
    return Nd.of(
        dims,
        i -> {
          int[] j = i.clone();
          j[axis] -= a.dim(axis);
          return j[axis] < 0 ? a.at(i) : b.at(j);
        });
  }

  public static Nd expand(Nd x, int... dims) {
    return Nd.of(dims, x::seen);
  }

  /** Channels to blocks of side b; the block's place is the outer part of the channel, or inner. */
  public static Nd depthToSpace(Nd x, int b, boolean inner) {
    int c = x.dim(1) / (b * b);
    return Nd.of(
        new int[] {x.dim(0), c, x.dim(2) * b, x.dim(3) * b},
        i -> {
          int place = i[2] % b * b + i[3] % b;
          int channel = inner ? i[1] * b * b + place : place * c + i[1];
          return x.at(i[0], channel, i[2] / b, i[3] / b);
        });
  }

  public static Nd spaceToDepth(Nd x, int b) {
    int c = x.dim(1);
    return Nd.of(
        new int[] {x.dim(0), c * b * b, x.dim(2) / b, x.dim(3) / b},
        i -> x.at(i[0], i[1] % c, i[2] * b + i[1] / c / b, i[3] * b + i[1] / c % b));
  }
}
