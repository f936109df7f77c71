package candela.rule;

import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * DeepLIFT: the multiplier of a nonlinearity is how much its output differs from the reference's
 * for each unit that its input does.
 *
 * <p><b>Definition:</b> m_x = m_y Δy / Δx, the gradient where |Δx| is below nearZero. Of a maximum,
 * with e = max(y, y'): the image's winner accounts for e − y', the reference's for y − e.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn.
 *
 * <p><b>Parameters:</b> nearZero (in units of x).
 *
 * <p><b>Cost:</b> three passes, and the operator's gradient; x and y are kept.
 *
 * <p><b>Source:</b> Shrikumar, Greenside and Kundaje 2017, "Learning important features through
 * propagating activation differences", section 3.5.2; maxima as in SHAP and Captum.
 *
 * <p><b>Differences:</b> local response normalisation counts as element by element: all that an
 * element changes is put down to itself, so that sums are kept; Captum takes its gradient. nearZero
 * is 1e-7 in the authors' code, 1e-6 in SHAP, 1e-10 in Captum.
 */
public record Rescale(float nearZero) implements Rule {
  @Override
  public void backward(Node node, Step step) {
    boolean wins = Role.of(node) == Role.WINNER;
    Pairs pairs = new Pairs(step);
    for (int i = 0; i < node.inputs().size(); i++) {
      if (step.dx(i) != null) {
        Room room = new Room(step);
        Tensor m = pairs.resolved(room.take(step.dy().shape()));
        Tensor g = room.take(step.dx(i).shape());
        Replaced.backward(step, m, i, g);
        Tensor t = pairs.crossed(m, m);
        if (wins) {
          t = room.take(step.dx(i).shape());
          Replaced.backward(step, m, i, t);
        }
        pairs.ratio(i, nearZero, t, g);
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
    return true;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    Shape y = node.output().shape();
    long most = 0;
    for (int i = 0; i < node.inputs().size(); i++) {
      Shape x = node.input(i).shape();
      most = Math.max(most, Room.bytes(y, x, x));
    }
    return most;
  }
}
