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
import java.util.IdentityHashMap;
import java.util.Map;

/** What is known of the signs of values before any is computed. */
final class Signs {
  /** Answers so far, by who computes a value: paths that part and meet again are followed once. */
  private final Map<Step, Boolean> known = new IdentityHashMap<>();

  private Signs() {}

  /** Whether input i is never below zero: half the products of a rule by signs are zero then. */
  static boolean nonNegative(Step s, int i) {
    return new Signs().isNonNegative(s, i);
  }

  private boolean isNonNegative(Step s, int i) {
    Step p = s.before(i);
    if (p == null) {
      return false;
    }
    Boolean before = known.get(p);
    if (before == null) {
      before = isNonNegative(p);
      known.put(p, before);
    }
    return before;
  }

  private boolean isNonNegative(Step p) {
    return switch (p.node().op()) {
      case Rectify r -> r.lo() >= 0;
      case Elementwise e when e.kind() == Unary.QUANTIZE -> beginsAtZero(p, e.alpha());
      case Elementwise e -> e.kind().isNeverNegative();
      case Softmax o -> !o.log();
      case BinaryOp b ->
          (b.kind() == Binary.ADD || b.kind() == Binary.MUL)
              && isNonNegative(p, 0)
              && isNonNegative(p, 1);
      case Concat c -> all(p);
      case AveragePool o -> isNonNegative(p, 0);
      case Expand o -> isNonNegative(p, 0);
      case MaxPool o -> isNonNegative(p, 0);
      case Reduce o -> isNonNegative(p, 0);
      case Reshape o -> isNonNegative(p, 0);
      case Slice o -> isNonNegative(p, 0);
      case Transpose o -> isNonNegative(p, 0);
      default -> false;
    };
  }

  /** Whether what is rounded to these steps has 0 for its first. */
  private boolean beginsAtZero(Step p, float step) {
    Step range = p.before(0);
    return range != null
        && range.node().op() instanceof Rectify r
        && (r.beginsAtZero(step) || isNonNegative(range, 0));
  }

  private boolean all(Step p) {
    for (int i = 0; i < p.node().inputs().size(); i++) {
      if (!isNonNegative(p, i)) {
        return false;
      }
    }
    return true;
  }
}
