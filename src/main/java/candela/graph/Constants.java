package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * The constants of a graph on a device; host data is used in place where the device can read it.
 */
final class Constants implements AutoCloseable {
  private final Device device;
  private final Map<OnnxTensor, Tensor> tensors = new IdentityHashMap<>();
  private final List<Memory> memories = new ArrayList<>();
  private long bytes;

  Constants(Device device) {
    this.device = device;
  }

  Tensor of(OnnxTensor t) {
    return tensors.computeIfAbsent(t, this::load);
  }

  /** Bytes copied to the device. */
  long bytes() {
    return bytes;
  }

  private Tensor load(OnnxTensor t) {
    Shape shape = t.shape();
    long size = shape.count() * 4L;
    boolean ready = t.data().isNative() && t.data().address() % 4 == 0;
    if (!t.isInteger() && device.readsHost() && ready) {
      return new Tensor(shape, t.data());
    }
    Memory m = device.allocate(Math.max(size, 4));
    memories.add(m);
    bytes += size;
    MemorySegment to = m.segment().asSlice(0, size);
    if (t.isInteger()) {
      long[] longs = t.longs();
      float[] floats = new float[longs.length];
      for (int i = 0; i < longs.length; i++) {
        floats[i] = longs[i];
      }
      device.write(new Tensor(shape, to), floats);
    } else {
      device.copyIn(t.data().asSlice(0, size), to);
    }
    return new Tensor(shape, to);
  }

  @Override
  public void close() {
    memories.forEach(Memory::close);
    memories.clear();
    tensors.clear();
  }
}
