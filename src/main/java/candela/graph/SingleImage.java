package candela.graph;

import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Where the only image of a batch lies in the values of a graph. No shape shows it, be it an axis
 * of length 1 or a part of a longer one, yet a graph for one image has to be rewritten as one for
 * several is: else sums have another order, and other last digits.
 *
 * <p>Which axis counts images is told by the shapes that values have for two. Where it is not known
 * the graph is still right.
 */
final class SingleImage {
  /**
   * @param axis that counts the image
   * @param outer how much the axis counts outside of it
   */
  record At(int axis, int outer) {
    /** Whether it is the first axis that counts the image, or the outer part of that. */
    boolean isFirst() {
      return axis == 0 && outer == 1;
    }

    /** The elements that come before it. */
    long before(Shape s) {
      return (long) s.count(0, axis) * outer;
    }

    /** The shape, were there two images. */
    Shape doubled(Shape s) {
      return s.with(axis, 2 * s.dim(axis));
    }

    /** Where it lies in the transpose that puts axis i at to[i]. */
    At turned(int[] to) {
      return new At(to[axis], outer);
    }

    /** Where it lies in an axis of the same elements seen as another shape; null if it does not. */
    At reshaped(Shape from, Shape to, int axis) {
      long before = before(from);
      int outside = to.count(0, axis);
      boolean fits = before % outside == 0 && to.dim(axis) % (before / outside) == 0;
      return fits ? new At(axis, (int) (before / outside)) : null;
    }
  }

  private final Map<String, Shape> two;
  private final Map<Value, At> places = new IdentityHashMap<>();

  /**
   * @param two shapes of values by name, were there two images; empty where there are several
   */
  SingleImage(Graph graph, Map<String, Shape> two) {
    this.two = two;
    if (!two.isEmpty()) {
      graph.inputs().forEach(v -> put(v, axis(v) < 0 ? null : new At(axis(v), 1)));
      graph.nodes().forEach(this::follow);
    }
  }

  private void put(Value v, At at) {
    if (at != null) {
      places.put(v, at);
    }
  }

  /** The axis that is twice as long for two images; -1 where none is, or that is not known. */
  private int axis(Value v) {
    Shape one = v.shape();
    Shape s = two.get(v.name());
    for (int a = 0; s != null && a < one.rank(); a++) {
      if (one.dim(a) > 0 && one.with(a, 2 * one.dim(a)).equals(s)) {
        return a;
      }
    }
    return -1;
  }

  private void follow(Node n) {
    for (Value x : n.inputs()) {
      At at = x == null ? null : places.get(x);
      if (at != null) {
        n.outputs().forEach(y -> put(y, after(n.op(), x.shape(), at, y)));
        return;
      }
    }
  }

  private At after(Op op, Shape x, At at, Value y) {
    int axis = axis(y);
    if (op instanceof Transpose t) {
      return at.turned(Transposition.inverse(t.perm()));
    }
    if (axis < 0) {
      return null;
    }
    if (op instanceof Reshape) {
      return at.reshaped(x, y.shape(), axis);
    }
    boolean stays = x.dim(at.axis) == y.shape().dim(axis);
    return new At(axis, stays ? at.outer : 1);
  }

  /** Tells that u transposed by perm is v. */
  void held(Value u, Value v, int[] perm) {
    At at = places.get(v);
    put(u, at == null ? null : at.turned(perm));
  }

  /** Where it lies in v; null where it does not, or there are several. */
  At in(Value v) {
    return places.get(v);
  }

  /** The shape of v, were there two images. */
  Shape doubled(Value v) {
    At at = places.get(v);
    return at == null ? v.shape() : at.doubled(v.shape());
  }
}
