package candela.rule;

import candela.graph.Node;
import candela.graph.Step;

/**
 * Winning probabilities of units that may be below zero: each is shared out among what gave the
 * unit its sign.
 *
 * <p><b>Definition:</b> with c_ij = x_i w_ij and z_j = Σ_i c_ij: P_i = Σ_j c⁺_ij P_j / Σ_i c⁺_ij
 * over the units j with z_j > 0, plus c⁻_ij P_j / Σ_i c⁻_ij over those with z_j &lt; 0; z_j = 0
 * passes nothing.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> none; biases take no part.
 *
 * <p><b>Cost:</b> two products and two transposes; four each where x has both signs.
 *
 * <p><b>Source:</b> Zhang et al. 2016, "Top-down neural attention by excitation backprop", equation
 * 3, whose units are never below zero: there it is {@link ZPlus}.
 *
 * <p><b>Differences:</b> ours for units below zero, which other implementations lose: with it the
 * probabilities add up to one, and a scale below zero gives what folding it into the weights does.
 */
public record Excite() implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    new Contributions(node, step, 0, false).ownSign();
  }

  @Override
  public int inputs() {
    return Contributions.INPUTS;
  }

  @Override
  public int outputs() {
    return Contributions.OUTPUTS + 2;
  }
}
