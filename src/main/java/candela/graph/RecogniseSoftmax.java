package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
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
    return Rewrite.recognise(graph, keep, RecogniseSoftmax::softmax);
  }

  private static List<Node> softmax(Node n, Map<Value, Node> producers) {
    boolean quotient = Rewrite.binary(n, Binary.DIV) != null;
    Node exp = quotient ? Rewrite.elementwise(producers.get(n.input(0)), Unary.EXP) : null;
    if (exp == null || !isOverLast(producers.get(n.input(1)), Reduction.SUM, n.input(0))) {
      return List.of();
    }
    Node less = Rewrite.binary(producers.get(exp.input(0)), Binary.SUB);
    boolean stable =
        less != null && isOverLast(producers.get(less.input(1)), Reduction.MAX, less.input(0));
    Value x = stable ? less.input(0) : exp.input(0);
    return List.of(new Node(n.name(), new Softmax(false), List.of(x), n.outputs()));
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
