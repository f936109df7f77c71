package candela.graph;

import candela.device.Unary;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.Reshape;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes one sigmoid of those that stand side by side in an output: those of several heads, or of a
 * class and its opposite, 1 - sigmoid(z) = sigmoid(-z). The scores' logits are what it reads.
 */
final class JoinSigmoids implements Simplify.Pass {
  private static final Elementwise OPPOSITE = new Elementwise(Unary.LINEAR, -1, 1);

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Set<Node> ends = Scores.ends(graph);
    return Rewrite.recognise(graph, keep, (n, by) -> ends.contains(n) ? joined(n, by) : List.of());
  }

  private static List<Node> joined(Node n, Map<Value, Node> producers) {
    if (!(n.op() instanceof Concat) || n.inputs().size() < 2) {
      return List.of();
    }
    List<Node> nodes = new ArrayList<>();
    List<Value> logits = new ArrayList<>();
    for (Value v : n.inputs()) {
      Node p = Scores.moved(producers, v);
      boolean opposite = p != null && p.op().equals(OPPOSITE);
      Node sigmoid = opposite ? Scores.moved(producers, p.input(0)) : p;
      if (Rewrite.elementwise(sigmoid, Unary.SIGMOID) == null) {
        return List.of();
      }
      Value z = sigmoid.input(0);
      String name = v.name() + "@" + logits.size();
      if (!z.shape().equals(v.shape())) {
        z = added(nodes, name + "@shaped", new Reshape(v.shape()), z, v.shape());
      }
      if (opposite) {
        z = added(nodes, name + "@negative", new Elementwise(Unary.NEG), z, v.shape());
      }
      logits.add(z);
    }
    Value all = Value.of(n.output().name() + "@logits", n.output().shape(), false);
    nodes.add(new Node(n.name(), n.op(), logits, all));
    nodes.add(new Node(n.name(), new Elementwise(Unary.SIGMOID), List.of(all), n.outputs()));
    return nodes;
  }

  private static Value added(List<Node> nodes, String name, Op op, Value x, Shape shape) {
    Value y = Value.of(name, shape, false);
    nodes.add(new Node(name, op, List.of(x), y));
    return y;
  }
}
