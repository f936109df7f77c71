package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.op.MaxPool;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * DeepLIFT of max-pooling as Captum computes it, for equal numbers: it is not complete.
 *
 * <p><b>Definition:</b> {@link Rescale}, but of windows that share a winner the last alone counts;
 * right after an activation, the gradient.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn.
 *
 * <p><b>Parameters:</b> nearZero (in units of x).
 *
 * <p><b>Cost:</b> three passes, and the operator's gradient; x and y are kept.
 *
 * <p><b>Source:</b> Captum 0.8, captum/attr/_core/deep_lift.py: max_unpool2d overwrites where
 * windows overlap, and the hook of an activation's output sees the gradient before the pooling's
 * own hook has changed it.
 *
 * <p><b>Differences:</b> to {@link Rescale}: Σ m Δx falls short of Δf by whatever the other windows
 * would have carried.
 */
public record LastWindow(float nearZero) implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Step before = RevealCancel.source(step, 0);
    boolean overlooked = before != null && Role.of(before.node()) == Role.ACTIVATION;
    Pairs pairs = new Pairs(step);
    Room room = new Room(step);
    Tensor m = pairs.resolved(room.take(step.dy().shape()));
    Tensor g = room.take(step.dx().shape());
    Tensor t = room.take(step.dx().shape());
    Replaced.backward(step, m, 0, g);
    ((MaxPool) node.op()).unpool(step, pairs.crossed(m, m), t);
    // no difference reaches infinity: both rows then take the gradient at the image
    pairs.ratio(0, overlooked ? Float.POSITIVE_INFINITY : nearZero, t, g);
  }

  @Override
  public void check(Graph graph, Node node) {
    if (!(node.op() instanceof MaxPool)) {
      throw CandelaException.of("the rule is for max-pooling");
    }
    BatchAxis.checkOutermost(graph, node);
  }

  @Override
  public boolean needsX(Node node, int i) {
    return true;
  }

  @Override
  public boolean needsY(Node node) {
    return true;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    Shape x = node.input(0).shape();
    return Room.bytes(node.output().shape(), x, x);
  }
}
