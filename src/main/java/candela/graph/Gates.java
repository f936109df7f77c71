package candela.graph;

import candela.device.Dense;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Which activations a gradient passes where it is written last, rather than where the node that has
 * the activation reads it: by the value that the activation left, which is kept for that, instead
 * of by bits. One pass over memory less, where a convolution does it as it writes.
 *
 * <p>Behind a maximum pooling that alone reads the value, the gradient passes as it enters the
 * pooling, by what that left: an element's gradient is a sum over the windows that chose it, each
 * of which holds its value. So all of the sum passes or nothing does, with the same bits. A slope
 * would be rounded before the sum instead of behind it, and stays where it is.
 */
final class Gates {
  /** A node and the input whose gradient it writes last; -1 where it writes that in parts. */
  private record Place(Node node, int input) {
    boolean gates(Value v) {
      return input >= 0 && node.input(input) == v && node.op().gates(input);
    }
  }

  private record Passing(Place place, Dense.Activation activation) {}

  /** Values whose gradient passes an activation, theirs or that before their pooling. */
  private final Map<Value, Passing> passing = new IdentityHashMap<>();

  /** What nodes leave that are given gradients which have passed. */
  private final Set<Value> passed = new HashSet<>();

  /** No activation. */
  Gates() {}

  /**
   * @param backward the nodes that backward runs, in the order of the graph
   * @param wanted values into which a gradient flows
   * @param held values whose gradient somebody reads, or writes from outside
   * @param root the value whose memory a value shares
   */
  Gates(List<Node> backward, Set<Value> wanted, Set<Value> held, UnaryOperator<Value> root) {
    Map<Value, Node> makers = new IdentityHashMap<>();
    for (Node n : backward) {
      n.outputs().forEach(y -> makers.put(y, n));
    }
    Map<Value, Place> last = new IdentityHashMap<>();
    Set<Value> shared = new HashSet<>(held);
    for (Node n : backward.reversed()) {
      Set<Value> here = new HashSet<>();
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (v != null && !v.isConstant() && wanted.contains(v) && n.op().differentiable(i)) {
          // Read twice by one node: which of its parts writes last is its own matter.
          Value r = root.apply(v);
          if (last.put(r, here.add(r) ? new Place(n, i) : new Place(n, -1)) != null) {
            shared.add(r);
          }
        }
      }
    }
    last.forEach(
        (v, place) -> {
          if (held.contains(v) || !place.gates(v)) {
            return;
          }
          Value from = v;
          Node maker = makers.get(v);
          while (maker != null && maker.op().selects()) {
            from = maker.input(0);
            Place only = shared.contains(from) ? null : last.get(from);
            boolean alone = only != null && only.node() == maker && only.input() == 0;
            maker = alone ? makers.get(from) : null;
          }
          Dense.Activation a = maker == null ? Dense.Activation.NONE : maker.op().gate(maker);
          if (!isNone(a) && (from == v || !a.isSloped())) {
            passing.put(v, new Passing(place, a));
            passed.add(from);
          }
        });
  }

  private static boolean isNone(Dense.Activation a) {
    return a.kind() == Dense.Activation.NONE.kind();
  }

  /** Whether the gradient of y has passed the activation of the node that makes it. */
  boolean isPassed(Value y) {
    return passed.contains(y);
  }

  /** What n lets the gradient of its input i pass. */
  Dense.Activation passing(Node n, int i) {
    Passing p = passing.get(n.input(i));
    boolean here = p != null && p.place().node() == n && p.place().input() == i;
    return here ? p.activation() : Dense.Activation.NONE;
  }

  boolean passes(Node n, int i) {
    return !isNone(passing(n, i));
  }
}
