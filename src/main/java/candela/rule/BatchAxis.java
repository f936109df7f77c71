package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Value;
import candela.graph.op.AlongAxis;
import candela.graph.op.Concat;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Where the rows of the batch went: rules that compare or rank by image need each image's elements
 * in one stretch of memory, one image after the other.
 */
final class BatchAxis {
  /** Not known, or spread out. */
  private static final int NOWHERE = -1;

  private final int rows;
  private final Map<Value, Integer> axes = new IdentityHashMap<>();

  private BatchAxis(Graph graph) {
    rows = graph.input().shape().dim(0);
    graph.inputs().forEach(v -> axes.put(v, 0));
  }

  /** Refuses a node whose images do not lie one after the other. */
  static void checkOutermost(Graph graph, Node node) {
    BatchAxis all = new BatchAxis(graph);
    if (all.rows == 1) {
      return;
    }
    for (Node n : graph.nodes()) {
      int axis = all.of(n);
      n.outputs().forEach(y -> all.axes.put(y, axis));
      if (n == node) {
        Shape y = n.output().shape();
        if (axis == NOWHERE || y.count(0, axis) != 1) {
          throw CandelaException.of(
              "the images of a batch do not lie one after the other in %s, as the rule needs;"
                  + " export the model with the batch as the first axis throughout",
              y);
        }
        return;
      }
    }
  }

  private int of(Node n) {
    int axis = NOWHERE;
    Shape x = null;
    for (Value v : n.inputs()) {
      if (v != null && !v.isConstant()) {
        int a = axes.getOrDefault(v, NOWHERE);
        int fromEnd = a == NOWHERE ? NOWHERE : v.shape().rank() - a;
        if (x != null && (axis == NOWHERE || fromEnd != x.rank() - axis)) {
          return NOWHERE;
        }
        axis = x == null ? a : axis;
        x = x == null ? v.shape() : x;
      }
    }
    return axis == NOWHERE ? NOWHERE : through(n, x, axis);
  }

  /** Where axis of the input x is in the output. */
  private int through(Node n, Shape x, int axis) {
    Shape y = n.output().shape();
    return switch (n.op()) {
      case Transpose t -> position(t.perm(), axis);
      case Reshape r -> reshaped(x, axis, y);
      case Concat c -> c.axis() == axis ? NOWHERE : axis;
      case AlongAxis a -> a.axis() == axis ? NOWHERE : axis;
      case Slice s -> s.sizes()[axis] == x.dim(axis) && s.steps()[axis] == 1 ? axis : NOWHERE;
      default -> {
        int now = axis + y.rank() - x.rank();
        yield now >= 0 && y.dim(now) == x.dim(axis) ? now : NOWHERE;
      }
    };
  }

  private static int position(int[] perm, int axis) {
    for (int i = 0; i < perm.length; i++) {
      if (perm[i] == axis) {
        return i;
      }
    }
    return NOWHERE;
  }

  /** The axis before which there are as many elements as before, and that holds all rows. */
  private int reshaped(Shape x, int axis, Shape y) {
    for (int i = 0; i < y.rank(); i++) {
      if (y.count(0, i) == x.count(0, axis) && y.dim(i) % rows == 0) {
        return i;
      }
    }
    return NOWHERE;
  }
}
