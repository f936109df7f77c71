package candela.graph;

import candela.device.Device;
import candela.device.Memory;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** One node run on its own, forward only, every output in memory of its own. */
final class Eager implements AutoCloseable {
  private final List<Memory> memories = new ArrayList<>();
  private final NodeStep step;

  Eager(Node node, Device device, List<Tensor> inputs) {
    step = new NodeStep(node, device);
    for (int i = 0; i < step.x.length; i++) {
      step.x[i] = inputs.get(i);
    }
    for (int i = 0; i < step.y.length; i++) {
      var shape = node.outputs().get(i).shape();
      Memory m = device.allocate(Math.max(4L * shape.count(), 4));
      memories.add(m);
      step.y[i] = new Tensor(shape, m.segment());
    }
    Memory scratch = device.allocate(Math.max(node.op().scratchBytes(node), 4));
    memories.add(scratch);
    step.scratch = scratch.segment();
  }

  List<Tensor> run() {
    step.node().op().forward(step);
    return List.of(step.y);
  }

  @Override
  public void close() {
    step.close();
    memories.forEach(Memory::close);
  }
}
