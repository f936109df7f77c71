package candela.rule;

import candela.device.Binary;
import candela.device.Pair;
import candela.device.Reduction;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.op.BinaryOp;
import candela.graph.op.Reduce;
import candela.tensor.Tensor;

/**
 * One node in a batch of images and references, in turn: its multipliers, and the differences of
 * its values. Valid during one call of a rule.
 */
final class Pairs {
  private final Step s;
  private final Pair kernels;

  Pairs(Step s) {
    this.s = s;
    kernels = s.device().kernels().pair();
  }

  int count() {
    return s.batch() / 2;
  }

  /** Elements of one image's part. */
  long each(Tensor t) {
    return t.count() / Math.max(1, s.batch());
  }

  /** m = the multipliers of the output, those of rise and fall made one by the sign of Δy. */
  Tensor resolved(Tensor m) {
    return resolve(s.y(), s.dy(), m);
  }

  Tensor resolve(Tensor x, Tensor from, Tensor m) {
    kernels.pairResolve(count(), each(m), x.data(), from.data(), m.data());
    return m;
  }

  /** t = what each row's winners account for of m Δy. */
  Tensor crossed(Tensor m, Tensor t) {
    kernels.pairCross(count(), each(t), isLeast(s.node()), s.y().data(), m.data(), t.data());
    return t;
  }

  private static boolean isLeast(Node n) {
    return (n.op() instanceof BinaryOp b && b.kind() == Binary.MIN)
        || (n.op() instanceof Reduce r && r.kind() == Reduction.MIN);
  }

  /**
   * t = dy where the image's output lies between 0 and the reference's; the reference's row as is.
   */
  Tensor within(Tensor t) {
    kernels.pairWithin(count(), each(t), s.y().data(), s.dy().data(), t.data());
    return t;
  }

  /** dx(i) = the sum of t's rows over Δx(i), the gradient g where that is near zero. */
  void ratio(int i, float nearZero, Tensor t, Tensor g) {
    Tensor dx = s.dx(i);
    kernels.pairRatio(
        s.accumulate(i), count(), each(dx), nearZero, s.x(i).data(), t.data(), g.data(), dx.data());
  }
}
