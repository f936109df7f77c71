package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Storage;
import candela.tensor.Tensor;
import java.util.List;

/**
 * The same values, held otherwise: where 16 bits begin and end. Gradients change to what {@link
 * Storage#gradientScale} makes of them there.
 */
public record Convert() implements Op {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return List.of(inputs.get(0).shape());
  }

  @Override
  public void forward(Step s) {
    convert(s, false, 1, s.x(), s.y());
  }

  @Override
  public void backward(Step s) {
    float scale = s.dx().storage().gradientScale() / s.dy().storage().gradientScale();
    convert(s, s.accumulate(0), scale, s.dy(), s.dx());
  }

  private static void convert(Step s, boolean accumulate, float scale, Tensor from, Tensor to) {
    s.device()
        .kernels()
        .convert()
        .convert(
            from.storage(), to.storage(), accumulate, scale, from.count(), from.data(), to.data());
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean accumulates() {
    return true;
  }
}
