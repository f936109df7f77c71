package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/**
 * Positions of the k largest (or smallest) along an axis: the extreme one first, of equal ones the
 * first. No gradient.
 */
public record Top(boolean largest, int axis, int k) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape().with(axis, k));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .reduce()
        .top(
            largest,
            x.count(0, axis),
            x.dim(axis),
            x.count(axis + 1, x.rank()),
            k,
            s.x().data(),
            s.y().data());
  }

  @Override
  public boolean differentiable(int i) {
    return false;
  }

  @Override
  public boolean byRows(Node node) {
    return axis > 0;
  }

  @Override
  public Op permuted(int[] perm) {
    return new Top(largest, Strides.position(perm, axis), k);
  }

  /** Each of the k looks at all elements. */
  @Override
  public long flops(Node node) {
    return (long) k * node.input(0).shape().count();
  }
}
