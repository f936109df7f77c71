package candela.device;

import java.util.List;

/**
 * A piece of recorded work, and what must have been done before it.
 *
 * @param task queues the same kernels on the same memory at every run
 * @param lane which of a device's {@link Device#lanes}: pieces of one lane run in their order
 * @param after numbers of pieces in other lanes that come before it in the list, as few as order it
 *     behind all whose memory it touches
 */
public record Work(Runnable task, int lane, List<Integer> after) {
  public Work {
    after = List.copyOf(after);
  }

  /** In the main lane, after all before it there. */
  public Work(Runnable task) {
    this(task, 0, List.of());
  }
}
