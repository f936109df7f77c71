package candela.rule;

import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;

/**
 * Relevance of a sum is shared out among its terms by what each adds: residual connections.
 *
 * <p><b>Definition:</b> R_k = x_k R / (y + ε sign y) for y = Σ x_k; a term that is repeated gets
 * the sum over its places; a subtracted one counts as −x_k.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more; a sum of exactly 0 passes nothing).
 *
 * <p><b>Cost:</b> three passes over the output.
 *
 * <p><b>Source:</b> Bach et al. 2015, equation 58, of a layer whose weights are 1; zennit's Norm.
 *
 * <p><b>Differences:</b> none to zennit, and to TorchRay's excitation backprop; the Caffe code of
 * excitation backprop ignores skip connections.
 */
public record Sum(float epsilon) implements Rule {
  @Override
  public void backward(Node node, Step step) {
    share(step, 1, -1, epsilon);
  }

  /**
   * Every wanted input gets part of x ⊙ gradient(r / y), or input only alone where it is not -1.
   */
  static void share(Step s, float part, int only, float epsilon) {
    Room room = new Room(s);
    var relevance = s.device().kernels().relevance();
    Tensor q = room.take(s.dy().shape());
    relevance.quotient(q.count(), 1, epsilon, s.dy().data(), s.y().data(), q.data());
    for (int i = 0; i < s.node().inputs().size(); i++) {
      if (s.dx(i) != null && (only == -1 || only == i)) {
        Tensor c = room.take(s.dx(i).shape());
        Replaced.backward(s, q, i, c);
        relevance.product(
            s.accumulate(i), c.count(), part, s.x(i).data(), c.data(), s.dx(i).data());
      }
    }
  }

  /** Work memory of {@link #share}. */
  static long bytes(Node node) {
    Shape[] shapes = new Shape[node.inputs().size() + 1];
    for (int i = 0; i + 1 < shapes.length; i++) {
      shapes[i] = node.input(i).shape();
    }
    shapes[shapes.length - 1] = node.output().shape();
    return Room.bytes(shapes);
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
    return bytes(node);
  }
}
