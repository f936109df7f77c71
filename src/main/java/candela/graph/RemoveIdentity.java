package candela.graph;

import candela.device.Binary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Reshape;
import candela.tensor.Shape;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Drops nodes that hand their input on unchanged: Identity, Dropout at inference, reshapes to the
 * same shape, sums with zeros, as of a mask that masks nothing. Of several reshapes in a row the
 * last does it all.
 */
final class RemoveIdentity implements Simplify.Pass {
  private final Map<String, Shape> two;

  /**
   * @param two shapes that values have for two images, by name, where the graph is one for one
   */
  RemoveIdentity(Map<String, Shape> two) {
    this.two = two;
  }

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Rewrite r = new Rewrite(graph);
    // Others may read the input as well, so that its gradient is another one.
    Set<Value> kept = Rewrite.held(graph, keep);
    Map<Value, Value> reshaped = new IdentityHashMap<>();
    for (Node old : graph.nodes()) {
      Node n = r.now(old);
      if (n.op() instanceof Reshape) {
        Value from = reshaped.getOrDefault(n.input(0), n.input(0));
        n = new Node(n.name(), n.op(), List.of(from), n.outputs());
        if (!kept.contains(n.output())) {
          reshaped.put(n.output(), from);
        }
      }
      boolean identity =
          (n.op().isView() || addsNothing(n))
              && sameShape(n.input(0), n.output())
              && !kept.contains(n.output())
              && !graph.outputs().contains(n.output());
      if (identity) {
        r.replace(n.output(), n.input(0));
      } else {
        r.add(n);
      }
    }
    return r.finish();
  }

  /** For two images as well, where that is known. */
  private boolean sameShape(Value a, Value b) {
    Shape s = two.get(a.name());
    Shape t = two.get(b.name());
    return a.shape().equals(b.shape()) && (s == null || t == null || s.equals(t));
  }

  private static boolean addsNothing(Node n) {
    if (!(n.op() instanceof BinaryOp b)
        || b.kind() != Binary.ADD
        || n.output().integer()
        || n.input(0).integer()
        || !n.input(1).isConstant()) {
      return false;
    }
    for (float f : n.input(1).constant().floats()) {
      if (f != 0) {
        return false;
      }
    }
    return true;
  }
}
