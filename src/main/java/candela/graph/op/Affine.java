package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/** Scale and shift of the last axis by constants: x[…,C], scale[C], shift[C]. */
public record Affine() implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    if (x.rank() < 1
        || inputs.get(1).shape().count() != x.dim(-1)
        || inputs.get(2).shape().count() != x.dim(-1)) {
      throw CandelaException.of(
          "scale %s and shift %s do not fit the channels of %s",
          inputs.get(1).shape(), inputs.get(2).shape(), x);
    }
    return List.of(x);
  }

  @Override
  public void forward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .broadcast()
        .affineForward(
            s.x().count() / Math.max(c, 1),
            c,
            s.x().data(),
            s.x(1).data(),
            s.x(2).data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    long c = s.x().shape().dim(-1);
    s.device()
        .kernels()
        .broadcast()
        .affineBackward(
            s.x().count() / Math.max(c, 1),
            c,
            s.accumulate(0),
            s.x(1).data(),
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public int inPlace(Node node) {
    return 0;
  }

  @Override
  public Op permuted(int[] perm) {
    return perm[perm.length - 1] == perm.length - 1 ? this : null;
  }

  @Override
  public boolean isPermuted(int i) {
    return i == 0;
  }
}
