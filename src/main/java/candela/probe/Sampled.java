package candela.probe;

import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A probe with a known number of rows, each a function of its index: write {@code fill}, {@code
 * add}, {@code result}. Rows whose answers are known before are not asked.
 */
public abstract class Sampled<R> implements Probe<R> {
  private final Ask ask;
  private final Shape row;
  private final int target;
  private final int all;
  private final SortedMap<Integer, Answers> known = new TreeMap<>();
  private int first;
  private int written;
  private int taken;

  /**
   * @param row shape of what is written in each, see {@link #rowShape}
   */
  protected Sampled(Ask ask, Shape row, int target, int all) {
    this.ask = ask;
    this.row = row;
    this.target = target;
    this.all = all;
  }

  @Override
  public final Ask ask() {
    return ask;
  }

  @Override
  public final Shape rowShape() {
    return row;
  }

  @Override
  public final int target() {
    return target;
  }

  @Override
  public final int size() {
    return all - known.size();
  }

  /** All rows, those counted in that are not asked. */
  protected final int all() {
    return all;
  }

  /**
   * Before the first row is written: the answer to a row that need not be asked. One row always is.
   *
   * @param answer null for none
   */
  protected final void know(int row, Answers answer) {
    if (answer != null && size() > 1) {
      known.put(row, answer);
    }
  }

  /** Rows answered so far. */
  protected final int taken() {
    return taken;
  }

  @Override
  public final int next(Tensor rows) {
    addKnown();
    var later = known.tailMap(written);
    int end = later.isEmpty() ? all : later.firstKey();
    int n = Math.min(rows.shape().dim(0), end - written);
    if (n > 0) {
      first = written;
      fill(first, rows.rows(0, n));
      written += n;
    }
    return n;
  }

  /** The rows written last, until they are taken: those from {@link #first} to here. */
  protected final int written() {
    return written;
  }

  /** The first of the rows written last. */
  protected final int first() {
    return first;
  }

  @Override
  public final void take(Answers answers) {
    add(taken, answers);
    taken += answers.rows();
    addKnown();
  }

  /** Adds the answers that come next and are known. */
  private void addKnown() {
    while (written == taken && known.containsKey(taken)) {
      add(taken, known.get(taken));
      taken++;
      written++;
    }
  }

  /** Writes the rows first, first + 1, … */
  protected abstract void fill(int first, Tensor rows);

  /** Adds the answers to the rows first, first + 1, … in that order. */
  protected abstract void add(int first, Answers answers);
}
