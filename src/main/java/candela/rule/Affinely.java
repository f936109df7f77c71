package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;

/** What rules of affine operators have in common: they read the operand, and work in its shape. */
sealed interface Affinely extends Rule
    permits AlphaBeta, Contrast, Epsilon, Excite, Flat, Gamma, Split, WSquare, ZBox, ZPlus {
  /** Tensors of the operand's shape that the rule works with. */
  int inputs();

  /** Tensors of the output's shape that the rule works with. */
  int outputs();

  @Override
  default void check(Graph graph, Node node) {
    Sharing.check(node);
  }

  @Override
  default boolean needsX(Node node, int i) {
    return Sharing.isOperand(node, i);
  }

  @Override
  default boolean needsY(Node node) {
    return false;
  }

  @Override
  default long workBytes(Graph graph, Node node) {
    return Sharing.bytes(node, inputs(), outputs());
  }
}
