package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** The score kernel with its small buffers: targets down, scores and predicted classes up. */
final class ScoreCall implements AutoCloseable {
  private final Device device;
  private final int rows;
  private final int classes;
  private final Memory memory;
  private final MemorySegment targets;
  private final MemorySegment scores;

  ScoreCall(Device device, int rows, int classes) {
    this.device = device;
    this.rows = rows;
    this.classes = classes;
    memory = device.allocate((long) rows * (Long.BYTES + Float.BYTES));
    targets = memory.segment().asSlice(0, (long) rows * Long.BYTES);
    scores = memory.segment().asSlice((long) rows * Long.BYTES, (long) rows * Float.BYTES);
  }

  /** Queues the scores of these rows and what backward starts from. */
  void run(ScoreKind kind, Tensor logits, long[] target, Tensor seed) {
    if (target.length != rows) {
      throw new IllegalArgumentException(rows + " rows given " + target.length + " targets");
    }
    device.copyIn(MemorySegment.ofArray(target), targets);
    device
        .kernels()
        .score()
        .score(
            kind.ordinal(),
            rows,
            classes,
            logits.data(),
            targets,
            scores,
            seed == null ? MemorySegment.NULL : seed.data());
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
