package candela.probe;

import candela.device.OutOfMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/** Work on one half and then the other where all has no room at once. */
public final class Halves {
  private Halves() {}

  /** What work finds for all, the second half's behind the first's. */
  public static <T, R> List<R> of(List<T> all, Function<List<T>, List<R>> work) {
    return of(
        all,
        work,
        (first, second) -> {
          List<R> both = new ArrayList<>(first);
          both.addAll(second);
          return both;
        });
  }

  /**
   * What work finds for all.
   *
   * @param join makes one of what was found for two halves
   * @throws OutOfMemory where one of all has no room alone; so does OutOfMemoryError
   */
  public static <T, R> R of(List<T> all, Function<List<T>, R> work, BinaryOperator<R> join) {
    try {
      return work.apply(all);
    } catch (OutOfMemory | OutOfMemoryError e) {
      if (all.size() < 2) {
        throw e;
      }
    }
    int half = (all.size() + 1) / 2;
    R first = of(all.subList(0, half), work, join);
    return join.apply(first, of(all.subList(half, all.size()), work, join));
  }
}
