package candela.graph;

import candela.device.Dense;
import candela.device.Device;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** The nodes of a session's graph, bound to its memory as planned. Owns the packed weights. */
final class Binding implements AutoCloseable {
  private final Plan plan;
  private final MemorySegment arena;
  private final Device device;
  private final Constants constants;
  private final int batch;
  private final boolean exact;
  private final Map<Value, Tensor> values = new IdentityHashMap<>();
  private final List<NodeStep> steps = new ArrayList<>();
  private final List<NodeStep> order = new ArrayList<>();

  /**
   * @param arena the memory that was planned
   * @param runs of nodes that run some rows at a time
   * @param exact see {@link Step#isExact}
   */
  Binding(
      Graph planned,
      Plan plan,
      MemorySegment arena,
      Device device,
      List<Slices.Run> runs,
      int batch,
      boolean exact) {
    this.plan = plan;
    this.arena = arena;
    this.device = device;
    this.batch = batch;
    this.exact = exact;
    constants = new Constants(device);
    boolean bound = false;
    try {
      planned.nodes().forEach(n -> steps.add(bind(n)));
      runs.forEach(this::order);
      connect();
      bound = true;
    } finally {
      if (!bound) {
        close();
      }
    }
  }

  /** All nodes with the whole batch, in their order; views included, which nothing runs. */
  List<NodeStep> steps() {
    return steps;
  }

  /** What forward runs, in this order. */
  List<NodeStep> order() {
    return order;
  }

  /** Bytes of constants on the device, packed weights included. */
  long constantBytes() {
    return constants.bytes();
  }

  private Tensor at(Placement.Block block, Value v) {
    return at(block, v, v.shape());
  }

  private Tensor at(Placement.Block block, Value v, Shape shape) {
    long bytes = v.storage().bytes(shape.count());
    return new Tensor(shape, arena.asSlice(block.offset(), bytes), v.storage());
  }

  /** All rows of v; its shape alone where they are not there together. */
  Tensor tensor(Value v) {
    if (v.isConstant()) {
      return constants.of(v.constant());
    }
    return values.computeIfAbsent(
        v,
        w ->
            plan.isSliced(w)
                ? new Tensor(w.shape(), MemorySegment.NULL, w.storage())
                : at(plan.value(w), w));
  }

  private Tensor rows(Value v, int from, int to) {
    if (v.isConstant()) {
      return constants.of(v.constant());
    }
    return plan.isSliced(v)
        ? at(plan.value(v), v, v.shape().with(0, to - from))
        : tensor(v).rows(from, to);
  }

  private void order(Slices.Run run) {
    List<NodeStep> of =
        steps.subList(run.first(), run.last() + 1).stream()
            .filter(s -> !plan.isSkipped(s.node()))
            .toList();
    if (run.rows() >= batch) {
      order.addAll(of);
      return;
    }
    for (int from = 0; from < batch; from += run.rows()) {
      for (NodeStep s : of) {
        order.add(slice(s, from, Math.min(batch, from + run.rows())));
      }
    }
  }

  private NodeStep slice(NodeStep whole, int from, int to) {
    NodeStep s = new NodeStep(whole, from);
    for (int i = 0; i < s.x.length; i++) {
      Value v = s.node().input(i);
      s.x[i] = v == null ? null : s.node().op().isShared(i) ? tensor(v) : rows(v, from, to);
    }
    for (int i = 0; i < s.y.length; i++) {
      s.y[i] = rows(s.node().outputs().get(i), from, to);
    }
    return s;
  }

  private NodeStep bind(Node n) {
    NodeStep s = new NodeStep(n, device);
    s.batch = batch;
    s.exact = exact;
    for (int i = 0; i < s.x.length; i++) {
      Value v = n.input(i);
      s.x[i] = v == null ? null : tensor(v);
    }
    for (int i = 0; i < s.y.length; i++) {
      s.y[i] = tensor(n.outputs().get(i));
    }
    s.kept = segment(plan.kept(n));
    s.scratch = segment(plan.scratch(n));
    s.work = segment(plan.work(n));
    if (plan.runsBackward(n)) {
      for (int i = 0; i < s.dy.length; i++) {
        Value v = n.outputs().get(i);
        s.dy[i] = at(plan.gradient(v), v);
      }
      for (int i = 0; i < s.x.length; i++) {
        bindGradient(n, s, i);
      }
    }
    return s;
  }

  /** Tells every step which steps its inputs come from. */
  private void connect() {
    Map<Value, NodeStep> from = new IdentityHashMap<>();
    for (NodeStep s : steps) {
      s.node().outputs().forEach(y -> from.put(y, s));
    }
    for (NodeStep s : steps) {
      for (int i = 0; i < s.before.length; i++) {
        s.before[i] = from.get(s.node().input(i));
      }
    }
  }

  private void bindGradient(Node n, NodeStep s, int i) {
    Value v = n.input(i);
    if (v == null || v.isConstant() || !plan.wants(v) || !n.op().differentiable(i)) {
      return;
    }
    Placement.Block extra = plan.extra(n, i);
    s.dx[i] = at(extra == null ? plan.gradient(v) : extra, v);
    s.accumulate[i] = extra == null && plan.accumulates(n, i);
    if (plan.gates().passes(n, i)) {
      s.gating[i] = new Dense.Gating(plan.gates().passing(n, i), s.x[i].data());
    }
  }

  /** Where the gradients at v are summed. */
  Tensor gradient(Value v) {
    return at(plan.gradient(v), v);
  }

  private MemorySegment segment(Placement.Block b) {
    return b == null ? MemorySegment.NULL : arena.asSlice(b.offset(), b.bytes());
  }

  @Override
  public void close() {
    steps.forEach(NodeStep::close);
    constants.close();
  }
}
