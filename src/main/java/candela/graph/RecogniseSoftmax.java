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
 * Finds a softmax that a model spells out over the last axis, exp(x) / sum(exp(x)), its logarithm,
 * x - log(sum(exp(x))), and the exponential of that; x as it is or less what is one number in every
 * row, as its largest element: the scores' logits are what it reads, and nothing overflows.
 */
final class RecogniseSoftmax implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return Rewrite.recognise(graph, keep, RecogniseSoftmax::softmax);
  }

  private static List<Node> softmax(Node n, Map<Value, Node> producers) {
    Value log = ofDifference(n, producers);
    if (log != null) {
      return List.of(new Node(n.name(), new Softmax(true), List.of(log), n.outputs()));
    }
    Node exp = Rewrite.elementwise(n, Unary.EXP);
    Value x =
        exp == null
            ? ofQuotient(n, producers)
            : ofLogarithm(producers.get(exp.input(0)), producers);
    return x == null
        ? List.of()
        : List.of(new Node(n.name(), new Softmax(false), List.of(x), n.outputs()));
  }

  /** The x that n is exp(x) / sum(exp(x)) of, else null. */
  private static Value ofQuotient(Node n, Map<Value, Node> producers) {
    boolean quotient = Rewrite.binary(n, Binary.DIV) != null;
    Node exp = quotient ? Rewrite.elementwise(producers.get(n.input(0)), Unary.EXP) : null;
    boolean softmax = exp != null && isSum(producers.get(n.input(1)), exp.output());
    return softmax ? whole(exp.input(0), producers) : null;
  }

  /** The x that n is the logarithm of the softmax of, else null. */
  private static Value ofLogarithm(Node n, Map<Value, Node> producers) {
    boolean one = n != null && n.op() instanceof Softmax s && s.log();
    return one ? n.input(0) : ofDifference(n, producers);
  }

  /** The x that n is x - log(sum(exp(x))) of, or x - (log(sum(exp(x - m))) + m), else null. */
  private static Value ofDifference(Node n, Map<Value, Node> producers) {
    Node less = Rewrite.binary(n, Binary.SUB);
    if (less == null) {
      return null;
    }
    Node back = Rewrite.binary(producers.get(less.input(1)), Binary.ADD);
    Value logarithm = back == null ? less.input(1) : back.input(0);
    Node log = Rewrite.elementwise(producers.get(logarithm), Unary.LOG);
    Node sum = log == null ? null : producers.get(log.input(0));
    Node exp = sum == null ? null : Rewrite.elementwise(producers.get(sum.input(0)), Unary.EXP);
    if (exp == null || !isSum(sum, exp.output())) {
      return null;
    }
    Value x = less.input(0);
    if (back == null) {
      return exp.input(0) == x ? whole(x, producers) : null;
    }
    Node shifted = Rewrite.binary(producers.get(exp.input(0)), Binary.SUB);
    boolean same = shifted != null && shifted.input(0) == x && shifted.input(1) == back.input(1);
    return same && whole(exp.input(0), producers) == x ? x : null;
  }

  /** The v that x is less one number in every row, else x. */
  private static Value whole(Value x, Map<Value, Node> producers) {
    Node less = Rewrite.binary(producers.get(x), Binary.SUB);
    int rank = x.shape().rank();
    boolean shifted =
        less != null
            && less.input(0).shape().equals(x.shape())
            && less.input(1).shape().rank() == rank
            && less.input(1).shape().dim(rank - 1) == 1;
    return shifted ? less.input(0) : x;
  }

  /** Whether n adds up the rows of x. */
  private static boolean isSum(Node n, Value x) {
    int rank = x.shape().rank();
    return n != null
        && n.op() instanceof Reduce r
        && r.kind() == Reduction.SUM
        && r.from() == rank - 1
        && r.to() == rank
        && n.input(0) == x;
  }
}
