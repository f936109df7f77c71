package candela.rule;

import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Weights;

/**
 * Relevance is shared out equally among all inputs that an output sees: for first layers.
 *
 * <p><b>Definition:</b> R_i = Σ_j R_j / n_j, over the outputs j that see input i; n_j is the number
 * of inputs that j sees.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more, added to n_j).
 *
 * <p><b>Cost:</b> one product and one transpose.
 *
 * <p><b>Source:</b> Bach et al. 2016, "Controlling explanatory heatmap resolution and semantics via
 * decomposition depth"; Lapuschkin et al. 2019.
 *
 * <p><b>Differences:</b> none.
 */
public record Flat(float epsilon) implements Affinely {
  @Override
  public void backward(Node node, Step step) {
    WSquare.share(node, step, Weights.of(Weights.Part.ONES, false), epsilon);
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
