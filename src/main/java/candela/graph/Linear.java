package candela.graph;

import candela.tensor.Tensor;

/**
 * An operator that is affine in its one run-time operand, y = W x + b: it can be run, and
 * transposed, with other weights. Rules are written over this, once for all such operators. An
 * activation or residual that was fused into the operator takes no part.
 */
public interface Linear extends Op {
  /** z = W' a + b', W' and b' being changed by w. a has the operand's shape, z the output's. */
  void apply(Step s, Tensor a, Weights w, Tensor z);

  /** c = W'ᵀ r. r has the output's shape, c the operand's, which it overwrites. */
  void transpose(Step s, Tensor r, Weights w, Tensor c);

  /** Index of the run-time operand. */
  default int operand(Node node) {
    return 0;
  }

  /** Whether this node is affine; asked of operators of which only some kinds are. */
  default boolean isLinear(Node node) {
    return true;
  }

  /** The node's operator, or null where the node is not affine. */
  static Linear of(Node node) {
    return node.op() instanceof Linear l && l.isLinear(node) ? l : null;
  }
}
