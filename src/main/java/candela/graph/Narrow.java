package candela.graph;

import candela.graph.op.Convert;
import candela.tensor.Storage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Which values a session holds in 16 bits: those between convolutions, and between what follows
 * them and can do so, as the operators themselves say ({@link Op#width}), unless conversions would
 * take what that saves. Everything else stays float32, with a {@link Convert} where the two meet;
 * so do the inputs and outputs of the graph, the logits, and every value that is read by name, each
 * with its gradient.
 */
final class Narrow {
  /**
   * Operations that a card does in the time of one byte of memory: an H100 some 400 TFLOP/s in TF32
   * at 3 TB/s, twice as many in 16 bits.
   */
  private static final double OPERATIONS_A_BYTE = 240;

  /** Bytes that are saved for an element that is read or written in 16 bits. */
  private static final int SAVED = 2;

  /** Bytes that it costs instead where it is converted before or after. */
  private static final int LOST = 4;

  private final Storage storage;
  private final Set<Value> pinned;
  private final List<Node> nodes = new ArrayList<>();

  /** The values of the graph that are there in 16 bits, and what holds them. */
  private final Map<Value, Value> narrow = new IdentityHashMap<>();

  /** Those that are there in float32. */
  private final Set<Value> whole = new HashSet<>();

  /** How many nodes read each that could do so in 16 bits. */
  private final Map<Value, Integer> welcome = new IdentityHashMap<>();

  private Narrow(Storage storage, Set<Value> pinned) {
    this.storage = storage;
    this.pinned = pinned;
  }

  /**
   * The graph with its conversions; itself where all is float32.
   *
   * @param pinned values that stay what they are, outputs among them
   */
  static Graph of(Graph graph, Storage storage, Set<Value> pinned) {
    if (storage == Storage.FLOAT32) {
      return graph;
    }
    Narrow pass = new Narrow(storage, pinned);
    pass.whole.addAll(graph.inputs());
    graph.nodes().stream()
        .filter(n -> n.op().width(n) != Op.Width.FLOAT32)
        .flatMap(n -> n.inputs().stream().filter(Objects::nonNull).distinct())
        .forEach(v -> pass.welcome.merge(v, 1, Integer::sum));
    graph.nodes().forEach(pass::add);
    return new Graph(graph.name(), graph.inputs(), graph.outputs(), pass.nodes, graph.named());
  }

  private void add(Node n) {
    boolean sixteen = isNarrow(n);
    List<Value> inputs = new ArrayList<>();
    for (Value v : n.inputs()) {
      inputs.add(v == null || v.isConstant() ? v : sixteen ? narrowed(v) : wholly(v));
    }
    List<Value> outputs = new ArrayList<>();
    for (Value y : n.outputs()) {
      outputs.add(sixteen ? y.in(storage) : y);
      if (sixteen) {
        narrow.put(y, outputs.getLast());
      } else {
        whole.add(y);
      }
    }
    nodes.add(new Node(n.name(), n.op(), inputs, outputs));
    for (Value y : n.outputs()) {
      if (sixteen && pinned.contains(y)) {
        wholly(y);
        narrow.remove(y); // what is read by name has a gradient of its own: all goes through it
      }
    }
  }

  private boolean isNarrow(Node n) {
    return switch (n.op().width(n)) {
      case FLOAT32 -> false;
      case AS_INPUT -> n.inputs().stream().anyMatch(narrow::containsKey);
      case SIXTEEN -> pays(n);
    };
  }

  /** Not where little is computed with what has to be converted. */
  private boolean pays(Node n) {
    double bytes = n.op().flops(n) / OPERATIONS_A_BYTE;
    for (Value v : new HashSet<>(n.inputs())) {
      if (v != null && !v.isConstant()) {
        // One conversion serves all that read it.
        double each = narrow.containsKey(v) ? SAVED : -LOST / (double) welcome.get(v);
        bytes += each * v.shape().count();
      }
    }
    for (Value y : n.outputs()) {
      boolean read = welcome.containsKey(y) && !pinned.contains(y);
      bytes += (double) (read ? SAVED : -LOST) * y.shape().count();
    }
    return bytes > 0;
  }

  private Value narrowed(Value v) {
    Value there = narrow.get(v);
    if (there == null) {
      there = v.in(storage);
      narrow.put(v, there);
      nodes.add(new Node(v.name() + "@" + storage, new Convert(), List.of(v), there));
    }
    return there;
  }

  private Value wholly(Value v) {
    if (whole.add(v) && narrow.containsKey(v)) {
      nodes.add(new Node(v.name() + "@float32", new Convert(), List.of(narrow.get(v)), v));
    }
    return v;
  }
}
