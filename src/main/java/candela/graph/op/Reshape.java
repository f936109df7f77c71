package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/** The same elements under another shape. */
public record Reshape(Shape target) implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    if (inputs.get(0).shape().count() != target.count()) {
      throw CandelaException.of("%s cannot be reshaped to %s", inputs.get(0).shape(), target);
    }
    return List.of(Strides.checked(target));
  }

  @Override
  public void forward(Step s) {
    if (s.y().data().address() != s.x().data().address()) {
      copy(s, false, s.x(), s.y());
    }
  }

  @Override
  public void backward(Step s) {
    if (s.dx().data().address() != s.dy().data().address()) {
      copy(s, s.accumulate(0), s.dy(), s.dx());
    }
  }

  private static void copy(Step s, boolean accumulate, Tensor x, Tensor y) {
    int[] one = {1};
    s.device()
        .kernels()
        .move()
        .copyStrided(
            x.storage(), accumulate, 1, new int[] {x.count()}, one, one, x.data(), y.data());
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
  }

  @Override
  public boolean isView() {
    return true;
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }
}
