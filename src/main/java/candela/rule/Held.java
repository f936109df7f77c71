package candela.rule;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A few numbers of a rule on the device, kept with the session. */
record Held(Memory memory, Tensor values) implements AutoCloseable {
  static Tensor of(Step s, List<Float> values) {
    return s.plan(values, () -> upload(s.device(), values)).values();
  }

  private static Held upload(Device device, List<Float> values) {
    float[] host = new float[values.size()];
    for (int i = 0; i < host.length; i++) {
      host[i] = values.get(i);
    }
    Memory memory = device.upload(MemorySegment.ofArray(host));
    return new Held(memory, new Tensor(Shape.of(host.length), memory.segment()));
  }

  @Override
  public void close() {
    memory.close();
  }
}
