package candela.probe;

import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Probes of one kind, say of one method for changed copies of an image: write {@code make}, {@code
 * add}, {@code result}. They are made one after another, as rows are wanted, and their results are
 * added in that order; a finished one frees its memory, and the workspace that of all others.
 *
 * @param <T> what each finds
 * @param <R> what comes of all
 */
public abstract class Copies<T, R> implements Probe<R> {
  private final Workspace workspace;
  private final int target;
  private final int all;

  /** Copies that are not through, in the order made. */
  private final List<Copy<T>> open = new ArrayList<>();

  private final ArrayDeque<Part<T>> asked = new ArrayDeque<>();

  /** Results that wait for those of copies before them. */
  private final Map<Integer, T> waiting = new HashMap<>();

  /** What the first copy asks first; null before it is made. */
  private Ask first;

  private Shape row;
  private int each;
  private int width;

  /** What is asked now: of copies whose probes ask something else, later. */
  private Ask ask;

  private int made;
  private int added;

  /** One of them. */
  private record Copy<T>(int number, Probe<T> probe, Workspace own) {}

  /** Rows of a copy that wait for their answers. */
  private record Part<T>(Copy<T> copy, int rows) {}

  /**
   * @param workspace the copies' device is its
   * @param target of every copy
   * @param all copies, 1 or more
   */
  protected Copies(Workspace workspace, int target, int all) {
    this.workspace = workspace;
    this.target = target;
    this.all = all;
  }

  /**
   * The probe of a copy.
   *
   * @param own its workspace, closed when it is through
   */
  protected abstract Probe<T> make(int copy, Workspace own);

  /** The next copy's result, in their order. */
  protected abstract void add(T result);

  /** How many results were added. */
  protected final int added() {
    return added;
  }

  /** What the first copy has found so far. */
  protected final T early() {
    begin();
    return open.getFirst().probe.result();
  }

  private void begin() {
    if (first == null) {
      Copy<T> one = another();
      first = one.probe.ask();
      row = one.probe.rowShape();
      each = one.probe.size();
      width = one.probe.width();
      ask = first;
    }
  }

  private Copy<T> another() {
    Workspace own = workspace.child();
    Copy<T> copy = new Copy<>(made, make(made, own), own);
    made++;
    open.add(copy);
    return copy;
  }

  @Override
  public final Ask ask() {
    begin();
    return ask;
  }

  @Override
  public final Shape rowShape() {
    begin();
    return row;
  }

  @Override
  public final int target() {
    return target;
  }

  @Override
  public final int size() {
    begin();
    long size = ask.equals(first) ? (long) (all - made) * each : 0;
    for (Copy<T> c : open) {
      size += c.probe.ask().equals(ask) ? c.probe.size() : 0;
    }
    return Math.clamp(size, 0, Integer.MAX_VALUE);
  }

  /** Also where each copy asks one thing after another: {@link #size} tells of the first. */
  @Override
  public final boolean isOpen() {
    begin();
    return open.stream().anyMatch(c -> c.probe.isOpen() || c.probe.inTurn().size() > 1);
  }

  @Override
  public final int width() {
    begin();
    return Math.clamp((long) all * width, 1, Integer.MAX_VALUE);
  }

  /** Rows of as many copies as fit; a copy that is not through may have to see answers first. */
  @Override
  public final int next(Tensor rows) {
    begin();
    int most = rows.shape().dim(0);
    int used = 0;
    for (Copy<T> c : List.copyOf(open)) {
      used += write(c, rows, used);
    }
    while (used < most && made < all && ask.equals(first)) {
      used += write(another(), rows, used);
    }
    return used;
  }

  /** Rows that the copy writes from row used on: once, as it has to see their answers. */
  private int write(Copy<T> c, Tensor rows, int used) {
    int most = rows.shape().dim(0);
    while (used < most && c.probe.ask().equals(ask)) {
      int n = c.probe.next(rows.rows(used, most));
      if (n > 0) {
        asked.add(new Part<>(c, n));
        return n;
      }
      if (!goesOn(c)) {
        return 0;
      }
    }
    return 0;
  }

  /** Whether a copy that has finished with what it asks has more to ask; else it is added. */
  private boolean goesOn(Copy<T> c) {
    if (c.probe.again()) {
      return true;
    }
    open.remove(c);
    waiting.put(c.number, c.probe.result());
    c.own.close();
    while (waiting.containsKey(added)) {
      add(waiting.remove(added));
      added++;
    }
    return false;
  }

  @Override
  public final void take(Answers given) {
    // a copy's result is read as soon as its last row is answered
    Answers answers = given.atOnce(workspace.device());
    for (int from = 0; from < answers.rows(); ) {
      Part<T> part = asked.remove();
      part.copy().probe.take(answers.rows(from, from + part.rows()));
      from += part.rows();
    }
  }

  /** Turns to what the first of the copies that are left asks. */
  @Override
  public final boolean again() {
    begin();
    List.copyOf(open).forEach(this::passOver);
    while (open.isEmpty() && made < all) {
      passOver(another());
    }
    if (open.isEmpty()) {
      return false;
    }
    ask = open.getFirst().probe.ask();
    return true;
  }

  /** Goes on with a copy as long as it asks nothing. */
  private void passOver(Copy<T> c) {
    while (c.probe.size() == 0) {
      if (!goesOn(c)) {
        return;
      }
    }
  }
}
