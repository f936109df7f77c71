package candela.rule;

import candela.device.Binary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.op.BinaryOp;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Relevance of a sum of two values is halved: {@link WSquare} and {@link Flat} of a layer whose
 * weights are 1 or −1.
 *
 * <p><b>Definition:</b> R_k = R / 2, whatever the values; a repeated term gets the sum over its
 * places.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> two passes over the output.
 *
 * <p><b>Source:</b> Montavon et al. 2017, section 4.1, of such a layer.
 *
 * <p><b>Differences:</b> implementations share out by value here too (see {@link Sum}); what these
 * rules give to terms that are 0 is lost then.
 */
public record EqualSum() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    for (int i = 0; i < 2; i++) {
      if (step.dx(i) != null) {
        boolean subtracted = i == 1 && ((BinaryOp) node.op()).kind() == Binary.SUB;
        Tensor c = new Room(step).take(step.dx(i).shape());
        Replaced.backward(step, step.dy(), i, c);
        step.device()
            .kernels()
            .relevance()
            .product(
                step.accumulate(i),
                c.count(),
                subtracted ? -.5f : .5f,
                c.data(),
                MemorySegment.NULL,
                step.dx(i).data());
      }
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
    return false;
  }

  @Override
  public boolean needsY(Node node) {
    return false;
  }

  @Override
  public long workBytes(Graph graph, Node node) {
    return Room.bytes(node.output().shape());
  }
}
