package candela.graph;

import candela.graph.op.Convert;
import candela.tensor.Storage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which values a session holds in 16 bits: those between convolutions, and between what follows
 * them and can do so, as the operators themselves say ({@link Op#width}). Everything else stays
 * float32, with a {@link Convert} where the two meet; so do the inputs and outputs of the graph,
 * the logits, and every value that is read by name, each with its gradient.
 */
final class Narrow {
  private final Storage storage;
  private final Set<Value> pinned;
  private final List<Node> nodes = new ArrayList<>();

  /** The values of the graph that are there in 16 bits, and what holds them. */
  private final Map<Value, Value> narrow = new IdentityHashMap<>();

  /** Those that are there in float32. */
  private final Set<Value> whole = new HashSet<>();

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
      case SIXTEEN -> true;
    };
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
