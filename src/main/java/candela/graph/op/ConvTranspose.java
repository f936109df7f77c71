package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Transposed convolution of channels-last images: x[N,H,W,C], weights[C,O/groups,kh,kw], bias[O] if
 * any. Weights and bias are constants.
 *
 * @param outputPads rows added at the bottom, columns at the right
 */
public record ConvTranspose(
    int[] strides, int[] dilations, int[] pads, int[] outputPads, int groups)
    implements Convolving {
  @Override
  public Dense.Convolution sizes(Shape x, Shape w) {
    Images.checkRanks(x, w);
    if (w.dim(0) != x.dim(3) || groups < 1 || x.dim(3) % groups != 0) {
      throw CandelaException.of(
          "weights %s with group %d do not fit %d input channels", w, groups, x.dim(3));
    }
    return new Dense.Convolution(
        x.dim(1),
        x.dim(2),
        x.dim(3),
        Math.multiplyExact(w.dim(1), groups),
        w.dim(2),
        w.dim(3),
        strides[0],
        strides[1],
        dilations[0],
        dilations[1],
        pads[0],
        pads[1],
        pads[2],
        pads[3],
        groups,
        true,
        outputPads[0],
        outputPads[1]);
  }

  @Override
  public boolean biased(List<Value> inputs) {
    return inputs.size() > 2;
  }

  @Override
  public boolean isBare() {
    return true;
  }

  @Override
  public Dense.ConvolutionPlan plan(Step s) {
    return s.plan(
        () ->
            s.device()
                .dense()
                .convolution(
                    sizes(s.x().shape(), s.x(1).shape()),
                    s.x(1).data(),
                    biased(s.node().inputs()) ? s.x(2).data() : MemorySegment.NULL,
                    Dense.Activation.NONE,
                    false));
  }

  @Override
  public void forward(Step s) {
    plan(s)
        .forward(
            s.x().shape().dim(0),
            s.x().data(),
            MemorySegment.NULL,
            s.y().data(),
            MemorySegment.NULL);
  }

  @Override
  public void backward(Step s) {
    plan(s)
        .backward(
            s.x().shape().dim(0),
            s.dy().data(),
            MemorySegment.NULL,
            s.accumulate(0),
            s.dx().data(),
            false,
            MemorySegment.NULL);
  }

  @Override
  public boolean differentiable(int i) {
    return i == 0;
  }

  @Override
  public long flops(Node node) {
    Shape w = node.input(1).shape();
    return 2L * node.input(0).shape().count() * w.count(1, 4);
  }
}
