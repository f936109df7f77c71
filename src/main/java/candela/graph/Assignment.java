package candela.graph;

import candela.tensor.CandelaException;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules that a session can run, node by node, and what they need in all. */
final class Assignment {
  private final Map<Rules, Map<Node, Rule>> assigned = new LinkedHashMap<>();

  Assignment(Graph graph, List<Rules> rules) {
    for (Rules r : rules.isEmpty() ? List.of(Rules.GRADIENT) : rules) {
      Map<Node, Rule> of = new IdentityHashMap<>();
      graph.nodes().forEach(n -> of.put(n, r.of(graph, n)));
      assigned.put(r, of);
    }
  }

  Set<Rules> all() {
    return assigned.keySet();
  }

  /** The rule of every node. */
  Map<Node, Rule> of(Rules rules) {
    Map<Node, Rule> of = assigned.get(rules);
    if (of == null) {
      throw new IllegalStateException("session was not opened for these rules: " + rules);
    }
    return of;
  }

  void check(Graph graph, Node node) {
    for (Map<Node, Rule> of : assigned.values()) {
      try {
        of.get(node).check(graph, node);
      } catch (CandelaException e) {
        throw new Unsuited(graph.name() + ": " + node.label() + ": " + e.getMessage(), e);
      }
    }
  }

  boolean needsX(Node node, int i) {
    return assigned.values().stream().anyMatch(of -> of.get(node).needsX(node, i));
  }

  boolean needsY(Node node) {
    return assigned.values().stream().anyMatch(of -> of.get(node).needsY(node));
  }

  /** Values that the node's rules read besides its own. */
  List<Value> reads(Graph graph, Node node) {
    return assigned.values().stream()
        .flatMap(of -> of.get(node).reads(graph, node).stream())
        .toList();
  }

  long workBytes(Graph graph, Node node) {
    return assigned.values().stream()
        .mapToLong(of -> of.get(node).workBytes(graph, node))
        .max()
        .orElse(0);
  }

  boolean inPlace(Node node) {
    return assigned.values().stream().allMatch(of -> of.get(node).inPlace());
  }

  boolean paired() {
    return assigned.keySet().stream().anyMatch(Rules::paired);
  }
}
