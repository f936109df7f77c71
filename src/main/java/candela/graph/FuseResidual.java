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

/**
 * Lets a convolution add the other operand of the sum that follows it: of two, the one with more
 * nodes before it, so that the other need not wait for them.
 */
final class FuseResidual implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Value, Integer> depths = depths(graph);
    Map<Node, Node> atSum = new IdentityHashMap<>();
    Map<Node, Node> moved = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof BinaryOp b && b.kind() == Binary.ADD) {
        int deeper = depth(n.input(1), depths) >= depth(n.input(0), depths) ? 1 : 0;
        for (int side : new int[] {deeper, 1 - deeper}) {
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

  /** Nodes in a row before each value that one computes. */
  private static Map<Value, Integer> depths(Graph graph) {
    Map<Value, Integer> depths = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      int most = 0;
      for (Value v : n.inputs()) {
        most = v == null ? most : Math.max(most, depth(v, depths));
      }
      for (Value y : n.outputs()) {
        depths.put(y, most + 1);
      }
    }
    return depths;
  }

  private static int depth(Value v, Map<Value, Integer> depths) {
    return depths.getOrDefault(v, 0);
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
