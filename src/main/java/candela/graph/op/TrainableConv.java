package candela.graph.op;

import candela.device.Dense;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Convolution as {@link Conv}, or its transpose as {@link ConvTranspose}, with weights and bias
 * that may change from run to run and have gradients, for training.
 *
 * @param like the operator with constant weights, without activation and residual
 * @param sizes of {@code like} applied to this node's inputs
 */
public record TrainableConv(Op like, Dense.Convolution sizes) implements Op {
  /**
   * For a node with such an operator.
   *
   * @param x shape of its images
   * @param w shape of its weights
   */
  public static TrainableConv of(Conv conv, Shape x, Shape w) {
    if (conv.residual() || conv.activation().kind() != Activation.Kind.NONE) {
      throw new IllegalArgumentException("a fused convolution is for inference");
    }
    return new TrainableConv(conv, conv.sizes(x, w));
  }

  /** As the other. */
  public static TrainableConv of(ConvTranspose conv, Shape x, Shape w) {
    return new TrainableConv(conv, conv.sizes(x, w));
  }

  @Override
  public List<Shape> shapes(List<Value> inputs) {
    return like.shapes(inputs);
  }

  /** The packed weights, and what computes their gradient once it is asked for. */
  private static final class Plan implements AutoCloseable {
    private final Dense.ConvolutionPlan convolution;
    private Dense.ConvolutionWeights weights;
    private boolean fresh = true;

    Plan(Dense.ConvolutionPlan convolution) {
      this.convolution = convolution;
    }

    @Override
    public void close() {
      convolution.close();
      if (weights != null) {
        weights.close();
      }
    }
  }

  private Plan plan(Step s) {
    MemorySegment bias = s.node().inputs().size() > 2 ? s.x(2).data() : MemorySegment.NULL;
    return s.plan(
        () ->
            new Plan(
                s.device()
                    .dense()
                    .convolution(sizes, s.x(1).data(), bias, Dense.Activation.NONE, false)));
  }

  @Override
  public void forward(Step s) {
    Plan p = plan(s);
    if (!p.fresh) {
      p.convolution.update();
    }
    p.fresh = false;
    MemorySegment none = MemorySegment.NULL;
    p.convolution.forward(s.x().shape().dim(0), s.x().data(), none, s.y().data(), none);
  }

  @Override
  public void backward(Step s) {
    Plan p = plan(s);
    int rows = s.x().shape().dim(0);
    MemorySegment none = MemorySegment.NULL;
    if (s.dx(1) != null) {
      if (p.weights == null) {
        p.weights = s.device().dense().convolutionWeights(sizes);
      }
      boolean bias = s.node().inputs().size() > 2 && s.dx(2) != null;
      p.weights.backward(
          rows,
          s.x().data(),
          s.dy().data(),
          s.accumulate(1),
          s.dx(1).data(),
          bias && s.accumulate(2),
          bias ? s.dx(2).data() : none);
    }
    if (s.dx(0) != null) {
      p.convolution.backward(
          rows, s.dy().data(), none, s.accumulate(0), s.dx(0).data(), false, none);
    }
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
  public long flops(Node node) {
    return like.flops(node);
  }
}
