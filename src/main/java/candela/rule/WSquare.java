package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;

/**
 * Relevance is shared out by squared weights, whatever the input: for first layers whose input has
 * no bounds.
 *
 * <p><b>Definition:</b> R_i = Σ_j w_ij² R_j / (Σ_i w_ij² + ε).
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more).
 *
 * <p><b>Cost:</b> one product and one transpose.
 *
 * <p><b>Source:</b> Montavon et al. 2017, "Explaining nonlinear classification decisions with deep
 * Taylor decomposition", section 4.1.
 *
 * <p><b>Differences:</b> no bias in the sum, as published; zennit adds its square.
 */
public record WSquare(float epsilon) implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    share(node, step, Weights.of(Weights.Part.SQUARED, false), epsilon);
  }

  /** By the weights alone, as if every input were 1. */
  static void share(Node node, Step step, Weights w, float epsilon) {
    Sharing s = new Sharing(node, step);
    var z = s.apply(s.fill(1, s.input()), w, s.output());
    s.give(1, null, s.transpose(s.quotient(epsilon, z), w, s.input()));
  }

  @Override
  public boolean needsX(Node node, int i) {
    return false;
  }

  @Override
  public int inputs() {
    return 2;
  }

  @Override
  public int outputs() {
    return 1;
  }
}
