package candela.graph.op;

import candela.device.Unary;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * Mean over windows of channels-last images.
 *
 * @param window as {@link MaxPool}'s
 */
public record AveragePool(int[] window, int padBottom, int padRight, boolean countIncludePad)
    implements Linear {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Shape x = inputs.get(0).shape();
    return List.of(Images.shape(x.dim(0), window[8], window[9], x.dim(3)));
  }

  @Override
  public void forward(Step s) {
    forward(s, 1, s.x(), s.y());
  }

  @Override
  public void backward(Step s) {
    backward(s, 1, s.accumulate(0), s.dy(), s.dx());
  }

  /** Sums of the windows, divided by what they count to that power. */
  private void forward(Step s, int power, Tensor a, Tensor z) {
    Shape x = a.shape();
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
            power,
            a.data(),
            z.data());
  }

  private void backward(Step s, int power, boolean accumulate, Tensor r, Tensor c) {
    Shape x = c.shape();
    s.device()
        .kernels()
        .pool()
        .averagePoolBackward(
            accumulate,
            x.dim(0),
            x.dim(1),
            x.dim(2),
            x.dim(3),
            window,
            padBottom,
            padRight,
            countIncludePad,
            power,
            r.data(),
            c.data());
  }

  /** Of weights 1/n, the power of n that remains. */
  private static int power(Weights w) {
    return switch (w.part()) {
      case ONES -> 0;
      case SQUARED -> 2;
      default -> 1;
    };
  }

  /** What the weights are multiplied by besides. */
  private static float factor(Weights w) {
    return switch (w.part()) {
      case NEGATIVE -> 0;
      case GAMMA -> 1 + w.gamma();
      default -> 1;
    };
  }

  private static void scale(Step s, Tensor y, float by) {
    if (by != 1) {
      s.device()
          .kernels()
          .elementwise()
          .unaryForward(Unary.LINEAR, by, 0, y.count(), y.data(), y.data());
    }
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    forward(s, power(w), a, z);
    scale(s, z, factor(w));
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    backward(s, power(w), false, r, c);
    scale(s, c, factor(w));
  }

  /** Where all windows count the same. */
  @Override
  public Reach reach(Node node, int i, int down) {
    Reach reach = MaxPool.reach(window, 0);
    int[] after = {padBottom, padRight};
    boolean same = down == 1;
    for (int a = 0; a < 2 && same; a++) {
      int before = reach.pads()[a];
      int end = (window[8 + a] - 1) * reach.strides()[a] + reach.size()[a];
      boolean padded = before > 0 || after[a] > 0;
      same = end <= node.input(0).shape().dim(1 + a) + before + after[a];
      same &= countIncludePad || !padded;
    }
    return same ? reach : null;
  }

  @Override
  public Op cropped(int tall, int wide) {
    return new AveragePool(MaxPool.cropped(window, tall, wide), 0, 0, countIncludePad);
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
  public long flops(Node node) {
    return (long) window[0] * window[1] * node.output().shape().count();
  }
}
