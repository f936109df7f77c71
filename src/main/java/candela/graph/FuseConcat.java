package candela.graph;

import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Lets convolutions write their channels straight into the concatenation that alone reads them. */
final class FuseConcat implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Set<Node> swallowed = Collections.newSetFromMap(new IdentityHashMap<>());
    Map<Node, Node> joined = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof Concat c && c.axis() == 3 && n.output().shape().rank() == 4) {
        List<Node> convs =
            n.inputs().stream().map(v -> fusable(producers.get(v), v, uses)).toList();
        if (convs.stream().anyMatch(p -> p != null)) {
          joined.put(n, join(n, convs));
          convs.stream().filter(p -> p != null).forEach(swallowed::add);
        }
      }
    }
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!swallowed.contains(n)) {
        r.add(r.now(joined.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }

  private static Node fusable(Node n, Value v, Map<Value, Integer> uses) {
    boolean plain = n != null && n.op() instanceof Conv c && !c.residual() && uses.get(v) == 1;
    return plain ? n : null;
  }

  private static Node join(Node concat, List<Node> convs) {
    List<ConvConcat.Part> parts = new ArrayList<>();
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < convs.size(); i++) {
      Node conv = convs.get(i);
      if (conv == null) {
        parts.add(new ConvConcat.Part(null, 1));
        inputs.add(concat.input(i));
      } else {
        parts.add(new ConvConcat.Part((Conv) conv.op(), conv.inputs().size()));
        inputs.addAll(conv.inputs());
      }
    }
    return new Node(concat.name(), new ConvConcat(parts), inputs, concat.outputs());
  }
}
