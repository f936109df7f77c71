package candela.probe;

import candela.tensor.Tensor;

/**
 * A probe with a known number of rows, each a function of its index: write {@code fill}, {@code
 * add}, {@code result}.
 */
public abstract class Sampled<R> implements Probe<R> {
  private final Ask ask;
  private final int target;
  private final int size;
  private int written;
  private int taken;

  protected Sampled(Ask ask, int target, int size) {
    this.ask = ask;
    this.target = target;
    this.size = size;
  }

  @Override
  public final Ask ask() {
    return ask;
  }

  @Override
  public final int target() {
    return target;
  }

  @Override
  public final int size() {
    return size;
  }

  /** Rows answered so far. */
  protected final int taken() {
    return taken;
  }

  @Override
  public final int next(Tensor rows) {
    int n = Math.min(rows.shape().dim(0), size - written);
    if (n > 0) {
      fill(written, rows.rows(0, n));
      written += n;
    }
    return n;
  }

  @Override
  public final void take(Answers answers) {
    add(taken, answers);
    taken += answers.rows();
  }

  /** Writes the rows first, first + 1, … */
  protected abstract void fill(int first, Tensor rows);

  /** Adds the answers to the rows first, first + 1, … in that order. */
  protected abstract void add(int first, Answers answers);
}
