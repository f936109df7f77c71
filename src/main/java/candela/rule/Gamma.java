package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;

/**
 * As {@link Epsilon}, positive weights counting more.
 *
 * <p><b>Definition:</b> R_i = Σ_j x_i w'_ij R_j / (z_j + ε sign z_j), w' = w + γ max(w, 0), z_j =
 * Σ_i x_i w'_ij + b'_j.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> gamma (0 or more; 0 is {@link Epsilon}, infinity would be {@link ZPlus});
 * epsilon (0 or more); bias (false leaves b out).
 *
 * <p><b>Cost:</b> one product and one transpose.
 *
 * <p><b>Source:</b> Montavon et al. 2019, "Layer-wise relevance propagation: an overview", section
 * 10.2.3.
 *
 * <p><b>Differences:</b> b is changed as the weights are, as in zennit; Captum leaves it as it is.
 * zennit's generalised form also favours negative weights where z is negative; after ReLU nothing
 * flows there, and the two agree.
 */
public record Gamma(float gamma, float epsilon, boolean bias) implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    Sharing s = new Sharing(node, step);
    Weights w = Weights.gamma(gamma, bias);
    var z = s.apply(s.x(), w, s.output());
    s.give(1, s.x(), s.transpose(s.quotient(epsilon, z), w, s.input()));
  }

  @Override
  public int inputs() {
    return 1;
  }

  @Override
  public int outputs() {
    return 1;
  }
}
