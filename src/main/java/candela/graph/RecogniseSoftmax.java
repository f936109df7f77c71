package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.Reduce;
import candela.graph.op.Softmax;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds a softmax that a model spells out, exp(x) / sum(exp(x)) over the last axis, x as it is or
 * without its largest element: the scores' logits are what it reads, and nothing overflows.
 */
final class RecogniseSoftmax implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    producers.keySet().removeAll(Rewrite.held(graph, keep));
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      Value x = isKind(n, Binary.DIV) ? logits(n, producers) : null;
      r.add(x == null ? n : new Node(n.name(), new Softmax(false), List.of(x), n.outputs()));
    }
    return r.finish();
  }

  /** Null where the quotient is something else. */
  private static Value logits(Node quotient, Map<Value, Node> producers) {
    Value e = quotient.input(0);
    Node exp = producers.get(e);
    boolean softmax =
        exp != null
            && exp.op() instanceof Elementwise f
            && f.kind() == Unary.EXP
            && isOverLast(producers.get(quotient.input(1)), Reduction.SUM, e);
    if (!softmax) {
      return null;
    }
    Node less = producers.get(exp.input(0));
    boolean stable =
        isKind(less, Binary.SUB)
            && isOverLast(producers.get(less.input(1)), Reduction.MAX, less.input(0));
    return stable ? less.input(0) : exp.input(0);
  }

  private static boolean isKind(Node n, Binary kind) {
    return n != null && n.op() instanceof BinaryOp b && b.kind() == kind;
  }

  private static boolean isOverLast(Node n, Reduction kind, Value x) {
    int rank = x.shape().rank();
    return n != null
        && n.op() instanceof Reduce r
        && r.kind() == kind
        && r.from() == rank - 1
        && r.to() == rank
        && n.input(0) == x;
  }
}
