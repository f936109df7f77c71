package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.util.List;

/**
 * Mean over windows of channels-last images.
 *
 * @param window as {@link MaxPool}'s
 */
public record AveragePool(int[] window, int padBottom, int padRight, boolean countIncludePad)
    implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    return List.of(Images.shape(x.dim(0), window[8], window[9], x.dim(3)));
  }

  @Override
  public void forward(Step s) {
    Shape x = s.x().shape();
    s.device()
        .kernels()
        .pool()
        .averagePoolForward(
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            window,
            padBottom,
            padRight,
            countIncludePad,
            s.x().data(),
            s.y().data());
  }

  @Override
  public void backward(Step s) {
    Shape x = s.dx().shape();
    s.device()
        .kernels()
        .pool()
        .averagePoolBackward(
            s.accumulate(0),
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            window,
            padBottom,
            padRight,
            countIncludePad,
            s.dy().data(),
            s.dx().data());
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public long flops(Node node) {
    return (long) window[0] * window[1] * node.output().shape().count();
  }
}
