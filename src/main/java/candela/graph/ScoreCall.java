package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  float[] run(ScoreKind kind, Tensor logits, long[] target, Tensor seed) {
    if (target.length != rows) {
      throw new IllegalArgumentException(rows + " rows given " + target.length + " targets");
    }
    try (Arena host = Arena.ofConfined()) {
      MemorySegment t = host.allocate(rows * 8L, 64);
      MemorySegment s = host.allocate(rows * 4L, 64);
      MemorySegment.copy(target, 0, t, ValueLayout.JAVA_LONG, 0, rows);
      device.copyIn(t, targets.segment().asSlice(0, rows * 8L));
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
      device.copyOut(targets.segment().asSlice(0, rows * 8L), t);
      device.copyOut(scores.segment().asSlice(0, rows * 4L), s);
      MemorySegment.copy(t, ValueLayout.JAVA_LONG, 0, target, 0, rows);
      return s.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Override
  public void close() {
    targets.close();
    scores.close();
  }
}
