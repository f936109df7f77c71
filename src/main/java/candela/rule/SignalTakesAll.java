package candela.rule;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Rule;
import candela.graph.Step;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.GridSample;
import candela.graph.op.Rectify;
import candela.graph.op.Softmax;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/**
 * Relevance of a product goes to the signal, none to the gate: squeeze-and-excitation, attention,
 * SiLU and GELU written out, division by a norm.
 *
 * <p><b>Definition:</b> of a · b with a gate b, R_a = R and R_b = 0; of a product of two signals
 * each gets half of R; of a / b the numerator is the signal, and of images at the places of a grid
 * the images; of a matrix product R_i = x_i (Wᵀ (R / (y + ε sign y)))_i with the gate as W. A gate
 * comes, perhaps moved, scaled or shifted, from a sigmoid, a hard sigmoid, tanh, erf, a clamp with
 * an upper end, a step function as x > 0, or softmax; or it is the factor that is repeated to fit
 * the other.
 *
 * <p><b>Shapes:</b> as the operator's.
 *
 * <p><b>Parameters:</b> epsilon (0 or more; stabilises matrix products and repeated signals).
 *
 * <p><b>Cost:</b> a copy; for matrix products one transpose.
 *
 * <p><b>Source:</b> Arras et al. 2019, "Explaining and interpreting LSTMs" (signal takes all); Ali
 * et al. 2022 (attention weights as constants); Achtibat et al. 2024 (halves of a bilinear
 * product).
 *
 * <p><b>Differences:</b> none of the sources looks for gates in a graph; the list above is ours.
 */
public record SignalTakesAll(float epsilon) implements Rule {
  private static final Set<Unary> GATES =
      EnumSet.of(Unary.SIGMOID, Unary.HARD_SIGMOID, Unary.TANH, Unary.ERF);

  @Override
  public void backward(Node node, Step step) {
    int gate = gate(node, step);
    for (int i = 0; i < 2; i++) {
      Tensor dx = step.dx(i);
      if (dx == null) {
        continue;
      }
      float part = gate == i ? 0 : gate == -1 ? 0.5f : 1;
      if (part == 0) {
        if (!step.accumulate(i)) {
          step.device().kernels().elementwise().fill(dx.count(), 0, dx.data());
        }
      } else if (node.op() instanceof BinaryOp && dx.shape().equals(step.dy().shape())) {
        step.device()
            .kernels()
            .relevance()
            .product(
                step.accumulate(i),
                dx.count(),
                part,
                step.dy().data(),
                MemorySegment.NULL,
                dx.data());
      } else {
        Sum.share(step, part, i, epsilon);
      }
    }
  }

  /** The factor that takes nothing; -1 where both are signals. */
  private static int gate(Node node, Step s) {
    if (node.op() instanceof GridSample
        || node.op() instanceof BinaryOp b && b.kind() == Binary.DIV) {
      return 1;
    }
    for (int i = 0; i < 2; i++) {
      if (isGate(s.before(i)) && !isGate(s.before(1 - i))) {
        return i;
      }
    }
    if (node.op() instanceof BinaryOp) {
      for (int i = 0; i < 2; i++) {
        if (node.input(i).shape().count() < node.input(1 - i).shape().count()) {
          return i;
        }
      }
    }
    return -1;
  }

  /** What comes before the clamp that a quantisation begins with. */
  private static Step beforeRange(Step quantize) {
    Step range = quantize.before(0);
    return range != null && range.node().op() instanceof Rectify ? range.before(0) : range;
  }

  private static boolean isGate(Step p) {
    if (p == null) {
      return false;
    }
    return switch (p.node().op()) {
      case Softmax o -> true;
      case Elementwise e when GATES.contains(e.kind()) || !e.kind().differentiable() -> true;
      case BinaryOp b when !b.kind().differentiable() -> true;
      case Elementwise e when e.kind() == Unary.QUANTIZE -> isGate(beforeRange(p));
      case Rectify r -> r.hi() != Float.POSITIVE_INFINITY;
      default -> {
        Role role = Role.of(p.node());
        boolean moved = role == Role.MOVE && p.node().inputs().size() == 1;
        int operand = p.node().input(0).isConstant() ? 1 : 0;
        yield (moved || role == Role.AFFINE) && isGate(p.before(operand));
      }
    };
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
    return Sum.bytes(node);
  }
}
