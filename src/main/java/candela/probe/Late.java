package candela.probe;

import candela.device.Device;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** What comes of one batch while the device is at the next, and who waits for it. */
final class Late implements Answers.Later {
  private final Device device;
  private final Tensor held;
  private final List<Runnable> arrivals = new ArrayList<>();
  private final List<Runnable> takers = new ArrayList<>();

  /** Of the batch; null until somebody wants them. */
  private float[] scores;

  /**
   * @param held its scores, on the device
   */
  Late(Device device, Tensor held) {
    this.device = device;
    this.held = held;
  }

  @Override
  public void scores(int from, int to, Consumer<float[]> taker) {
    if (scores == null) {
      scores = new float[held.count()];
      arrivals.add(device.copyOutLater(held.data(), MemorySegment.ofArray(scores)));
    }
    takers.add(() -> taker.accept(Arrays.copyOfRange(scores, from, to)));
  }

  @Override
  public void copy(Tensor from, float[] to, Runnable taker) {
    arrivals.add(device.copyOutLater(from.data(), MemorySegment.ofArray(to)));
    takers.add(taker);
  }

  /** Waits, for nobody. */
  void drop() {
    arrivals.forEach(Runnable::run);
  }

  /** Waits for all and hands it out, in the order in which it was wanted. */
  void deliver() {
    arrivals.forEach(Runnable::run);
    takers.forEach(Runnable::run);
  }
}
