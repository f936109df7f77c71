package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Supplier;

/** Probes one after another, each under its own ask, and what their results make together. */
final class Phased implements Probe<Attribution> {
  private final Queue<Supplier<Probe<?>>> later;
  private final Supplier<Attribution> result;
  private Probe<?> now;

  /**
   * @param phases made one by one, each when the one before has its result
   */
  Phased(List<Supplier<Probe<?>>> phases, Supplier<Attribution> result) {
    later = new ArrayDeque<>(phases);
    this.result = result;
    now = later.remove().get();
  }

  /**
   * What the second makes of the first's result.
   *
   * @param second made when the first has its result, which stands until then
   */
  static Phased after(Probe<Attribution> first, Supplier<Probe<Attribution>> second) {
    List<Probe<Attribution>> last = new ArrayList<>(List.of(first));
    return new Phased(
        List.of(
            () -> first,
            () -> {
              last.add(second.get());
              return last.getLast();
            }),
        () -> last.getLast().result());
  }

  @Override
  public Ask ask() {
    return now.ask();
  }

  @Override
  public int target() {
    return now.target();
  }

  @Override
  public int size() {
    return now.size();
  }

  @Override
  public int width() {
    return now.width();
  }

  @Override
  public int next(Tensor rows) {
    return now.next(rows);
  }

  @Override
  public void take(Answers answers) {
    now.take(answers);
  }

  @Override
  public boolean again() {
    if (later.isEmpty()) {
      return false;
    }
    now = later.remove().get();
    return true;
  }

  @Override
  public Attribution result() {
    return result.get();
  }
}
