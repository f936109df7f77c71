package candela.rule;

import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Tensor;

/**
 * Nothing flows on: what only weights other values is taken as a constant.
 *
 * <p><b>Definition:</b> R_i = 0.
 *
 * <p><b>Shapes:</b> any.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> none.
 *
 * <p><b>Source:</b> Ali et al. 2022, "XAI for transformers: better explanations through
 * conservative propagation", the rule for attention heads.
 *
 * <p><b>Differences:</b> none.
 */
public record Stop() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor dx = step.dx(i);
      if (dx != null && !step.accumulate(i)) {
        step.device().kernels().elementwise().fill(dx.count(), 0, dx.data());
      }
    }
  }

  @Override
  public boolean needsX(Node node, int i) {
    return false;
  }

  @Override
  public boolean needsY(Node node) {
    return false;
  }

  @Override
  public boolean inPlace() {
    return true;
  }
}
