package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/** condition ? a : b; operands broadcast. */
public record Where() implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape ab = Shape.broadcast(inputs.get(1).shape(), inputs.get(2).shape());
    return List.of(Strides.checked(Shape.broadcast(inputs.get(0).shape(), ab)));
  }

  @Override
  public void forward(Step s) {
    Shape y = s.y().shape();
    s.device()
        .kernels()
        .broadcast()
        .whereForward(
            y.rank(),
            y.dims(),
            Strides.of(s.x(0).shape(), y),
            Strides.of(s.x(1).shape(), y),
            Strides.of(s.x(2).shape(), y),
            s.x(0).data(),
            s.x(1).data(),
            s.x(2).data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape y = s.dy().shape();
    for (int i = 1; i < 3; i++) {
      if (s.dx(i) != null) {
        s.device()
            .kernels()
            .broadcast()
            .whereBackward(
                i,
                s.accumulate(i),
                y.rank(),
                y.dims(),
                Strides.of(s.x(0).shape(), y),
                Strides.of(s.node().input(i).shape(), y),
                s.x(0).data(),
                s.dy().data(),
                s.dx(i).data());
      }
    }
  }

  @Override
  public boolean differentiable(int i) {
    return i > 0;
  }

  @Override
  public boolean byRows(Node node) {
    return Strides.ofRows(node);
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return i == 0;
  }

  @Override
  public Op permuted(int[] perm) {
    return this;
  }
}
