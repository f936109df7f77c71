package candela.graph;

import java.util.List;

/**
 * What flows back through a node instead of, or as, the gradient. Rules are records: data, compared
 * by their parameters.
 */
@FunctionalInterface
public interface Rule {
  /** The chain rule. */
  Rule GRADIENT = new ChainRule();

  /**
   * Writes dx of every wanted input from dy; the contract of {@link Op#backward}, accumulation
   * included. dy must stay as it is unless {@link #inPlace}.
   */
  void backward(Node node, Step step);

  /**
   * Called once for every node that the rule is given, when the session opens.
   *
   * @throws candela.tensor.CandelaException when the rule has no meaning there; the message starts
   *     after the node's label
   */
  default void check(Graph graph, Node node) {}

  /** Whether the rule reads x(i); it is kept from forward then. */
  default boolean needsX(Node node, int i) {
    return node.op().needsX(i);
  }

  /** Whether the rule reads y(0). */
  default boolean needsY(Node node) {
    return node.op().needsY();
  }

  /** Further values that the rule reads, through {@link Step#before}; kept from forward too. */
  default List<Value> reads(Graph graph, Node node) {
    return List.of();
  }

  /** Bytes of {@link Step#work}. */
  default long workBytes(Graph graph, Node node) {
    return 0;
  }

  /** Whether dx may overwrite dy where the operator's own backward allows that. */
  default boolean inPlace() {
    return false;
  }
}
