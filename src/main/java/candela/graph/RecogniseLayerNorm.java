package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.LayerNorm;
import candela.graph.op.Reduce;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds layer normalisation that a model of opset 16 or older spells out, (x - mean) / sqrt(mean((x
 * - mean)^2) + epsilon) over the last axes; scale and shift that follow are folded as those of any
 * layer. Expects sums and squares as {@link FoldScalars} leaves them.
 */
final class RecogniseLayerNorm implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return Rewrite.recognise(graph, keep, RecogniseLayerNorm::norm);
  }

  private static List<Node> norm(Node n, Map<Value, Node> producers) {
    Value deviation = deviation(n, producers);
    Node root = Rewrite.elementwise(producers.get(deviation), Unary.SQRT);
    Node added =
        root == null ? null : Rewrite.elementwise(producers.get(root.input(0)), Unary.LINEAR);
    if (added == null || ((Elementwise) added.op()).alpha() != 1) {
      return List.of();
    }
    Node variance = mean(producers.get(added.input(0)));
    Node square =
        variance == null ? null : Rewrite.binary(producers.get(variance.input(0)), Binary.MUL);
    Node centred = Rewrite.binary(producers.get(n.input(0)), Binary.SUB);
    if (square == null || centred == null) {
      return List.of();
    }
    Value x = centred.input(0);
    Node mean = mean(producers.get(centred.input(1)));
    boolean fits =
        mean != null
            && mean.input(0) == x
            && mean.op().equals(variance.op())
            && isCentred(square.input(0), centred, producers)
            && square.input(0) == square.input(1);
    if (!fits) {
      return List.of();
    }
    float epsilon = ((Elementwise) added.op()).beta();
    LayerNorm op = new LayerNorm(((Reduce) mean.op()).from(), epsilon);
    return List.of(new Node(n.name(), op, List.of(x), n.outputs()));
  }

  /** What n divides by, or multiplies with the reciprocal of. */
  private static Value deviation(Node n, Map<Value, Node> producers) {
    if (Rewrite.binary(n, Binary.DIV) != null) {
      return n.input(1);
    }
    Node reciprocal =
        Rewrite.binary(n, Binary.MUL) == null
            ? null
            : Rewrite.elementwise(producers.get(n.input(1)), Unary.RECIPROCAL);
    return reciprocal == null ? null : reciprocal.input(0);
  }

  /** Exporters of some versions compute the difference twice. */
  private static boolean isCentred(Value v, Node centred, Map<Value, Node> producers) {
    Node n = producers.get(v);
    return v == centred.output()
        || (Rewrite.binary(n, Binary.SUB) != null && n.inputs().equals(centred.inputs()));
  }

  private static Node mean(Node n) {
    return n != null
            && n.op() instanceof Reduce m
            && m.kind() == Reduction.MEAN
            && m.to() == n.input(0).shape().rank()
        ? n
        : null;
  }
}
