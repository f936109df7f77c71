package candela.rule;

import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** Hands out a step's work memory, piece after piece. Valid during one call of a rule. */
final class Room {
  /** A cache line. */
  private static final long ALIGNMENT = 64;

  private final MemorySegment memory;
  private long at;

  Room(Step s) {
    memory = s.work();
  }

  Tensor take(Shape shape) {
    Tensor t = new Tensor(shape, memory.asSlice(at, shape.count() * 4L));
    at += bytes(shape);
    return t;
  }

  /** What these tensors take. */
  static long bytes(Shape... shapes) {
    long sum = 0;
    for (Shape s : shapes) {
      sum += (s.count() * 4L + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return sum;
  }
}
