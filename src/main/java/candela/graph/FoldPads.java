package candela.graph;

import candela.graph.op.Activation;
import candela.graph.op.Conv;
import candela.graph.op.PadConstant;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lets a convolution surround its image with zeros itself where a node of its own does that, as
 * models from TensorFlow have it: rules that share out by weights alone gave part of the relevance
 * to the padding. Transposes may stand between; padding beyond the kernel's reach stays.
 */
final class FoldPads implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Node, List<Node>> folded = new IdentityHashMap<>();
    Set<Value> swallowed = new HashSet<>();
    for (Node n : graph.nodes()) {
      List<Node> between = new ArrayList<>();
      Node before = n.op() instanceof Conv ? producers.get(n.input(0)) : null;
      while (before != null && uses.get(before.output()) == 1 && before.op() instanceof Transpose) {
        between.addFirst(before);
        before = producers.get(before.input(0));
      }
      boolean pads =
          before != null
              && uses.get(before.output()) == 1
              && before.op() instanceof PadConstant p
              && p.value() == 0;
      List<Node> padded = pads ? padded(n, between, before) : List.of();
      if (!padded.isEmpty()) {
        folded.put(n, padded);
        swallowed.add(before.output());
        between.forEach(move -> swallowed.add(move.output()));
      }
    }
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!swallowed.contains(n.output())) {
        folded.getOrDefault(n, List.of(n)).forEach(r::add);
      }
    }
    return r.finish();
  }

  /** The convolution of what the padding reads and those nodes move; empty where it cannot pad. */
  private static List<Node> padded(Node n, List<Node> between, Node padding) {
    PadConstant pad = (PadConstant) padding.op();
    Value x = padding.input(0);
    List<Node> nodes = new ArrayList<>();
    for (Node move : between) {
      pad = (PadConstant) pad.permuted(((Transpose) move.op()).perm());
      String name = move.output().name() + "@inner";
      Value y = Value.of(name, move.op().shapes(List.of(x)).get(0), false);
      nodes.add(new Node(move.name(), move.op(), List.of(x), y));
      x = y;
    }
    Conv c = (Conv) n.op();
    int[] pads = c.pads().clone();
    Shape w = n.input(1).shape();
    boolean within = pad.before()[0] + pad.after()[0] + pad.before()[3] + pad.after()[3] == 0;
    for (int a = 0; a < 2; a++) {
      pads[a] += pad.before()[a + 1];
      pads[a + 2] += pad.after()[a + 1];
      within &= Math.max(pads[a], pads[a + 2]) <= (w.dim(a + 2) - 1) * c.dilations()[a];
    }
    if (!within || !c.activation().equals(Activation.NONE) || c.residual()) {
      return List.of();
    }
    List<Value> inputs = new ArrayList<>(n.inputs());
    inputs.set(0, x);
    Op op = new Conv(c.strides(), c.dilations(), pads, c.groups(), Activation.NONE, false);
    nodes.add(new Node(n.name(), op, inputs, n.outputs()));
    return nodes;
  }
}
