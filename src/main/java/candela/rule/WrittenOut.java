package candela.rule;

import candela.device.Binary;
import candela.device.Multiplier;
import candela.graph.BatchAxis;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.Value;
import candela.graph.op.BinaryOp;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Softmax;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * DeepLIFT of operators that mix several inputs: what they are written out in sums, products and
 * functions of one value.
 *
 * <p><b>Definition:</b> of a product ab, m_a = m (b + b')/2 and m_b alike; of a function of one
 * value {@link Rescale}. A quotient y = a / b is that of a = y b: m_a = m / b̄, m_b = −m ȳ / b̄, b̄
 * and ȳ the means of both; where b and b' differ in sign, and b̄ may be 0, of y = a · 1/b. Of log
 * softmax l = x − log S, S = Σ e, e = exp(x): m_x = m − Σ_j m_j Δlog S/ΔS Δe/Δx; of softmax y =
 * exp(l) the same with m Δy/Δl for m, so that no slope is above 1; of a normalisation y = d / s, d
 * = x − mean, s = √(variance + ε), from d = y s: m_d = (g − d̄ Σ_j g_j ȳ_j 2 / (n (s + s'))) 2 / (s
 * + s'), g = m · scale, d̄ and ȳ the means of both, and m_x = m_d less its mean.
 *
 * <p><b>Shapes:</b> as the operator's; rows are image and reference in turn.
 *
 * <p><b>Parameters:</b> none.
 *
 * <p><b>Cost:</b> the operator's gradient and two passes; of softmax and normalisations some four
 * passes in doubles.
 *
 * <p><b>Source:</b> products as in the code of Shrikumar et al. 2017, distribute_over_product; the
 * rest is the chain rule for multipliers, section 3.2 there.
 *
 * <p><b>Differences:</b> Σ m Δx = Σ m Δy holds exactly. Captum rescales the softmax's elements and
 * centres them, and takes the gradient of normalisations; both lose some of the difference.
 */
public record WrittenOut() implements Rule {
  @Override
  public void backward(Node node, Step step) {
    Pairs pairs = new Pairs(step);
    for (int i = 0; i < node.inputs().size(); i++) {
      if (step.dx(i) != null) {
        Room room = new Room(step);
        Tensor m = pairs.resolved(room.take(step.dy().shape()));
        if (Role.of(node) == Role.PRODUCT) {
          product(step, pairs, m, i, room);
        } else {
          row(step, pairs, m);
        }
      }
    }
  }

  private static void product(Step s, Pairs pairs, Tensor m, int i, Room room) {
    Tensor g = room.take(s.dx(i).shape());
    var kernels = s.device().kernels();
    MemorySegment dx = s.dx(i).data();
    boolean quotient = divides(s.node());
    // a divisor that no gradient goes to is none of the images', or taken as it is
    if (quotient && i == 0 && s.dx(1) != null) {
      Tensor divisor = room.take(s.x(1).shape());
      kernels
          .multiplier()
          .divisorBetween(pairs.count(), pairs.each(divisor), s.x(1).data(), divisor.data());
      Replaced.backward(s, 1, divisor, m, i, g);
    } else {
      Replaced.backward(s, m, i, g);
    }
    long n = pairs.each(g);
    if (quotient && i == 1) {
      kernels
          .multiplier()
          .divisorMultiplier(s.accumulate(i), pairs.count(), n, s.x(i).data(), g.data(), dx);
    } else {
      kernels.pair().pairMean(s.accumulate(i), pairs.count(), n, g.data(), dx);
    }
  }

  /** By a value of the images. */
  private static boolean divides(Node n) {
    return n.op() instanceof BinaryOp b && b.kind() == Binary.DIV && !n.input(1).isConstant();
  }

  private static void row(Step s, Pairs pairs, Tensor m) {
    Multiplier kernels = s.device().kernels().multiplier();
    Shape x = s.x().shape();
    int last = x.dim(-1);
    int pixels = x.count(1, x.rank() - 1);
    switch (s.node().op()) {
      case Softmax o ->
          kernels.softmaxMultiplier(
              o.log(),
              s.accumulate(0),
              pairs.count(),
              pairs.each(m) / last,
              last,
              s.x().data(),
              m.data(),
              s.dx().data());
      case LayerNorm o -> {
        int n = x.count(o.axis(), x.rank());
        norm(s, pairs, m, 1, n, n, o.epsilon());
      }
      case GroupNorm o ->
          norm(
              s,
              pairs,
              m,
              o.groups(),
              last / o.groups(),
              pixels * (last / o.groups()),
              o.epsilon());
      case InstanceNorm o -> norm(s, pairs, m, last, 1, pixels, o.epsilon());
      default -> throw new IllegalStateException(s.node().label());
    }
  }

  private static void norm(
      Step s, Pairs pairs, Tensor m, int groups, int width, int n, float epsilon) {
    s.device()
        .kernels()
        .multiplier()
        .normMultiplier(
            s.accumulate(0),
            pairs.count(),
            pairs.each(m) / ((long) groups * n),
            groups,
            width,
            n,
            epsilon,
            s.x().data(),
            s.node().inputs().size() > 1 ? s.x(1).data() : MemorySegment.NULL,
            m.data(),
            s.dx().data());
  }

  @Override
  public void check(Graph graph, Node node) {
    boolean known =
        switch (node.op()) {
          case Softmax o -> true;
          case LayerNorm o -> true;
          case GroupNorm o -> true;
          case InstanceNorm o -> true;
          default -> Role.of(node) == Role.PRODUCT;
        };
    if (!known) {
      throw CandelaException.of("the rule is for products, softmax and normalisations");
    }
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
    long most = 0;
    for (Value x : node.inputs()) {
      Shape divisor = divides(node) ? node.input(1).shape() : Shape.of(0);
      most =
          x == null ? most : Math.max(most, Room.bytes(node.output().shape(), x.shape(), divisor));
    }
    return most;
  }
}
