package candela.probe;

import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/**
 * Asks the model about perturbed inputs until it has its result.
 *
 * <p>Called by one thread: {@code next}, then {@code take} with as many rows as were written, and
 * again. What a probe writes and adds must not depend on how many rows it is offered at a time.
 */
public interface Probe<R> {
  Ask ask();

  /**
   * Shape of what it writes in each row, [c,h,w] of an image: another one than the network's is
   * refused, as kernels believe it. Null where it goes by the rows that it is offered.
   */
  default Shape rowShape() {
    return null;
  }

  /** Class whose score is read, of every row. */
  int target();

  /** Rows that will be written under this ask; for progress. */
  int size();

  /** What it asks one after another, as far as that is known before; for who counts rows. */
  default List<Probe<?>> inTurn() {
    return List.of(this);
  }

  /** Whether it may ask for more than {@link #inTurn} tells: answers decide. */
  default boolean isOpen() {
    return false;
  }

  /** Rows that can be written before an answer is needed: 1 where each follows from the last. */
  default int width() {
    return size();
  }

  /** What rows differ from and where, if each does in a window; null where they may anywhere. */
  default Occluded occluded() {
    return null;
  }

  /** Writes up to rows.dim(0) perturbed inputs on the device; tells how many; 0 = finished. */
  int next(Tensor rows);

  /** The answers to the rows written last, in the order written. */
  void take(Answers answers);

  /**
   * Called once next returned 0: goes on with other rows, perhaps under another ask, and tells
   * whether there are any.
   */
  default boolean again() {
    return false;
  }

  /** Valid at any time, exact once next returned 0 and again false. */
  R result();
}
