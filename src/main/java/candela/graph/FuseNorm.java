package candela.graph;

import candela.device.Binary;
import candela.graph.op.BatchNorm;
import candela.graph.op.BinaryOp;
import candela.graph.op.Rectify;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lets a batch normalisation of a training graph add the other operand of the sum that follows it,
 * and apply the rectifier that follows: both are passes over memory saved.
 */
final class FuseNorm implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return rectified(summed(graph, keep), keep);
  }

  private static Graph summed(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Node, Node> atSum = new IdentityHashMap<>();
    Map<Node, Node> moved = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (!(n.op() instanceof BinaryOp b) || b.kind() != Binary.ADD) {
        continue;
      }
      for (int side = 0; side < 2; side++) {
        Node norm = producers.get(n.input(side));
        Value other = n.input(1 - side);
        boolean fits =
            norm != null
                && norm.op() instanceof BatchNorm plain
                && !plain.residual()
                && !plain.relu()
                && uses.get(norm.output()) == 1
                && !other.isConstant()
                && other.shape().equals(norm.output().shape());
        if (fits) {
          BatchNorm o = (BatchNorm) norm.op();
          Op with = new BatchNorm(o.training(), o.epsilon(), o.momentum(), false, true);
          List<Value> in = new ArrayList<>(norm.inputs());
          in.add(other);
          atSum.put(n, new Node(norm.name(), with, in, n.outputs()));
          moved.put(norm, n);
          break;
        }
      }
    }
    return replaced(graph, atSum, moved);
  }

  private static Graph rectified(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Node, Node> fused = new IdentityHashMap<>();
    Map<Node, Node> swallowed = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      boolean relu =
          n.op() instanceof Rectify r && r.lo() == 0 && r.hi() == Float.POSITIVE_INFINITY;
      Node norm = relu ? producers.get(n.input(0)) : null;
      if (norm != null
          && norm.op() instanceof BatchNorm o
          && !o.relu()
          && uses.get(norm.output()) == 1) {
        Op with = new BatchNorm(o.training(), o.epsilon(), o.momentum(), true, o.residual());
        fused.put(norm, new Node(norm.name(), with, norm.inputs(), n.outputs()));
        swallowed.put(n, norm);
      }
    }
    return replaced(graph, fused, swallowed);
  }

  /** The graph with nodes replaced by others, and some left out. */
  private static Graph replaced(Graph graph, Map<Node, Node> by, Map<Node, Node> without) {
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!without.containsKey(n)) {
        r.add(r.now(by.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }
}
