package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Value;

/** Elements at the places along an axis that input 1 holds. */
interface AtPlaces extends Op {
  int axis();

  @Override
  default boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  default boolean byRows(Node node) {
    return axis() > 0 && node.inputs().stream().noneMatch(Value::isConstant);
  }

  @Override
  default boolean needsX(int i) {
    return i == 1;
  }
}
