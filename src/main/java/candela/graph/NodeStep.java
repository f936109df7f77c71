package candela.graph;

import candela.device.Dense;
import candela.device.Device;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** A node bound to its memory in one session. */
final class NodeStep implements Step, AutoCloseable {
  private final Node node;
  private final Device device;
  final Tensor[] x;
  final Tensor[] y;
  final Tensor[] dx;
  final Tensor[] dy;
  final boolean[] accumulate;
  final Dense.Gating[] gating;
  boolean exact = true;
  int batch;
  MemorySegment kept = MemorySegment.NULL;
  MemorySegment scratch = MemorySegment.NULL;
  MemorySegment work = MemorySegment.NULL;
  final NodeStep[] before;
  private final Map<Object, AutoCloseable> plans = new LinkedHashMap<>();
  private AutoCloseable plan;
  private final NodeStep whole;
  private final int row;

  NodeStep(Node node, Device device) {
    this(node, device, null, 0);
  }

  /** The forward of some rows, from this one on; its state is that of the whole. */
  NodeStep(NodeStep whole, int row) {
    this(whole.node, whole.device, whole, row);
    kept = whole.kept;
    scratch = whole.scratch;
    batch = whole.batch;
    exact = whole.exact;
  }

  private NodeStep(Node node, Device device, NodeStep whole, int row) {
    this.whole = whole;
    this.row = row;
    this.node = node;
    this.device = device;
    x = new Tensor[node.inputs().size()];
    y = new Tensor[node.outputs().size()];
    dx = new Tensor[x.length];
    dy = new Tensor[y.length];
    accumulate = new boolean[x.length];
    gating = new Dense.Gating[x.length];
    Arrays.fill(gating, Dense.Gating.NONE);
    before = new NodeStep[x.length];
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
  public int batch() {
    return batch;
  }

  @Override
  public Tensor x(int i) {
    return x[i];
  }

  @Override
  public Tensor y(int i) {
    return y[i];
  }

  @Override
  public Tensor dy(int i) {
    return dy[i];
  }

  @Override
  public Tensor dx(int i) {
    return dx[i];
  }

  @Override
  public boolean accumulate(int i) {
    return accumulate[i];
  }

  @Override
  public Dense.Gating gating(int i) {
    return gating[i];
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
  @SuppressWarnings("unchecked")
  public <T extends AutoCloseable> T plan(Supplier<T> make) {
    if (whole != null) {
      return whole.plan(make);
    }
    if (plan == null) {
      plan = make.get();
    }
    return (T) plan;
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends AutoCloseable> T plan(Object key, Supplier<T> make) {
    return (T) plans.computeIfAbsent(key, k -> make.get());
  }

  @Override
  public boolean isExact() {
    return exact;
  }

  @Override
  public int row() {
    return row;
  }

  @Override
  public MemorySegment work() {
    return work;
  }

  @Override
  public Step before(int i) {
    return before[i];
  }

  @Override
  public void close() {
    plans.values().forEach(this::close);
    plans.clear();
    if (plan != null) {
      close(plan);
      plan = null;
    }
  }

  private void close(AutoCloseable state) {
    try {
      state.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(node.label() + ": could not be closed", e);
    }
  }
}
