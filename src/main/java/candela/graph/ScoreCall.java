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
  private final Memory targets;
  private final Memory scores;

  ScoreCall(Device device, int rows, int classes) {
    this.device = device;
    this.rows = rows;
    this.classes = classes;
    targets = device.allocate(rows * 8L);
    scores = device.allocate(rows * 4L);
  }

  /** Queues the scores of these rows and what backward starts from. */
  void run(ScoreKind kind, Tensor logits, long[] target, Tensor seed) {
    if (target.length != rows) {
      throw new IllegalArgumentException(rows + " rows given " + target.length + " targets");
    }
    device.copyIn(MemorySegment.ofArray(target), targets.segment().asSlice(0, rows * 8L));
    device
        .kernels()
        .score()
        .score(
            kind.ordinal(),
            rows,
            classes,
            logits.data(),
            targets.segment(),
            scores.segment(),
            seed == null ? MemorySegment.NULL : seed.data());
  }

  /** Waits for the scores of the last run. */
  float[] scores() {
    return device.read(held());
  }

  /** Those of the last run, on the device until the next. */
  Tensor held() {
    return new Tensor(Shape.of(rows), scores.segment().asSlice(0, rows * 4L));
  }

  /** Waits for the classes of the last run, predicted ones in place of -1. */
  void targets(long[] target) {
    device.copyOut(targets.segment().asSlice(0, rows * 8L), MemorySegment.ofArray(target));
  }

  @Override
  public void close() {
    targets.close();
    scores.close();
  }
}
