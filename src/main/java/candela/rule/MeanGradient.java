package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Tensor;

/**
 * DeepLIFT of operators that mix several inputs nonlinearly: the mean of the gradients at image and
 * reference.
 *
 * <p><b>Definition:</b> m_x = ½ (∂y/∂x at the image + ∂y/∂x at the reference)ᵀ m_y.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> the operator's gradient and two passes.
 *
 * <p><b>Source:</b> for products Shrikumar et al. 2017's code, distribute_over_product; for
 * normalisations and softmax our choice: the trapezoid of two points.
 *
 * <p><b>Differences:</b> exact for products. For softmax, normalisations by mean and deviation,
 * quotients and powers Σ m Δx is not quite Δy: the convergence delta tells by how much. Captum
 * rescales the softmax's elements and centres them.
 */
public record MeanGradient() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Pairs pairs = new Pairs(step);
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor dx = step.dx(i);
      if (dx != null) {
        Room room = new Room(step);
        Tensor m = pairs.resolved(room.take(step.dy().shape()));
        Tensor g = room.take(dx.shape());
        Replaced.backward(step, m, i, g);
        step.device()
            .kernels()
            .pair()
            .pairMean(step.accumulate(i), pairs.count(), pairs.each(dx), g.data(), dx.data());
      }
    }
  }

  @Override
  public void check(Graph graph, Node node) {
    BatchAxis.checkOutermost(graph, node);
  }

  @Override
  public boolean needsY(Node node) {
    return true;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    long most = 0;
    for (Value x : node.inputs()) {
      most = x == null ? most : Math.max(most, Room.bytes(node.output().shape(), x.shape()));
    }
    return most;
  }
}
