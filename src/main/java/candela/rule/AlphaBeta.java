package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.tensor.CandelaException;

/**
 * Relevance is shared out among what raises the sum, and less of it, with the other sign, among
 * what lowers it.
 *
 * <p><b>Definition:</b> R_i = Σ_j (α (x_i w_ij)⁺ / z⁺_j − β (x_i w_ij)⁻ / z⁻_j) R_j, z⁺_j = Σ_i
 * (x_i w_ij)⁺ + b⁺_j, z⁻_j alike.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> alpha, beta (0 or more, α − β = 1); epsilon (added to |z⁺|, |z⁻|); bias
 * (false leaves b out).
 *
 * <p><b>Cost:</b> two products and two transposes; four each where x has both signs.
 *
 * <p><b>Source:</b> Bach et al. 2015, equation 60.
 *
 * <p><b>Differences:</b> none to zennit. Where only one sign occurs the other's share is lost, in
 * all implementations.
 */
public record AlphaBeta(float alpha, float beta, float epsilon, boolean bias) implements Affinely {
  public AlphaBeta {
    if (!(alpha >= 0 && beta >= 0 && Math.abs(alpha - beta - 1) < 1e-6)) {
      throw CandelaException.of(
          "alpha-beta: alpha − beta = 1 expected, neither negative, got %s and %s", alpha, beta);
    }
  }

  @Override
  public void backward(Node node, Step step) {
    Contributions c = new Contributions(node, step, epsilon, bias);
    c.positive(alpha);
    if (beta != 0) {
      c.negative(-beta);
    }
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
