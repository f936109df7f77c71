package candela.rule;

import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A rectifier lets through what speaks for the class, whether or not it was active itself.
 *
 * <p><b>Definition:</b> R_i = max(R_j, 0).
 *
 * <p><b>Shapes:</b> as the rectifier's.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> one pass; nothing is kept.
 *
 * <p><b>Source:</b> Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks".
 *
 * <p><b>Differences:</b> none to Captum and zennit.
 */
public record DeconvNet() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Tensor positive = positive(step);
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor dx = step.dx(i);
      if (dx != null) {
        step.device()
            .kernels()
            .relevance()
            .product(
                step.accumulate(i), dx.count(), 1, positive.data(), MemorySegment.NULL, dx.data());
      }
    }
  }

  /** max(dy, 0), in work memory. */
  static Tensor positive(Step s) {
    Tensor t = new Room(s).take(s.dy().shape());
    s.device()
        .kernels()
        .elementwise()
        .unaryForward(Unary.CLIP, 0, Float.POSITIVE_INFINITY, t.count(), s.dy().data(), t.data());
    return t;
  }

  @Override
  public boolean needsX(Node node, int i) {
    return false;
  }

  @Override
  public boolean needsY(Node node) {
    return false;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    return Room.bytes(node.output().shape());
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
