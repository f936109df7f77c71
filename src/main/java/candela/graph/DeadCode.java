package candela.graph;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Drops nodes that neither the outputs nor the kept values depend on, and forgets the names they
 * held.
 */
final class DeadCode implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Set<Node> live = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Value> open = new ArrayDeque<>(graph.outputs());
    open.addAll(Rewrite.held(graph, keep));
    while (!open.isEmpty()) {
      Node n = producers.get(open.pop());
      if (n != null && live.add(n)) {
        n.inputs().stream().filter(v -> v != null).forEach(open::push);
      }
    }
    Set<Value> present = new HashSet<>(graph.inputs());
    live.forEach(n -> present.addAll(n.outputs()));
    Map<String, Graph.Place> named = new HashMap<>(graph.named());
    named.values().removeIf(p -> !p.value().isConstant() && !present.contains(p.value()));
    return new Graph(
        graph.name(),
        graph.inputs(),
        graph.outputs(),
        graph.nodes().stream().filter(live::contains).toList(),
        named);
  }
}
