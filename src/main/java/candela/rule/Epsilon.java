package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;

/**
 * Relevance is shared out by what each input adds to the sum, signs included.
 *
 * <p><b>Definition:</b> R_i = Σ_j x_i w_ij R_j / (z_j + ε sign z_j), z_j = Σ_i x_i w_ij + b_j, sign
 * 0 = 1.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more; 0 is LRP-0: a sum of exactly 0 passes nothing); bias
 * (false leaves b out of z, so that nothing is lost to it).
 *
 * <p><b>Cost:</b> one product and one transpose.
 *
 * <p><b>Source:</b> Bach et al. 2015, equation 58.
 *
 * <p><b>Differences:</b> none; Captum takes ε = 1e-9, zennit 1e-6, iNNvestigate 1e-7.
 */
public record Epsilon(float epsilon, boolean bias) implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    Sharing s = new Sharing(node, step);
    Weights w = Weights.of(Weights.Part.ALL, bias);
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
