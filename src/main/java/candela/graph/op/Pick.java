package candela.graph.op;

import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/**
 * Elements of x(0) along an axis at the places that x(1) holds, of the same shape but along that
 * axis; negative ones count from the end, and NaN is what is outside.
 */
public record Pick(int axis) implements AtPlaces {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    Shape index = inputs.get(1).shape();
    if (x.rank() != index.rank() || !x.with(axis, 1).equals(index.with(axis, 1))) {
      throw CandelaException.of("indices %s do not fit %s", index, x);
    }
    return List.of(index);
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .move()
        .pickForward(
            x.count(0, axis),
            x.dim(axis),
            x.count(axis + 1, x.rank()),
            s.y().shape().dim(axis),
            s.x(1).data(),
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape dx = s.dx().shape();
    s.device()
        .kernels()
        .move()
        .pickBackward(
            s.accumulate(0),
            dx.count(0, axis),
            dx.dim(axis),
            dx.count(axis + 1, dx.rank()),
            s.dy().shape().dim(axis),
            s.x(1).data(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public Op permuted(int[] perm) {
    return new Pick(Strides.position(perm, axis));
  }
}
