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
    try (Device cpu = Devices.open("cpu", 0)) {
      for (Node old : graph.nodes()) {
        Node n = r.now(old);
        boolean output = n.outputs().stream().anyMatch(graph.outputs()::contains);
        if (!constant(n) || output) {
          r.add(n);
        } else {
          String where = graph.name() + ": " + n.label();
          CandelaException.at(where, () -> compute(n, cpu)).forEach(r::replace);
        }
      }
    }
    return r.finish();
  }

  /** The last of some nodes' outputs, as a constant; they depend on constants only. */
  static Value compute(List<Node> nodes) {
    Map<Value, Integer> readers = new IdentityHashMap<>();
    nodes.forEach(n -> n.inputs().forEach(v -> readers.merge(v, 1, Integer::sum)));
    Map<Value, Value> known = new IdentityHashMap<>();
    try (Device cpu = Devices.open("cpu", 0)) {
      for (Node n : nodes) {
        List<Value> inputs = n.inputs().stream().map(v -> known.getOrDefault(v, v)).toList();
        known.putAll(compute(new Node(n.name(), n.op(), inputs, n.outputs()), cpu));
        n.inputs().stream()
            .filter(v -> readers.merge(v, -1, Integer::sum) == 0)
            .forEach(known::remove);
      }
    }
    return known.get(nodes.getLast().output());
  }

  static Map<Value, Value> compute(Node n, Device cpu) {
    Map<Value, Value> computed = new IdentityHashMap<>();
    try (var constants = new Constants(cpu);
        var eager = new Eager(n, cpu, tensors(n, constants))) {
      List<Tensor> outputs = eager.run();
      for (int i = 0; i < outputs.size(); i++) {
        Value y = n.outputs().get(i);
        OnnxTensor t = OnnxTensor.of(y.name(), y.shape(), cpu.read(outputs.get(i)));
        computed.put(y, Value.constant(y.name(), t));
      }
    }
    return computed;
  }

  private static List<Tensor> tensors(Node n, Constants constants) {
    return n.inputs().stream().map(v -> v == null ? null : constants.of(v.constant())).toList();
  }
}
