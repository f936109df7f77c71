package candela.graph;

/** What flows back through a node instead of, or as, the gradient. */
@FunctionalInterface
public interface Rule {
  /** The chain rule. */
  Rule GRADIENT = (node, step) -> node.op().backward(step);

  /** Writes dx of every wanted input from dy; the contract of {@link Op#backward}. */
  void backward(Node node, Step step);
}
