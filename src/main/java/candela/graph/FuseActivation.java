package candela.graph;

import candela.device.Unary;
import candela.graph.op.Activation;
import candela.graph.op.Conv;
import candela.graph.op.Elementwise;
import candela.graph.op.Matrix;
import candela.graph.op.Rectify;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Lets a convolution or matrix product apply the rectifier that follows it. Only activations whose
 * gradient is known from one bit of the output are fused.
 */
final class FuseActivation implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Node, Node> fused = new IdentityHashMap<>();
    Map<Node, Node> swallowed = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      Activation a = activation(n.op());
      Node before = a == null ? null : producers.get(n.input(0));
      if (before != null && uses.get(n.input(0)) == 1 && with(before.op(), a) != null) {
        fused.put(
            before, new Node(before.name(), with(before.op(), a), before.inputs(), n.outputs()));
        swallowed.put(n, before);
      }
    }
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!swallowed.containsKey(n)) {
        r.add(r.now(fused.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }

  private static Activation activation(Op op) {
    return switch (op) {
      case Rectify c when c.lo() == 0 && c.hi() == Float.POSITIVE_INFINITY ->
          new Activation(Activation.Kind.RELU, 0, c.hi());
      case Rectify c -> new Activation(Activation.Kind.CLIP, c.lo(), c.hi());
      case Elementwise e when e.kind() == Unary.LEAKY_RELU && e.alpha() > 0 ->
          new Activation(Activation.Kind.LEAKY, e.alpha(), 0);
      default -> null;
    };
  }

  private static Op with(Op op, Activation a) {
    return switch (op) {
      case Conv c when c.activation().kind() == Activation.Kind.NONE ->
          new Conv(c.strides(), c.dilations(), c.pads(), c.groups(), a, c.residual());
      case Matrix m when m.activation().kind() == Activation.Kind.NONE ->
          new Matrix(m.transposed(), a);
      default -> null;
    };
  }
}
