package candela.graph;

import candela.device.Device;
import candela.device.Devices;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Computes, once, what depends on constants only; on the CPU, whatever the session's device. */
final class FoldConstants implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    boolean any = graph.nodes().stream().anyMatch(FoldConstants::constant);
    return any ? fold(graph) : graph;
  }

  private static boolean constant(Node n) {
    return !n.inputs().isEmpty()
        && n.inputs().stream().allMatch(v -> v == null || v.isConstant())
        && n.outputs().stream().noneMatch(Value::integer)
        && n.outputs().stream().allMatch(y -> y.shape().count() <= most(n));
  }

  /**
   * Elements of a result: not many more than the file has, or the session computes it each time.
   */
  private static long most(Node n) {
    long read = n.inputs().stream().mapToLong(v -> v == null ? 0 : v.shape().count()).sum();
    return Math.max(read, Fold.MOST_FLOATS);
  }

  private static Graph fold(Graph graph) {
    Rewrite r = new Rewrite(graph);
    try (Device cpu = Devices.open("cpu", 0);
        Constants constants = new Constants(cpu)) {
      for (Node old : graph.nodes()) {
        Node n = r.now(old);
        boolean output = n.outputs().stream().anyMatch(graph.outputs()::contains);
        if (!constant(n) || output) {
          r.add(n);
        } else {
          try {
            compute(n, cpu, constants).forEach(r::replace);
          } catch (CandelaException e) {
            throw new CandelaException(graph.name() + ": " + n.label() + ": " + e.getMessage(), e);
          }
        }
      }
    }
    return r.finish();
  }

  /** What nodes that depend on constants only write: every value of theirs as a constant. */
  static Map<Value, Value> compute(List<Node> nodes) {
    Map<Value, Value> known = new IdentityHashMap<>();
    try (Device cpu = Devices.open("cpu", 0);
        Constants constants = new Constants(cpu)) {
      for (Node n : nodes) {
        List<Value> inputs = n.inputs().stream().map(v -> known.getOrDefault(v, v)).toList();
        known.putAll(compute(new Node(n.name(), n.op(), inputs, n.outputs()), cpu, constants));
      }
    }
    return known;
  }

  private static Map<Value, Value> compute(Node n, Device cpu, Constants constants) {
    Map<Value, Value> computed = new IdentityHashMap<>();
    List<Tensor> inputs =
        n.inputs().stream().map(v -> v == null ? null : constants.of(v.constant())).toList();
    try (Eager eager = new Eager(n, cpu, inputs)) {
      List<Tensor> outputs = eager.run();
      for (int i = 0; i < outputs.size(); i++) {
        Value y = n.outputs().get(i);
        OnnxTensor t = OnnxTensor.of(y.name(), y.shape(), cpu.read(outputs.get(i)));
        computed.put(y, Value.constant(y.name(), t));
      }
    }
    return computed;
  }
}
