package candela.rule;

import candela.graph.Node;
import candela.graph.Step;

/**
 * What speaks for a class minus what speaks against it: the top layer of contrastive excitation
 * backprop.
 *
 * <p><b>Definition:</b> R_i = Σ_j ((x_i w_ij)⁺ / z⁺_j − (x_i w_ij)⁻ / z⁻_j) R_j; the second term is
 * the winning probability under the weights −w.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> none; biases are left out.
 *
 * <p><b>Cost:</b> two products and two transposes; four each where x has both signs.
 *
 * <p><b>Source:</b> Zhang et al. 2016, "Top-down neural attention by excitation backprop", section
 * 3.3.
 *
 * <p><b>Differences:</b> both passes are subtracted at the input of the classifier at once; below
 * it the rules are linear, so the authors' two passes give the same.
 */
public record Contrast() implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    Contributions c = new Contributions(node, step, 0, false);
    c.positive(1);
    c.negative(-1);
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
