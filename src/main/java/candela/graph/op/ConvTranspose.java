package candela.graph.op;

import candela.device.Dense;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Transposed convolution of channels-last images: x[N,H,W,C], weights[C,O/groups,kh,kw], bias[O] if
 * any. Weights and bias are constants.
 *
 * @param outputPads rows added at the bottom, columns at the right
 */
public record ConvTranspose(
    int[] strides, int[] dilations, int[] pads, int[] outputPads, int groups) implements Linear {
  @Override
  public List<Shape> shapes(List<Value> inputs) {
    Dense.Convolution c = sizes(inputs.get(0).shape(), inputs.get(1).shape());
    if (inputs.size() > 2) {
      Images.checkBias(inputs.get(2).shape(), c.oc());
    }
    return List.of(Images.shape(inputs.get(0).shape().dim(0), c.oh(), c.ow(), c.oc()));
  }

  Dense.Convolution sizes(Shape x, Shape w) {
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

  private Dense.ConvolutionPlan plan(Step s) {
    return s.plan(
        () ->
            s.device()
                .dense()
                .convolution(
                    sizes(s.x().shape(), s.x(1).shape()),
                    s.x(1).data(),
                    s.node().inputs().size() > 2 ? s.x(2).data() : MemorySegment.NULL,
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

  private Dense.ConvolutionPlan plan(Step s, Weights w) {
    boolean biased = s.node().inputs().size() > 2;
    if (w.equals(Weights.ORIGINAL)) {
      return plan(s);
    }
    Dense.Convolution sizes = sizes(s.node().input(0).shape(), s.node().input(1).shape());
    Packed<Dense.ConvolutionPlan> packed =
        s.plan(
            biased ? w : w.withoutBias(),
            () ->
                Packed.of(
                    s,
                    w,
                    biased,
                    (weights, bias) ->
                        s.device()
                            .dense()
                            .convolution(sizes, weights, bias, Dense.Activation.NONE, false)));
    return packed.plan();
  }

  @Override
  public void apply(Step s, Tensor a, Weights w, Tensor z) {
    plan(s, w)
        .forward(a.shape().dim(0), a.data(), MemorySegment.NULL, z.data(), MemorySegment.NULL);
  }

  @Override
  public void transpose(Step s, Tensor r, Weights w, Tensor c) {
    plan(s, w)
        .backward(
            r.shape().dim(0),
            r.data(),
            MemorySegment.NULL,
            false,
            c.data(),
            false,
            MemorySegment.NULL);
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
  public long flops(Node node) {
    Shape w = node.input(1).shape();
    return 2L * node.input(0).shape().count() * w.count(1, 4);
  }
}
