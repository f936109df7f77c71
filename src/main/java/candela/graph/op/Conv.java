package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Reach;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Convolution of channels-last images: x[N,H,W,C], weights[O,C/groups,kh,kw], bias[O] if any,
 * residual[N,OH,OW,O] last if there is one. Weights and bias are constants.
 *
 * @param strides down, across
 * @param dilations down, across
 * @param pads top, left, bottom, right
 */
public record Conv(
    int[] strides, int[] dilations, int[] pads, int groups, Activation activation, boolean residual)
    implements Convolving {
  @Override
  public Dense.Convolution sizes(Shape x, Shape w) {
    Images.checkRanks(x, w);
    if ((long) w.dim(1) * groups != x.dim(3) || groups < 1 || w.dim(0) % groups != 0) {
      throw CandelaException.of(
          "weights %s with group %d do not fit %d input channels", w, groups, x.dim(3));
    }
    return new Dense.Convolution(
        x.dim(1),
        x.dim(2),
        x.dim(3),
        w.dim(0),
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
        false,
        0,
        0);
  }

  @Override
  public boolean biased(List<Value> inputs) {
    return inputs.size() - (residual ? 1 : 0) > 2;
  }

  @Override
  public boolean isBare() {
    return activation.kind() == Activation.Kind.NONE && !residual;
  }

  @Override
  public Dense.ConvolutionPlan plan(Step s) {
    return s.plan(
        () -> {
          Dense.Convolution sizes = sizes(s.x().shape(), s.x(1).shape());
          return s.device()
              .dense()
              .convolution(
                  sizes,
                  s.x(1).data(),
                  biased(s.node().inputs()) ? s.x(2).data() : MemorySegment.NULL,
                  activation.dense(),
                  residual,
                  sizes.oc(),
                  s.isExact(),
                  s.x().storage());
        });
  }

  /** The plan of a convolution without residual that writes among the channels of others. */
  Dense.ConvolutionPlan among(Step s, int first, int inputs, long wide) {
    MemorySegment bias = inputs > 2 ? s.x(first + 2).data() : MemorySegment.NULL;
    return s.device()
        .dense()
        .convolution(
            sizes(s.x(first).shape(), s.x(first + 1).shape()),
            s.x(first + 1).data(),
            bias,
            activation.dense(),
            false,
            wide,
            s.isExact(),
            s.x(first).storage());
  }

  @Override
  public void forward(Step s) {
    plan(s)
        .forward(
            s.x().shape().dim(0),
            s.x().data(),
            residual ? s.x(last(s.node())).data() : MemorySegment.NULL,
            s.y().data(),
            bits(s));
  }

  @Override
  public void backward(Step s) {
    boolean other = residual && s.dx(last(s.node())) != null;
    plan(s)
        .backward(
            s.x().shape().dim(0),
            s.dy().data(),
            bits(s),
            s.accumulate(0),
            s.dx() == null ? MemorySegment.NULL : s.dx().data(),
            s.gating(0),
            other && s.accumulate(last(s.node())),
            other ? s.dx(last(s.node())).data() : MemorySegment.NULL);
  }

  private MemorySegment bits(Step s) {
    return activation.bits(s, 1, s.node().output().shape().count(1, 4));
  }

  @Override
  public boolean differentiable(int i) {
    return i != 1 && (residual || i == 0);
  }

  @Override
  public Dense.Activation gate(Node node) {
    return activation.dense();
  }

  @Override
  public boolean gates(int i) {
    return i == 0;
  }

  /** Of one pixel it is a product with little to gain, and often the one that gives the scores. */
  @Override
  public Width width(Node node) {
    return node.output().shape().count(1, 3) > 1 ? Width.SIXTEEN : Width.FLOAT32;
  }

  @Override
  public boolean byRows(Node node) {
    return true;
  }

  @Override
  public Reach reach(Node node, int i, int down) {
    return down == 1 ? reach(node, 0, i, residual && i == last(node)) : null;
  }

  /** What a pixel takes from input i of those that start with the image at first. */
  Reach reach(Node node, int first, int i, boolean other) {
    if (other) {
      return Reach.PIXEL;
    }
    Shape w = node.input(first + 1).shape();
    int[] kernel = {w.dim(2), w.dim(3)};
    return i == first && !overpadded(kernel) ? Reach.of(kernel, strides, dilations, pads, 0) : null;
  }

  /** More padding than the kernel reaches over: oneDNN then adds in another order. */
  private boolean overpadded(int[] kernel) {
    for (int a = 0; a < 2; a++) {
      if (pads[a] + pads[a + 2] > (kernel[a] - 1) * dilations[a]) {
        return true;
      }
    }
    return false;
  }

  @Override
  public Conv cropped(int tall, int wide) {
    return new Conv(strides, dilations, new int[pads.length], groups, activation, residual);
  }

  /** The residual: in a chain of blocks nobody reads it after the sum. */
  @Override
  public int inPlace(Node node) {
    return residual ? last(node) : -1;
  }

  private static int last(Node node) {
    return node.inputs().size() - 1;
  }

  @Override
  public long keptBytes(Node node) {
    Shape y = node.output().shape();
    return activation.bytes(y.dim(0), y.count(1, 4));
  }

  @Override
  public long flops(Node node) {
    Shape w = node.input(1).shape();
    return 2L * node.output().shape().count() * w.count(1, 4);
  }
}
