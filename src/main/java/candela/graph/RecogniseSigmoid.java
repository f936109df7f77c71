package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds a sigmoid that a model spells out, 1 / (1 + exp(-x)) or exp(x) / (1 + exp(x)): the scores'
 * logits are what it reads, and nothing overflows. Expects constants as {@link FoldScalars} leaves
 * them.
 */
final class RecogniseSigmoid implements Simplify.Pass {
  private static final Elementwise PLUS_ONE = new Elementwise(Unary.LINEAR, 1, 1);

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return Rewrite.recognise(graph, keep, RecogniseSigmoid::sigmoid);
  }

  private static List<Node> sigmoid(Node n, Map<Value, Node> producers) {
    Value below = Rewrite.reciprocal(n);
    Value of = below == null ? null : ofSum(below, producers);
    if (of != null) {
      Value x = Rewrite.negated(producers.get(of));
      if (x != null) {
        return List.of(sigmoid(n, x));
      }
      Value minus = Value.of(n.output().name() + "@negative", of.shape(), false);
      Op negative = new Elementwise(Unary.NEG);
      return List.of(new Node(minus.name(), negative, List.of(of), minus), sigmoid(n, minus));
    }
    boolean quotient = Rewrite.binary(n, Binary.DIV) != null;
    Node exp = quotient ? Rewrite.elementwise(producers.get(n.input(0)), Unary.EXP) : null;
    boolean same = exp != null && ofSum(n.input(1), producers) == exp.input(0);
    return same ? List.of(sigmoid(n, exp.input(0))) : List.of();
  }

  /** Of x, in the place of n. */
  private static Node sigmoid(Node n, Value x) {
    return new Node(n.name(), new Elementwise(Unary.SIGMOID), List.of(x), n.outputs());
  }

  /** The x that v is 1 + exp(x) of, else null. */
  private static Value ofSum(Value v, Map<Value, Node> producers) {
    Node sum = producers.get(v);
    boolean one = sum != null && sum.op().equals(PLUS_ONE);
    Node exp = one ? Rewrite.elementwise(producers.get(sum.input(0)), Unary.EXP) : null;
    return exp == null ? null : exp.input(0);
  }
}
