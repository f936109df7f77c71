package candela.graph.op;

import candela.device.Dense;
import candela.graph.Linear;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What a convolution and a transposed one have in common: shapes, and weights that rules change.
 */
sealed interface Convolving extends Linear permits Conv, ConvTranspose {
  /** Of an image x[N,H,W,C] and weights w. */
  Dense.Convolution sizes(Shape x, Shape w);

  boolean biased(List<Value> inputs);

  /** Whether nothing is fused into it. */
  boolean isBare();

  /** The plan of what the node computes. */
  Dense.ConvolutionPlan plan(Step s);

  @Override
  default List<Shape> shapes(List<Value> inputs) {
    Dense.Convolution c = sizes(inputs.get(0).shape(), inputs.get(1).shape());
    if (biased(inputs)) {
      Images.checkBias(inputs.get(2).shape(), c.oc());
    }
    return List.of(Images.shape(inputs.get(0).shape().dim(0), c.oh(), c.ow(), c.oc()));
  }

  /** The plan with changed weights, what is fused left out. */
  private Dense.ConvolutionPlan plan(Step s, Weights w) {
    if (isBare() && w.equals(Weights.ORIGINAL)) {
      return plan(s);
    }
    boolean biased = biased(s.node().inputs());
    Dense.Convolution sizes = sizes(s.node().input(0).shape(), s.node().input(1).shape());
    return Packed.plan(
        s,
        w,
        biased,
        (weights, bias) ->
            s.device().dense().convolution(sizes, weights, bias, Dense.Activation.NONE, false));
  }

  @Override
  default void apply(Step s, Tensor a, Weights w, Tensor z) {
    plan(s, w)
        .forward(a.shape().dim(0), a.data(), MemorySegment.NULL, z.data(), MemorySegment.NULL);
  }

  @Override
  default void transpose(Step s, Tensor r, Weights w, Tensor c) {
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
  default boolean accumulates() {
    return true;
  }
}
