package candela.rule;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.Step;
import candela.graph.op.AveragePool;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.MaxPool;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Softmax;
import candela.graph.op.Transpose;

/** What is known of the signs of values before any is computed. */
final class Signs {
  private Signs() {}

  /** Whether input i is never below zero: half the products of a rule by signs are zero then. */
  static boolean nonNegative(Step s, int i) {
    Step p = s.before(i);
    if (p == null) {
      return false;
    }
    return switch (p.node().op()) {
      case Rectify r -> r.lo() >= 0;
      case Elementwise e when e.kind() == Unary.QUANTIZE -> beginsAtZero(p, e.alpha());
      case Elementwise e -> e.kind().isNeverNegative();
      case Softmax o -> !o.log();
      case BinaryOp b ->
          (b.kind() == Binary.ADD || b.kind() == Binary.MUL)
              && nonNegative(p, 0)
              && nonNegative(p, 1);
      case Concat c -> all(p);
      case AveragePool o -> nonNegative(p, 0);
      case Expand o -> nonNegative(p, 0);
      case MaxPool o -> nonNegative(p, 0);
      case Reduce o -> nonNegative(p, 0);
      case Reshape o -> nonNegative(p, 0);
      case Slice o -> nonNegative(p, 0);
      case Transpose o -> nonNegative(p, 0);
      default -> false;
    };
  }

  /** Whether what is rounded to these steps has 0 for its first. */
  private static boolean beginsAtZero(Step p, float step) {
    Step range = p.before(0);
    return range != null
        && range.node().op() instanceof Rectify r
        && (r.beginsAtZero(step) || nonNegative(range, 0));
  }

  private static boolean all(Step p) {
    for (int i = 0; i < p.node().inputs().size(); i++) {
      if (!nonNegative(p, i)) {
        return false;
      }
    }
    return true;
  }
}
