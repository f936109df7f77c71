package candela.rule;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Step;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.List;

/** A few numbers of a rule on the device, kept with the session. */
record Held(Memory memory, Tensor values) implements AutoCloseable {
  static Tensor of(Step s, List<Float> values) {
    return s.plan(values, () -> upload(s.device(), values)).values();
  }

  private static Held upload(Device device, List<Float> values) {
    Memory memory = device.allocate(values.size() * 4L);
    Tensor t = new Tensor(Shape.of(values.size()), memory.segment());
    float[] host = new float[values.size()];
    for (int i = 0; i < host.length; i++) {
      host[i] = values.get(i);
    }
    device.write(t, host);
    return new Held(memory, t);
  }

  @Override
  public void close() {
    memory.close();
  }
}
