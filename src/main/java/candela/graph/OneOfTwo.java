package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes a sigmoid of one column of a softmax over two classes where it is an output: of z and z',
 * softmax(z) = sigmoid(z - z'). The score's logit is what it reads.
 */
final class OneOfTwo implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Set<Node> ends = Scores.ends(graph);
    return Rewrite.recognise(graph, keep, (n, by) -> ends.contains(n) ? sigmoid(n, by) : List.of());
  }

  private static List<Node> sigmoid(Node n, Map<Value, Node> producers) {
    boolean column =
        n.op() instanceof Slice
            && producers.get(n.input(0)) instanceof Node p
            && p.op() instanceof Softmax s
            && !s.log();
    if (!column) {
      return List.of();
    }
    Shape two = n.input(0).shape();
    int last = two.rank() - 1;
    if (two.dim(last) != 2 || !two.with(last, 1).equals(n.output().shape())) {
      return List.of();
    }
    Value z = producers.get(n.input(0)).input(0);
    Slice own = (Slice) n.op();
    int[] starts = own.starts().clone();
    starts[last] = 1 - starts[last];
    Node it = slice(n, "@own", own, z);
    Node other = slice(n, "@other", new Slice(starts, own.steps(), own.sizes()), z);
    Value logit = Value.of(n.output().name() + "@logit", n.output().shape(), false);
    return List.of(
        it,
        other,
        new Node(
            logit.name(), new BinaryOp(Binary.SUB), List.of(it.output(), other.output()), logit),
        new Node(n.name(), new Elementwise(Unary.SIGMOID), List.of(logit), n.outputs()));
  }

  private static Node slice(Node n, String name, Slice op, Value z) {
    Value y = Value.of(n.output().name() + name, n.output().shape(), false);
    return new Node(y.name(), op, List.of(z), y);
  }
}
