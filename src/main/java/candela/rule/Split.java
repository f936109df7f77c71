package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;
import candela.graph.Weights.Part;
import candela.tensor.Tensor;

/**
 * DeepLIFT of affine operators, RevealCancel: what raises the output takes the multiplier of the
 * rise, what lowers it that of the fall.
 *
 * <p><b>Definition:</b> m_x = W⁺ᵀ m⁺ + W⁻ᵀ m⁻ where Δx > 0, W⁻ᵀ m⁺ + W⁺ᵀ m⁻ where Δx &lt; 0, the
 * mean of the two where Δx = 0.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn, of multipliers rise
 * and fall.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> two transposes.
 *
 * <p><b>Source:</b> Shrikumar, Greenside and Kundaje 2017, "Learning important features through
 * propagating activation differences", section 3.5.1.
 *
 * <p><b>Differences:</b> none.
 */
public record Split() implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    Sharing s = new Sharing(node, step);
    Tensor p = s.transpose(step.dy(), Weights.of(Part.POSITIVE, false), s.input());
    Tensor q = s.transpose(step.dy(), Weights.of(Part.NEGATIVE, false), s.input());
    s.join(p, q);
  }

  @Override
  public void check(Graph graph, Node node) {
    Sharing.check(node);
    BatchAxis.checkOutermost(graph, node);
  }

  @Override
  public int inputs() {
    return 2;
  }

  @Override
  public int outputs() {
    return 0;
  }
}
