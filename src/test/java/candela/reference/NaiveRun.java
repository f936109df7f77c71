package candela.reference;

import candela.device.Device;
import candela.device.Memory;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Step;
import candela.graph.Value;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Runs a graph node by node, every tensor in memory of its own: no plan, no rewriting. */
public final class NaiveRun implements AutoCloseable {
  private final Device device;
  private final Map<Value, Tensor> tensors = new IdentityHashMap<>();
  private final List<AutoCloseable> held = new ArrayList<>();

  public NaiveRun(Device device) {
    this.device = device;
  }

  public void forward(Graph graph, Map<String, float[]> inputs) {
    for (Value v : graph.inputs()) {
      device.write(tensor(v), inputs.get(v.name()));
    }
    for (Node n : graph.nodes()) {
      n.op().forward(new Plain(n));
    }
  }

  public float[] read(Value v) {
    return device.read(tensor(v));
  }

  private Tensor tensor(Value v) {
    Tensor t = tensors.get(v);
    if (t == null) {
      t = new Tensor(v.shape(), allocate(4L * v.shape().count()));
      tensors.put(v, t);
      if (v.isConstant()) {
        device.write(t, v.constant().floats());
      }
    }
    return t;
  }

  private MemorySegment allocate(long bytes) {
    Memory m = device.allocate(Math.max(bytes, 4));
    held.add(m);
    return m.segment();
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable c : held.reversed()) {
      c.close();
    }
  }

  private final class Plain implements Step {
    private final Node node;
    private final MemorySegment kept;
    private final MemorySegment scratch;

    Plain(Node node) {
      this.node = node;
      kept = allocate(node.op().keptBytes(node));
      scratch = allocate(node.op().scratchBytes(node));
    }

    @Override
    public Node node() {
      return node;
    }

    @Override
    public Device device() {
      return device;
    }

    @Override
    public Tensor x(int i) {
      return tensor(node.input(i));
    }

    @Override
    public Tensor y(int i) {
      return tensor(node.outputs().get(i));
    }

    @Override
    public Tensor dy(int i) {
      throw new UnsupportedOperationException("forward only");
    }

    @Override
    public Tensor dx(int i) {
      return null;
    }

    @Override
    public boolean accumulate(int i) {
      return false;
    }

    @Override
    public MemorySegment kept() {
      return kept;
    }

    @Override
    public MemorySegment scratch() {
      return scratch;
    }

    @Override
    public <T extends AutoCloseable> T plan(Supplier<T> make) {
      T plan = make.get();
      held.add(plan);
      return plan;
    }
  }
}
