package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The score kernel with its small buffers: targets down, scores and predicted classes up. */
final class ScoreCall implements AutoCloseable {
  private final Device device;
  private final int rows;
  private final int classes;
  private final Memory memory;
  private final MemorySegment targets;
  private final MemorySegment scores;

  /** What the targets on the device are; null where that is not known. */
  private long[] known;

  ScoreCall(Device device, int rows, int classes) {
    this.device = device;
    this.rows = rows;
    this.classes = classes;
    memory = device.allocate((long) rows * (Long.BYTES + Float.BYTES));
    targets = memory.segment().asSlice(0, (long) rows * Long.BYTES);
    scores = memory.segment().asSlice((long) rows * Long.BYTES, (long) rows * Float.BYTES);
  }

  /** Queues the scores of these rows and what backward starts from; kind is the kernel's. */
  void run(int kind, Tensor logits, long[] target, Tensor seed) {
    if (target.length != rows) {
      throw new IllegalArgumentException(rows + " rows given " + target.length + " targets");
    }
    // A copy between forward and backward is a gap of some microseconds on a card.
    if (!Arrays.equals(target, known)) {
      known = null;
      device.copyIn(MemorySegment.ofArray(target), targets);
      known = hasPredicted(target) ? null : target.clone();
    }
    device
        .kernels()
        .score()
        .score(
            kind,
            rows,
            classes,
            logits.data(),
            targets,
            scores,
            seed == null ? MemorySegment.NULL : seed.data());
  }

  /** Whether there is a -1, in whose place the kernel writes the predicted class. */
  private static boolean hasPredicted(long[] target) {
    for (long t : target) {
      if (t < 0) {
        return true;
      }
    }
    return false;
  }

  /** Waits for the scores of the last run. */
  float[] scores() {
    return device.read(held());
  }

  /** Those of the last run, on the device until the next. */
  Tensor held() {
    return new Tensor(Shape.of(rows), scores);
  }

  /** Waits for the classes of the last run, predicted ones in place of -1. */
  void targets(long[] target) {
    device.copyOut(targets, MemorySegment.ofArray(target));
  }

  @Override
  public void close() {
    memory.close();
  }
}
