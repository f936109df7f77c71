package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * The gradient through activations that stay within what they are on a reference: nothing flows
 * back through one that the reference does not raise as much.
 *
 * <p><b>Definition:</b> R_i = f'(x_i) R_j where min(0, y'_j) ≤ y_j ≤ max(0, y'_j), y' the
 * reference's, else 0.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn. The reference's row
 * has its gradient.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> one pass, and the operator's gradient; y is kept.
 *
 * <p><b>Source:</b> Wagner et al. 2019, "Interpretable and fine-grained visual explanations for
 * convolutional neural networks", section 3.2.
 *
 * <p><b>Differences:</b> none known.
 */
public record Defence() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Pairs pairs = new Pairs(step);
    Tensor within = pairs.within(new Room(step).take(step.dy().shape()));
    for (int i = 0; i < node.inputs().size(); i++) {
      if (step.dx(i) != null) {
        Replaced.backward(step, within, i);
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
    Shape y = node.output().shape();
    return Room.bytes(y);
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
