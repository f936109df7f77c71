package candela.graph;

import candela.device.Dense;
import candela.device.Device;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * What a node sees while it runs: its tensors, its memory, its device. Valid during the call only.
 */
public interface Step {
  Node node();

  Device device();

  /** Images that a run has; 0 where the node runs on its own. */
  default int batch() {
    return 0;
  }

  /** Input i, computed or constant. */
  Tensor x(int i);

  Tensor y(int i);

  default Tensor x() {
    return x(0);
  }

  default Tensor y() {
    return y(0);
  }

  /** Gradient of the score with respect to output i. */
  Tensor dy(int i);

  default Tensor dy() {
    return dy(0);
  }

  /** Where the gradient of input i goes; null when it is not wanted. */
  Tensor dx(int i);

  default Tensor dx() {
    return dx(0);
  }

  /** Whether to add to dx(i) instead of overwriting it. */
  boolean accumulate(int i);

  /**
   * What dx(i) passes once it is whole, where that is this node's to do: the activation that made
   * x(i).
   */
  default Dense.Gating gating(int i) {
    return Dense.Gating.NONE;
  }

  /**
   * The bytes of {@link Op#keptBytes}; {@link MemorySegment#NULL} when no backward will follow, or
   * none that needs them.
   */
  MemorySegment kept();

  /**
   * Whether a backward may follow: then what decides where it flows must be as exact as float32
   * allows.
   */
  default boolean isExact() {
    return true;
  }

  /** First row of the batch that the tensors hold. */
  default int row() {
    return 0;
  }

  /** What is kept for the rows from {@link #row} on, where each keeps so many bytes. */
  default MemorySegment kept(long bytesOfARow) {
    return kept().equals(MemorySegment.NULL)
        ? MemorySegment.NULL
        : kept().asSlice(row() * bytesOfARow);
  }

  /** The bytes of {@link Op#scratchBytes}. */
  MemorySegment scratch();

  /** State of this node in this session, made at the first call and closed with the session. */
  <T extends AutoCloseable> T plan(Supplier<T> make);

  /** Further state, one for each key: weights packed for a rule. */
  default <T extends AutoCloseable> T plan(Object key, Supplier<T> make) {
    throw new UnsupportedOperationException("this step runs no rules");
  }

  /** The bytes of {@link Rule#workBytes}. */
  default MemorySegment work() {
    return MemorySegment.NULL;
  }

  /** The step that computes input i; null for inputs of the graph and constants. */
  default Step before(int i) {
    return null;
  }
}
