package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * By mean and variance, which are kept for the way back; then by constants, a scale and a shift if
 * any. Of channels of channels-last images x[N,…,C] unless an operator says otherwise.
 */
interface Normalisation extends Op {
  /** The scale is input 1, the shift 2; NULL where there is none. */
  static MemorySegment parameter(Step s, int i) {
    return s.node().inputs().size() > i ? s.x(i).data() : MemorySegment.NULL;
  }

  @Override
  default List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    if (x.rank() < 2) {
      throw CandelaException.of("images with channels expected, input is %s", x);
    }
    for (Value v : inputs.subList(1, inputs.size())) {
      if (v.shape().count() != x.dim(-1)) {
        throw CandelaException.of(
            "scale or shift %s does not fit %d channels", v.shape(), x.dim(-1));
      }
    }
    return List.of(x);
  }

  @Override
  default boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  default boolean byRows(Node node) {
    return true;
  }

  @Override
  default boolean accumulates() {
    return true;
  }

  @Override
  default boolean needsX(int i) {
    return i == 0;
  }
}
