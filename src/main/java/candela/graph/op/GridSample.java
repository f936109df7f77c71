package candela.graph.op;

import candela.device.Sample;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;

/**
 * Pixels of channels-last images x(0) [N,H,W,C] at the places of x(1) [N,h,w,2], across and down.
 *
 * @param align whether -1 and 1 are the middles of the outermost pixels, not their ends
 */
public record GridSample(Sample.Mode mode, Sample.Padding padding, boolean align) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    Shape grid = inputs.get(1).shape();
    if (x.rank() != 4 || grid.rank() != 4 || grid.dim(0) != x.dim(0) || grid.dim(3) != 2) {
      throw CandelaException.of("a grid %s does not fit images %s", grid, x);
    }
    if (x.dim(1) < 1 || x.dim(2) < 1) {
      throw CandelaException.of("images %s have no pixels", x);
    }
    return List.of(grid.with(3, x.dim(3)));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .sample()
        .sampleForward(
            mode,
            padding,
            align,
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            places(s.y().shape()),
            s.x(1).data(),
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    if (s.dx(0) != null) {
      Shape x = s.dx(0).shape();
      s.device()
          .kernels()
          .sample()
          .sampleBackward(
              mode,
              padding,
              align,
              s.accumulate(0),
              x.dim(0),
              x.dim(1),
              x.dim(2),
              x.dim(3),
              places(s.dy().shape()),
              s.x(1).data(),
              s.dy().data(),
              s.dx(0).data());
    }
    if (s.dx(1) != null) {
      Shape x = s.x().shape();
      s.device()
          .kernels()
          .sample()
          .sampleBackwardGrid(
              mode,
              padding,
              align,
              s.accumulate(1),
              x.dim(0),
              x.dim(1),
              x.dim(2),
              x.dim(3),
              places(s.dy().shape()),
              s.x(1).data(),
              s.x().data(),
              s.dy().data(),
              s.dx(1).data());
    }
  }

  private static long places(Shape y) {
    return (long) y.dim(1) * y.dim(2);
  }

  /** Where steps decide which pixel is taken, the grid has no slope. */
  @Override
  public boolean differentiable(int i) {
    return i == 0 || mode != Sample.Mode.NEAREST;
  }

  @Override
  public boolean byRows(Node node) {
    return node.inputs().stream().noneMatch(Value::isConstant);
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public boolean needsX(int i) {
    return true;
  }
}
