package candela.graph;

import candela.tensor.CandelaException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What comes after a value of a graph: the value is the input, and the class scores the output. */
final class Tail {
  private Tail() {}

  /**
   * Of a graph as imported.
   *
   * @throws CandelaException where the scores depend on the image on a way past the value, or not
   *     on the value
   */
  static Graph of(Graph graph, SessionOptions options) {
    String name = Features.named(graph, options.from()).getFirst();
    Value start = graph.place(name).value();
    Value output = Scores.output(graph, options.output());
    int batch = graph.input().shape().dim(0);
    if (start.shape().rank() == 0 || start.shape().dim(0) != batch) {
      throw Unsuited.of(
          "%s: value '%s': one row an image expected, is %s for a batch of %d",
          graph.name(), name, start.shape(), batch);
    }
    Map<Value, Node> producers = Rewrite.producers(graph);
    Set<Node> after = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Value> open = new ArrayDeque<>(List.of(output));
    boolean reached = false;
    while (!open.isEmpty()) {
      Value v = open.pop();
      if (v == start) {
        reached = true;
      } else if (graph.inputs().contains(v)) {
        throw Unsuited.of(
            "%s: the scores depend on '%s' on a way past '%s', too; name a value that all of them"
                + " come from",
            graph.name(), v.name(), name);
      } else if (producers.containsKey(v) && after.add(producers.get(v))) {
        producers.get(v).inputs().stream().filter(i -> i != null).forEach(open::push);
      }
    }
    if (!reached || after.isEmpty()) {
      throw Unsuited.of(
          "%s: value '%s': one that the scores are computed from expected; name another",
          graph.name(), name);
    }
    List<Node> nodes = graph.nodes().stream().filter(after::contains).toList();
    var tail = new Graph(graph.name(), List.of(start), List.of(output), nodes, graph.named());
    return new DeadCode().apply(tail, Set.of()); // forgets the names of what came before
  }
}
