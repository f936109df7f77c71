package candela.graph;

/** Which nodes of a graph; data, compared by its parameters. */
@FunctionalInterface
public interface Selector {
  boolean test(Graph graph, Node node);
}
