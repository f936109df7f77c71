package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;

/**
 * As {@link Epsilon}, contributions with the sign of the sum counting more.
 *
 * <p><b>Definition:</b> with c_ij = x_i w_ij and z_j = Σ_i c_ij + b_j: R_i = Σ_j (c_ij + γ c⁺_ij)
 * R_j / (z_j + γ (Σ_i c⁺_ij + b⁺_j) + ε) over the units j with z_j > 0, and the same with c⁻, b⁻
 * and −ε over those with z_j &lt; 0; z_j = 0 passes nothing. For x ≥ 0 and z > 0: w' = w + γ max(w,
 * 0) in the place of w.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> gamma (0 or more; 0 is {@link Epsilon}, infinity would be {@link ZPlus}
 * above zero); epsilon (0 or more); bias (false leaves b out).
 *
 * <p><b>Cost:</b> three products and four transposes; five and six where x has both signs. Where x
 * is never below zero, b is included and units below zero get nothing, one product and one
 * transpose.
 *
 * <p><b>Source:</b> Montavon et al. 2019, "Layer-wise relevance propagation: an overview", section
 * 10.2.3, which knows only x ≥ 0 and z ≥ 0; for the other signs zennit's generalised form.
 *
 * <p><b>Differences:</b> none to zennit. Captum, and the published formula, favour positive weights
 * whatever the signs: where a unit below zero has relevance (before a residual sum, in a linear
 * bottleneck, at a logit), or x has both signs, the favoured sum may come near zero or change its
 * sign, and relevance explodes. Captum leaves b as it is.
 *
 * @param rectified whether only rectifiers read the sum, and nothing comes to units below zero
 */
public record Gamma(float gamma, float epsilon, boolean bias, boolean rectified)
    implements Affinely {
  public Gamma(float gamma, float epsilon, boolean bias) {
    this(gamma, epsilon, bias, false);
  }

  @Override
  public void backward(Node node, Step step) {
    Sharing s = new Sharing(node, step);
    // without its bias a unit may be below zero that a rectifier let pass
    if (!rectified || !bias || !s.nonNegative()) {
      new Contributions(node, step, epsilon, bias).favoured(gamma);
      return;
    }
    Weights w = Weights.gamma(gamma, bias);
    var z = s.apply(s.x(), w, s.output());
    s.give(1, s.x(), s.transpose(s.quotient(epsilon, z), w, s.input()));
  }

  @Override
  public int inputs() {
    return Contributions.INPUTS;
  }

  @Override
  public int outputs() {
    return Contributions.OUTPUTS + 3;
  }
}
