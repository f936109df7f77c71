package candela.graph;

import candela.device.Binary;
import candela.graph.op.Activation;
import candela.graph.op.BinaryOp;
import candela.graph.op.Conv;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Lets a convolution add the other operand of the sum that follows it. */
final class FuseResidual implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Node, Node> atSum = new IdentityHashMap<>();
    Map<Node, Node> moved = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof BinaryOp b && b.kind() == Binary.ADD) {
        for (int side = 1; side >= 0; side--) {
          Node conv = producers.get(n.input(side));
          if (conv != null
              && fusable(conv, n, n.input(1 - side), uses)
              && !moved.containsKey(conv)) {
            atSum.put(n, withResidual(conv, n, n.input(1 - side)));
            moved.put(conv, n);
            break;
          }
        }
      }
    }
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!moved.containsKey(n)) {
        r.add(r.now(atSum.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }

  private static boolean fusable(Node conv, Node sum, Value other, Map<Value, Integer> uses) {
    return conv.op() instanceof Conv c
        && c.activation().kind() == Activation.Kind.NONE
        && !c.residual()
        && uses.get(conv.output()) == 1
        && !other.isConstant()
        && other.shape().equals(conv.output().shape())
        && sum.output().shape().equals(conv.output().shape());
  }

  private static Node withResidual(Node conv, Node sum, Value other) {
    Conv c = (Conv) conv.op();
    List<Value> inputs = new ArrayList<>(conv.inputs());
    inputs.add(other);
    Conv with = new Conv(c.strides(), c.dilations(), c.pads(), c.groups(), c.activation(), true);
    return new Node(conv.name(), with, inputs, sum.outputs());
  }
}
