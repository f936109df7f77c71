package candela.rule;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.op.BinaryOp;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Winning probabilities of a sum of two values: the terms that gave it its sign share it.
 *
 * <p><b>Definition:</b> P_k = P · min(max(x_k / y, 0), 1) for y = x_1 + x_2; a subtracted term
 * counts as −x_k, a repeated one gets the sum over its places; y = 0 passes nothing.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> five passes over the output.
 *
 * <p><b>Source:</b> Zhang et al. 2016, equation 3, of a layer whose weights are 1; {@link Excite}
 * for two terms.
 *
 * <p><b>Differences:</b> the authors' code ignores skip connections; TorchRay shares by x_k / y,
 * which is no probability where the terms differ in sign.
 */
public record ExciteSum() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    var kernels = step.device().kernels();
    Shape y = step.dy().shape();
    for (int i = 0; i < 2; i++) {
      if (step.dx(i) == null) {
        continue;
      }
      Room room = new Room(step);
      boolean subtracted = i == 1 && ((BinaryOp) node.op()).kind() == Binary.SUB;
      Tensor share = room.take(y);
      Tensor c = room.take(step.dx(i).shape());
      int[] from = new int[y.rank()];
      int[] strides = node.input(i).shape().strides();
      int less = y.rank() - strides.length;
      for (int a = 0; a < strides.length; a++) {
        from[less + a] = node.input(i).shape().dim(a) == 1 ? 0 : strides[a];
      }
      kernels
          .move()
          .copyStrided(
              false, y.rank(), y.dims(), from, y.strides(), step.x(i).data(), share.data());
      long n = y.count();
      kernels
          .relevance()
          .quotient(n, subtracted ? -1 : 1, 0, share.data(), step.y().data(), share.data());
      kernels.elementwise().unaryForward(Unary.CLIP, 0, 1, n, share.data(), share.data());
      kernels.relevance().product(false, n, 1, share.data(), step.dy().data(), share.data());
      Replaced.backward(step, share, i, c);
      kernels
          .relevance()
          .product(
              step.accumulate(i),
              c.count(),
              subtracted ? -1 : 1,
              c.data(),
              MemorySegment.NULL,
              step.dx(i).data());
    }
  }

  @Override
  public void check(Graph graph, Node node) {
    if (Role.of(node) != Role.SUM) {
      throw CandelaException.of("the rule is for sums of two values");
    }
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
    return Room.bytes(node.output().shape(), node.output().shape());
  }
}
