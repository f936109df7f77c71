package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Tensor;

/**
 * A rectifier lets through what speaks for the class where it was active itself.
 *
 * <p><b>Definition:</b> R_i = f'(x_i) max(R_j, 0), f the rectifier.
 *
 * <p><b>Shapes:</b> as the rectifier's.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> two passes; one bit an element is kept.
 *
 * <p><b>Source:</b> Springenberg et al. 2015, "Striving for simplicity: the all convolutional net".
 *
 * <p><b>Differences:</b> none to Captum and zennit on ReLU.
 */
public record GuidedBackprop() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Tensor positive = DeconvNet.positive(step);
    for (int i = 0; i < node.inputs().size(); i++) {
      if (step.dx(i) != null) {
        Replaced.backward(step, positive, i);
      }
    }
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
