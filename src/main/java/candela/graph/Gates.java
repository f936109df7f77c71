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
 */
final class Gates {
  /** A node and the input whose gradient it writes last. */
  private record Place(Node node, int input) {
    boolean gates(Value v) {
      return input >= 0 && node.input(input) == v && node.op().gates(input);
    }
  }

  private final Map<Value, Place> last = new IdentityHashMap<>();

  /** What makes a value. */
  private final Map<Value, Node> makers = new IdentityHashMap<>();

  /** No activation. */
  Gates() {}

  /**
   * @param backward the nodes that backward runs, in the order of the graph
   * @param wanted values into which a gradient flows
   * @param held values whose gradient somebody reads, or writes from outside
   * @param root the value whose memory a value shares
   */
  Gates(List<Node> backward, Set<Value> wanted, Set<Value> held, UnaryOperator<Value> root) {
    for (Node n : backward) {
      n.outputs().forEach(y -> makers.put(y, n));
    }
    for (Node n : backward.reversed()) {
      Set<Value> here = new HashSet<>();
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (v != null && !v.isConstant() && wanted.contains(v) && n.op().differentiable(i)) {
          // Read twice by one node: which of its parts writes last is its own matter.
          last.put(root.apply(v), here.add(root.apply(v)) ? new Place(n, i) : new Place(n, -1));
        }
      }
    }
    last.entrySet()
        .removeIf(
            e -> {
              Value v = e.getKey();
              return held.contains(v) || isNone(activation(v)) || !e.getValue().gates(v);
            });
  }

  /** What ends the node that makes v. */
  private Dense.Activation activation(Value v) {
    Node maker = makers.get(v);
    return maker == null ? Dense.Activation.NONE : maker.op().gate(maker);
  }

  private static boolean isNone(Dense.Activation a) {
    return a.kind() == Dense.Activation.NONE.kind();
  }

  /** Whether the gradient of y has passed the activation of the node that makes it. */
  boolean isPassed(Value y) {
    return last.containsKey(y);
  }

  /** What n lets the gradient of its input i pass. */
  Dense.Activation passing(Node n, int i) {
    Value v = n.input(i);
    Place p = last.get(v);
    boolean here = p != null && p.node() == n && p.input() == i;
    return here ? activation(v) : Dense.Activation.NONE;
  }

  boolean passes(Node n, int i) {
    return !isNone(passing(n, i));
  }
}
