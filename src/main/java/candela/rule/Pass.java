package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Relevance goes on as it is: activations, normalisations, scales and shifts.
 *
 * <p><b>Definition:</b> R_i = R_j, element by element.
 *
 * <p><b>Shapes:</b> one computed input of the output's shape.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> a copy.
 *
 * <p><b>Source:</b> Bach et al. 2015, section "Multilayer networks"; for batch normalisation
 * zennit, for layer normalisation Achtibat et al. 2024 (AttnLRP).
 *
 * <p><b>Differences:</b> none.
 */
public record Pass() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor dx = step.dx(i);
      if (dx == null
          || (dx.data().address() == step.dy().data().address() && !step.accumulate(i))) {
        continue;
      }
      step.device()
          .kernels()
          .relevance()
          .product(
              step.accumulate(i), dx.count(), 1, step.dy().data(), MemorySegment.NULL, dx.data());
    }
  }

  @Override
  public void check(Graph graph, Node node) {
    for (Value v : node.inputs()) {
      if (v != null && !v.isConstant() && !v.shape().equals(node.output().shape())) {
        throw CandelaException.of(
            "relevance cannot pass from %s to %s element by element",
            node.output().shape(), v.shape());
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
