package candela.graph;

import candela.graph.op.AlongAxis;
import candela.graph.op.Concat;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Where the rows of the batch went: rules that compare or rank by image need each image's elements
 * in one stretch of memory, one image after the other.
 */
public final class BatchAxis {
  private final int rows;

  /** Null where it is not known, or they are spread out. */
  private final Map<Value, SingleImage.At> places = new IdentityHashMap<>();

  /** Values that no image has a part in. */
  private final Set<Value> fixed = Collections.newSetFromMap(new IdentityHashMap<>());

  private BatchAxis(Graph graph) {
    Shape images = graph.input().shape();
    rows = images.rank() == 0 ? 1 : images.dim(0);
    graph.inputs().forEach(v -> places.put(v, new SingleImage.At(0, 1)));
  }

  /** Of all values of a graph. */
  static BatchAxis of(Graph graph) {
    BatchAxis all = new BatchAxis(graph);
    graph.nodes().forEach(all::follow);
    return all;
  }

  /** Whether it is the first one of v, or the outer part of that. */
  boolean isFirst(Value v) {
    SingleImage.At at = places.get(v);
    return at != null && at.isFirst();
  }

  private SingleImage.At follow(Node n) {
    if (n.inputs().stream().allMatch(v -> v == null || isFixed(v))) {
      fixed.addAll(n.outputs());
    }
    SingleImage.At at = of(n);
    n.outputs().forEach(y -> places.put(y, at));
    return at;
  }

  /** Refuses a node whose images do not lie one after the other. */
  public static void checkOutermost(Graph graph, Node node) {
    BatchAxis all = new BatchAxis(graph);
    if (all.rows == 1) {
      return;
    }
    for (Node n : graph.nodes()) {
      SingleImage.At at = all.follow(n);
      if (n == node) {
        Shape y = n.output().shape();
        if (at == null || at.before(y) != 1) {
          throw CandelaException.of(
              "the images of a batch do not lie one after the other in %s, as the rule needs;"
                  + " export the model with the batch as the first axis throughout",
              y);
        }
        return;
      }
    }
  }

  private boolean isFixed(Value v) {
    return v.isConstant() || fixed.contains(v);
  }

  private SingleImage.At of(Node n) {
    SingleImage.At at = null;
    Shape x = null;
    for (Value v : n.inputs()) {
      if (v != null && !isFixed(v)) {
        SingleImage.At a = places.get(v);
        boolean other = x != null && !isAlike(a, v.shape(), at, x);
        if (a == null || other) {
          return null;
        }
        at = x == null ? a : at;
        x = x == null ? v.shape() : x;
      }
    }
    return at == null ? null : through(n, x, at);
  }

  /** Whether operands of two shapes, seen from their last axes, have them at the same place. */
  private static boolean isAlike(SingleImage.At a, Shape x, SingleImage.At b, Shape y) {
    return a != null && x.rank() - a.axis() == y.rank() - b.axis() && a.outer() == b.outer();
  }

  /** Where they are in the output. */
  private SingleImage.At through(Node n, Shape x, SingleImage.At at) {
    Shape y = n.output().shape();
    int axis = at.axis();
    return switch (n.op()) {
      case Transpose t -> at.turned(Transposition.inverse(t.perm()));
      case Reshape r -> reshaped(x, at, y);
      case Concat c -> c.axis() == axis ? null : at;
      case AlongAxis a -> a.axis() == axis ? null : at;
      case Slice s -> s.sizes()[axis] == x.dim(axis) && s.steps()[axis] == 1 ? at : null;
      default -> {
        int now = axis + y.rank() - x.rank();
        boolean stays = now >= 0 && y.dim(now) == x.dim(axis);
        yield stays ? new SingleImage.At(now, at.outer()) : null;
      }
    };
  }

  /**
   * The axis that counts them: before it as many elements as before, or of it an inner part, behind
   * as many.
   */
  private SingleImage.At reshaped(Shape x, SingleImage.At at, Shape y) {
    SingleImage.At inner = null;
    for (int i = 0; i < y.rank() && y.count() > 0; i++) {
      SingleImage.At a = at.reshaped(x, y, i);
      if (a != null && y.dim(i) % ((long) a.outer() * rows) == 0) {
        if (a.outer() == 1) {
          return a;
        }
        inner = a;
      }
    }
    return inner;
  }
}
