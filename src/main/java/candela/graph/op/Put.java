package candela.graph.op;

import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/**
 * An axis so long, of zeros, to which the elements of x(0) are added at the places that x(1) holds:
 * what {@link Pick} is the gradient of.
 */
public record Put(int axis, int length) implements AtPlaces {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    Shape index = inputs.get(1).shape();
    if (!x.equals(index)) {
      throw CandelaException.of("indices %s do not fit %s", index, x);
    }
    return List.of(x.with(axis, length));
  }

  @Override
  public void forward(Step s) {
    Shape y = s.y().shape();
    s.device()
        .kernels()
        .move()
        .pickBackward(
            false,
            y.count(0, axis),
            length,
            y.count(axis + 1, y.rank()),
            s.x().shape().dim(axis),
            s.x(1).data(),
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape dy = s.dy().shape();
    s.device()
        .kernels()
        .move()
        .pickForward(
            dy.count(0, axis),
            length,
            dy.count(axis + 1, dy.rank()),
            s.dx().shape().dim(axis),
            s.x(1).data(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public Op permuted(int[] perm) {
    return new Put(Strides.position(perm, axis), length);
  }
}
