package candela.rule;

import candela.device.Binary;
import candela.device.Pair;
import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Linear;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.Weights;
import candela.graph.Weights.Part;
import candela.graph.op.BinaryOp;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * DeepLIFT: what raises the input of a nonlinearity and what lowers it have multipliers of their
 * own, so that the two do not cancel unseen.
 *
 * <p><b>Definition:</b> with Δz⁺, Δz⁻ the parts of Δz above and below zero that the layer before
 * contributes: Δy⁺ = ½ (f(z' + Δz⁺) − f(z') + f(z' + Δz⁺ + Δz⁻) − f(z' + Δz⁻)), Δy⁻ alike; m⁺ = m_y
 * Δy⁺/Δz⁺, m⁻ = m_y Δy⁻/Δz⁻, 0 where the divisor is below nearZero.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn, of multipliers rise
 * and fall.
 *
 * <p><b>Parameters:</b> nearZero (in units of z).
 *
 * <p><b>Cost:</b> two products with the layer before, one forward of the nonlinearity, five passes.
 *
 * <p><b>Source:</b> Shrikumar, Greenside and Kundaje 2017, "Learning important features through
 * propagating activation differences", section 3.5.3.
 *
 * <p><b>Differences:</b> after a residual sum the parts of its affine terms are added, other terms
 * count by their sign; where no affine layer or sum comes before, one part is zero and the rule is
 * {@link Rescale}, as in the authors' code after anything but a layer. So it is where f has no
 * finite value at z' + Δz⁺ or z' + Δz⁻, as a logarithm whose sum one part takes away.
 */
public record RevealCancel(float nearZero) implements Rule {
  @Override
  public void backward(Node node, Step step) {
    int i = operand(step);
    Step before = source(step, i);
    if (before == null || !reveals(before.node())) {
      new Rescale(nearZero).backward(node, step);
      return;
    }
    Pair kernels = step.device().kernels().pair();
    Pairs pairs = new Pairs(step);
    Room room = new Room(step);
    Tensor x = step.x(i);
    Tensor m = pairs.resolved(room.take(x.shape()));
    Tensor parts = room.take(x.shape());
    Tensor at = room.take(x.shape());
    Tensor y = room.take(x.shape());
    parts(before, pairs, room, parts);
    long n = pairs.each(x);
    kernels.pairShift(pairs.count(), n, x.data(), parts.data(), at.data());
    Replaced.forward(step, at, y);
    kernels.pairReveal(
        step.accumulate(i),
        pairs.count(),
        n,
        nearZero,
        parts.data(),
        step.y().data(),
        y.data(),
        m.data(),
        step.dx(i).data());
  }

  /** Rise and fall of what p computes, in the two rows of each pair. */
  private static void parts(Step p, Pairs pairs, Room room, Tensor parts) {
    if (isAffine(p.node())) {
      affineParts(p, pairs, room, parts);
      return;
    }
    var kernels = p.device().kernels();
    for (int k = 0; k < 2; k++) {
      Tensor term = k == 0 ? parts : room.take(parts.shape());
      Step before = source(p, k);
      if (before != null && isAffine(before.node())) {
        affineParts(before, pairs, room, term);
      } else {
        kernels
            .pair()
            .pairParts(pairs.count(), pairs.each(term), false, p.x(k).data(), term.data());
      }
      if (k > 0) {
        kernels.elementwise().add(parts.count(), parts.data(), term.data(), parts.data());
      }
    }
  }

  /** Rise W⁺ Δx⁺ + W⁻ Δx⁻, fall W⁺ Δx⁻ + W⁻ Δx⁺. */
  private static void affineParts(Step p, Pairs pairs, Room room, Tensor parts) {
    Linear op = Linear.of(p.node());
    Tensor x = p.x(op.operand(p.node()));
    Tensor d = room.take(x.shape());
    Tensor z = parts.as(p.node().output().shape());
    Tensor t = room.take(z.shape());
    var kernels = p.device().kernels();
    kernels.pair().pairParts(pairs.count(), pairs.each(d), false, x.data(), d.data());
    op.apply(p, d, Weights.of(Part.POSITIVE, false), z);
    kernels.pair().pairParts(pairs.count(), pairs.each(d), true, x.data(), d.data());
    op.apply(p, d, Weights.of(Part.NEGATIVE, false), t);
    kernels.elementwise().add(z.count(), z.data(), t.data(), z.data());
  }

  /** Whether the split of n's output is known: an affine layer, or a sum of two values. */
  private static boolean reveals(Node n) {
    return isAffine(n) || isPlainSum(n);
  }

  static boolean isAffine(Node n) {
    return Nodes.LINEAR.test(null, n);
  }

  /** A sum of two computed values of one shape. */
  static boolean isPlainSum(Node n) {
    return n.op() instanceof BinaryOp b
        && b.kind() == Binary.ADD
        && Role.of(n) == Role.SUM
        && n.input(0).shape().equals(n.input(1).shape());
  }

  /** The step that computes input i, seen through views. */
  static Step source(Step s, int i) {
    Step p = s.before(i);
    return p != null && p.node().op().isView() ? source(p, 0) : p;
  }

  private static Node source(Graph graph, Value v) {
    Node p = graph.producer(v);
    return p != null && p.op().isView() ? source(graph, p.input(0)) : p;
  }

  private static int operand(Step s) {
    return s.dx(0) != null ? 0 : 1;
  }

  /** The affine layers that the split is computed with. */
  private static List<Node> layers(Graph graph, Node node) {
    List<Node> layers = new ArrayList<>();
    for (Value v : node.inputs()) {
      Node p = v == null ? null : source(graph, v);
      if (p != null && isAffine(p)) {
        layers.add(p);
      } else if (p != null && isPlainSum(p)) {
        for (Value term : p.inputs()) {
          Node q = source(graph, term);
          if (q != null && isAffine(q)) {
            layers.add(q);
          }
        }
      }
    }
    return layers;
  }

  @Override
  public List<Value> reads(Graph graph, Node node) {
    List<Value> reads = new ArrayList<>();
    for (Node n : layers(graph, node)) {
      reads.add(n.input(Linear.of(n).operand(n)));
    }
    for (Value v : node.inputs()) {
      Node p = v == null ? null : source(graph, v);
      if (p != null && isPlainSum(p)) {
        reads.addAll(p.inputs());
      }
    }
    return reads;
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
    Shape x = node.output().shape();
    long bytes = Room.bytes(x, x, x, x, x);
    for (Node n : layers(graph, node)) {
      bytes += Room.bytes(n.input(Linear.of(n).operand(n)).shape(), x);
    }
    return bytes;
  }
}
