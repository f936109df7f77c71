package candela.graph.op;

import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Maximum over windows of channels-last images.
 *
 * @param window kh, kw, strides, dilations (each: down, across), padTop, padLeft, oh, ow
 */
public record MaxPool(int[] window) implements Op {
  private int indexBytes() {
    return (long) window[0] * window[1] <= 256 ? 1 : 4;
  }

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
        .maxPoolForward(
            s.x().storage(),
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            window,
            s.x().data(),
            s.y().data(),
            s.kept((long) indexBytes() * s.y().shape().count(1, 4)),
            indexBytes());
  }

  @Override
  public void backward(Step s) {
    Shape x = s.dx().shape();
    s.device()
        .kernels()
        .pool()
        .maxPoolBackward(
            s.dx().storage(),
            s.accumulate(0),
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            window,
            s.kept(),
            indexBytes(),
            s.dy().data(),
            s.dx().data());
  }

  /** x = v of the last window that chose each element of the forward's input, 0 where none did. */
  public void unpool(Step s, Tensor v, Tensor x) {
    Shape shape = x.shape();
    s.device()
        .kernels()
        .pool()
        .maxUnpool(
            shape.dim(0),
            shape.dim(1),
            shape.dim(2),
            shape.dim(3),
            window,
            s.kept(),
            indexBytes(),
            v.data(),
            x.data());
  }

  @Override
  public Width width(Node node) {
    return Width.AS_INPUT;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return down == 1 ? reach(window, Float.NEGATIVE_INFINITY) : null;
  }

  static Reach reach(int[] window, float outside) {
    return Reach.of(
        Arrays.copyOfRange(window, 0, 2),
        Arrays.copyOfRange(window, 2, 4),
        Arrays.copyOfRange(window, 4, 6),
        Arrays.copyOfRange(window, 6, 8),
        outside);
  }

  @Override
  public Op cropped(int tall, int wide) {
    return new MaxPool(cropped(window, tall, wide));
  }

  static int[] cropped(int[] window, int tall, int wide) {
    int[] cropped = window.clone();
    cropped[6] = 0;
    cropped[7] = 0;
    cropped[8] = tall;
    cropped[9] = wide;
    return cropped;
  }

  @Override
  public boolean selects() {
    return true;
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public boolean accumulates() {
    return true;
  }

  @Override
  public long keptBytes(Node node) {
    return (long) indexBytes() * node.output().shape().count();
  }

  @Override
  public long flops(Node node) {
    return (long) window[0] * window[1] * node.output().shape().count();
  }
}
