package candela.graph.op;

import candela.device.Reduction;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/** Position of the maximum or minimum along an axis, which stays with length 1. No gradient. */
public record ArgReduce(Reduction kind, boolean last, int axis) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape().with(axis, 1));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .reduce()
        .argReduce(
            kind,
            last,
            x.count(0, axis),
            x.dim(axis),
            x.count(axis + 1, x.rank()),
            s.x().data(),
            s.y().data());
  }

  @Override
  public boolean differentiable(int i) {
    return false;
  }

  @Override
  public Op permuted(int[] perm) {
    return new ArgReduce(kind, last, Strides.position(perm, axis));
  }
}
