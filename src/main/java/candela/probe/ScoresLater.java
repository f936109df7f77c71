package candela.probe;

import candela.device.Device;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** The scores of one batch on their way to the host, and who wants which of them. */
final class ScoresLater {
  private final float[] scores;
  private final Runnable arrival;
  private final List<Runnable> wanted = new ArrayList<>();

  /** Queues the copy. */
  ScoresLater(Device device, Tensor held) {
    scores = new float[held.count()];
    arrival = device.copyOutLater(held.data(), MemorySegment.ofArray(scores));
  }

  void to(int from, int to, Consumer<float[]> taker) {
    wanted.add(() -> taker.accept(Arrays.copyOfRange(scores, from, to)));
  }

  /** Waits, for nobody. */
  void drop() {
    arrival.run();
  }

  /** Waits for them and hands them out, in the order in which they were wanted. */
  void deliver() {
    arrival.run();
    wanted.forEach(Runnable::run);
  }
}
