package candela.graph;

import candela.device.Dense;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * One operator: attributes, shapes, forward, backward. Implementations are immutable records in
 * {@code candela.graph.op}; per-session state (packed weights, tables) goes through {@link
 * Step#plan}.
 *
 * <p>All tensors are dense, row-major float32, unless {@link #width} says otherwise. Image
 * operators (convolution, pooling, …) work on channels-last tensors [N,H,W,C]; the import puts
 * transposes around them and {@link Simplify} cancels those.
 */
public interface Op {
  /** The ONNX operator it stands for. */
  default String type() {
    return getClass().getSimpleName();
  }

  /**
   * Shapes of the outputs.
   *
   * @throws candela.tensor.CandelaException when the inputs do not fit; the message starts after
   *     the node's label
   */
  List<Shape> shapes(List<Value> inputs);

  /** Computes {@code y(…)} from {@code x(…)}. */
  void forward(Step s);

  /**
   * Computes {@code dx(i)} from {@code dy(…)} for every i whose {@code dx(i)} is not null.
   * Overwrites dx(i), or adds to it where {@code s.accumulate(i)}, which is asked only of operators
   * that {@link #accumulates}.
   */
  default void backward(Step s) {
    throw new UnsupportedOperationException(type() + " has no gradient");
  }

  /** Whether a gradient flows from the outputs to input i. */
  default boolean differentiable(int i) {
    return true;
  }

  /** Whether backward can add to dx instead of overwriting it. */
  default boolean accumulates() {
    return false;
  }

  /** Whether backward reads x(i); it must be kept then. */
  default boolean needsX(int i) {
    return false;
  }

  /** Whether backward reads y(0). */
  default boolean needsY() {
    return false;
  }

  /** Whether forward changes x(i): statistics that training gathers. */
  default boolean updates(int i) {
    return false;
  }

  /**
   * The activation that ends it, where backward may be given a gradient that has passed it: {@link
   * Step#kept} is NULL then.
   */
  default Dense.Activation gate(Node node) {
    return Dense.Activation.NONE;
  }

  /** Whether backward lets dx(i) pass {@link Step#gating}. */
  default boolean gates(int i) {
    return false;
  }

  /**
   * Whether each element of y(0) is one of x(0), and dx(0) of an element the sum of dy(0) over
   * those that are it, from 0 on.
   */
  default boolean selects() {
    return false;
  }

  /**
   * Bytes written by forward for backward ({@link Step#kept}): bits of a ReLU, indices of a
   * pooling.
   */
  default long keptBytes(Node node) {
    return 0;
  }

  /** Bytes of working memory during forward and backward ({@link Step#scratch}). */
  default long scratchBytes(Node node) {
    return 0;
  }

  /** Whether it works with values in 16 bits. */
  enum Width {
    /** It does not: all that it reads and writes is float32. */
    FLOAT32,
    /** It does where an operand comes so: what costs no more than its memory. */
    AS_INPUT,
    /** It does, and gains by it: where that is more than conversions take, it begins there. */
    SIXTEEN
  }

  /**
   * In a session that holds values in 16 bits. All operands known at run time only, all outputs and
   * the gradients of both are held alike then; {@link Tensor#storage} tells how.
   */
  default Width width(Node node) {
    return Width.FLOAT32;
  }

  /**
   * Whether y(0) is x(0) under another shape: the session lets them share memory and skips the
   * node.
   */
  default boolean isView() {
    return false;
  }

  /** The input that y(0) may overwrite in forward, and whose dx may overwrite dy(0), or -1. */
  default int inPlace(Node node) {
    return -1;
  }

  /**
   * The operator that does the same to transposed tensors: for every input of full rank replaced by
   * its transpose under perm, it gives the transposed outputs. Null when there is none. {@code
   * rank} inputs of lower rank are not passed.
   */
  default Op permuted(int[] perm) {
    return null;
  }

  /** Whether input i is transposed with the others there; weights are not. */
  default boolean isPermuted(int i) {
    return true;
  }

  /**
   * Whether forward may be given some rows of the batch, one part after another. It must take its
   * sizes from the tensors then, not from the node, and keep its bytes where {@link Step#row}
   * tells. Asked only where outputs and run-time inputs lead with the batch.
   */
  default boolean byRows(Node node) {
    return false;
  }

  /** Whether all rows of the batch are given the same input i, which does not lead with them. */
  default boolean isShared(int i) {
    return false;
  }

  /**
   * What one pixel of y(0) takes from run-time input i where both are images; null where that is
   * more than a window, or differs from pixel to pixel.
   *
   * @param down the axis of the height, that of the width follows
   */
  default Reach reach(Node node, int i, int down) {
    return null;
  }

  /**
   * The operator for images that hold what so many pixels of the output take, padding included.
   * Asked only where there is a {@link #reach}.
   */
  default Op cropped(int tall, int wide) {
    return this;
  }

  /** Multiply-adds counted as two, for one forward. */
  default long flops(Node node) {
    return node.output().shape().count();
  }
}
