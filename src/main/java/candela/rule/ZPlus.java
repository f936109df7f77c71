package candela.rule;

import candela.graph.Node;
import candela.graph.Step;

/**
 * Relevance is shared out among what raises the sum. With epsilon 0 and no bias it is the winning
 * probability of excitation backprop.
 *
 * <p><b>Definition:</b> R_i = Σ_j (x_i w_ij)⁺ R_j / (Σ_i (x_i w_ij)⁺ + b⁺_j + ε); for x ≥ 0: x_i
 * w⁺_ij.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more; a sum of exactly 0 passes nothing); bias (false leaves
 * b out).
 *
 * <p><b>Cost:</b> one product and one transpose; two each where x has both signs.
 *
 * <p><b>Source:</b> Montavon et al. 2017, "Explaining nonlinear classification decisions with deep
 * Taylor decomposition", section 4.1; Zhang et al. 2016, "Top-down neural attention by excitation
 * backprop", equation 3.
 *
 * <p><b>Differences:</b> inputs below zero count with their negative weights, as in zennit; both
 * papers know only x ≥ 0. It is {@link AlphaBeta} with 1 and 0.
 */
public record ZPlus(float epsilon, boolean bias) implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    new Contributions(node, step, epsilon, bias).positive(1);
  }

  @Override
  public int inputs() {
    return Contributions.INPUTS;
  }

  @Override
  public int outputs() {
    return Contributions.OUTPUTS;
  }
}
