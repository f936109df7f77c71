package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Tensor;

/**
 * DeepLIFT of sums, RevealCancel: terms that are affine layers keep the multipliers of rise and
 * fall apart, the others take the one of their own sign.
 *
 * <p><b>Definition:</b> the sum's gradient, row by row; then for a term x that no affine layer
 * computes, m⁺ where Δx > 0, m⁻ where Δx &lt; 0, their mean where Δx = 0.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn, of multipliers rise
 * and fall.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> two passes.
 *
 * <p><b>Source:</b> ours; Shrikumar et al. 2017 know no sums of two layers. Together with {@link
 * RevealCancel} it keeps Σ m Δx = Δy.
 *
 * <p><b>Differences:</b> none known.
 */
public record SumBySign() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Pairs pairs = new Pairs(step);
    boolean plain = RevealCancel.isPlainSum(node);
    Room room = new Room(step);
    Tensor m = plain ? step.dy() : pairs.resolved(room.take(step.dy().shape()));
    for (int i = 0; i < node.inputs().size(); i++) {
      Tensor dx = step.dx(i);
      if (dx == null) {
        continue;
      }
      Step before = RevealCancel.source(step, i);
      if (!plain || (before != null && RevealCancel.isAffine(before.node()))) {
        Replaced.backward(step, m, i);
      } else {
        Tensor own = pairs.resolve(step.x(i), m, new Room(step).take(dx.shape()));
        Replaced.backward(step, own, i);
      }
    }
  }

  @Override
  public void check(Graph graph, Node node) {
    BatchAxis.checkOutermost(graph, node);
  }

  @Override
  public boolean needsX(Node node, int i) {
    return true;
  }

  @Override
  public boolean needsY(Node node) {
    return !RevealCancel.isPlainSum(node);
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    return Room.bytes(node.output().shape());
  }
}
