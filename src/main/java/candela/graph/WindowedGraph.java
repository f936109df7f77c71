package candela.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph for images that differ from one image in a window each: its first nodes compute what the
 * window may change and no more, and take the rest from what they gave for the image without
 * windows. Every pixel is the sum that it is without all this, in the same order.
 *
 * <p>Incremental inference of Nakandala, Kumar and Papakonstantinou 2019, "Incremental and
 * approximate inference for faster occlusion-based deep CNN explanations" (SIGMOD), with the window
 * followed from node to node.
 */
final class WindowedGraph {
  /** What an element costs that is moved, in multiply-adds. */
  private static final long MOVED = 16;

  /** The share of the whole graph's cost that must be saved: a session of its own takes memory. */
  private static final double LEAST = 0.1;

  private final Graph graph;
  private final WindowedNodes windowed;

  /** Of the values that later nodes read: their whole maps in the new graph, in order. */
  private final Map<Value, Value> pasted = new IdentityHashMap<>();

  private final List<Value> ends = new ArrayList<>();

  /** Multiply-adds saved up to each node; as many nodes are followed. */
  private final List<Long> saved = new ArrayList<>();

  private WindowedGraph(Graph graph, int tall, int wide, int limit) {
    this.graph = graph;
    windowed = new WindowedNodes(graph.input(), tall, wide);
    for (Node n : graph.nodes().subList(0, limit)) {
      int before = windowed.nodes.size();
      if (!windowed.follow(n)) {
        return;
      }
      List<Node> now = windowed.nodes.subList(before, windowed.nodes.size());
      long cost = now.stream().mapToLong(WindowedGraph::cost).sum();
      saved.add((saved.isEmpty() ? 0 : saved.getLast()) + cost(n) - cost);
    }
  }

  /**
   * @param tall height of the largest window
   * @param wide its width
   * @return null where too little is saved
   */
  static WindowedGraph of(Graph graph, int tall, int wide) {
    if (graph.input().shape().rank() != 4) {
      return null;
    }
    int best = new WindowedGraph(graph, tall, wide, graph.nodes().size()).best();
    if (best == 0) {
      return null;
    }
    WindowedGraph some = new WindowedGraph(graph, tall, wide, best);
    for (Value v : some.ends(best)) {
      some.ends.add(v);
      some.pasted.put(v, some.windowed.whole(v));
    }
    return some;
  }

  /** The whole graph. Inputs: the images, {@link #corner}, a {@link #base} for each value. */
  Graph graph() {
    List<Node> all = new ArrayList<>(windowed.nodes);
    for (Node n : graph.nodes().subList(followed(), graph.nodes().size())) {
      List<Value> inputs = new ArrayList<>();
      n.inputs().forEach(v -> inputs.add(v == null ? null : pasted.getOrDefault(v, v)));
      all.add(new Node(n.name(), n.op(), inputs, n.outputs()));
    }
    return graph(all, graph.outputs().stream().map(v -> pasted.getOrDefault(v, v)).toList());
  }

  /** The nodes that differ from the original's. Outputs: the whole maps of {@link #ends}. */
  Graph changed() {
    return graph(windowed.nodes, ends.stream().map(pasted::get).toList());
  }

  /**
   * The original's first nodes, which are changed, in another batch's graph. Outputs: {@link
   * #ends}, then what else is {@link #based}.
   */
  Graph original(Graph same) {
    Set<Value> outputs = new LinkedHashSet<>();
    ends.forEach(v -> outputs.add(at(v, same)));
    based().forEach(v -> outputs.add(at(v, same)));
    List<Node> first = same.nodes().subList(0, followed());
    Graph of = new Graph(same.name(), same.inputs(), List.copyOf(outputs), first, Map.of());
    return new DeadCode().apply(of, Set.of());
  }

  /** What the window ends in: values of the original that later nodes read whole. */
  List<Value> ends() {
    return ends;
  }

  /** Values of the original whose maps without windows are inputs. */
  List<Value> based() {
    return windowed.based;
  }

  /** [1,…]: the input that holds the map of one of {@link #based}. */
  Value base(Value v) {
    return windowed.bases.get(v);
  }

  /** [N,2] int32: top and left of each row's window. */
  Value corner() {
    return windowed.corner;
  }

  /** The value of another batch's graph that stands where v does. */
  Value at(Value v, Graph same) {
    for (int i = 0; i < graph.nodes().size(); i++) {
      int k = graph.nodes().get(i).outputs().indexOf(v);
      if (k >= 0) {
        return same.nodes().get(i).outputs().get(k);
      }
    }
    throw new IllegalArgumentException(v + " is computed by no node");
  }

  /** Whether another batch's graph begins with the same nodes. */
  boolean isLike(Graph same) {
    if (same.nodes().size() < followed()) {
      return false;
    }
    for (int i = 0; i < followed(); i++) {
      Node a = graph.nodes().get(i);
      Node b = same.nodes().get(i);
      int batch = b.output().shape().rank() == 0 ? 0 : b.output().shape().dim(0);
      boolean like = a.name().equals(b.name()) && a.op().type().equals(b.op().type());
      if (!like || !a.output().shape().with(0, batch).equals(b.output().shape())) {
        return false;
      }
    }
    return true;
  }

  private Graph graph(List<Node> nodes, List<Value> outputs) {
    List<Value> inputs = new ArrayList<>(List.of(graph.input(), corner()));
    based().forEach(v -> inputs.add(base(v)));
    return new Graph(graph.name(), inputs, outputs, nodes, Map.of());
  }

  private int followed() {
    return saved.size();
  }

  private static long cost(Node n) {
    return n.op().flops(n) + MOVED * n.output().shape().count();
  }

  /** So many nodes save the most, whole maps at their end counted in; 0 where it is too little. */
  private int best() {
    long most = (long) (LEAST * graph.nodes().stream().mapToLong(WindowedGraph::cost).sum());
    int best = 0;
    for (int k = 1; k <= followed(); k++) {
      long cost = ends(k).stream().mapToLong(v -> MOVED * v.shape().count()).sum();
      if (saved.get(k - 1) - cost > most) {
        most = saved.get(k - 1) - cost;
        best = k;
      }
    }
    return best;
  }

  /** What is read of the first nodes behind them. */
  private Set<Value> ends(int first) {
    Set<Value> made = Collections.newSetFromMap(new IdentityHashMap<>());
    graph.nodes().subList(0, first).forEach(n -> made.addAll(n.outputs()));
    Set<Value> ends = new LinkedHashSet<>();
    for (Node n : graph.nodes().subList(first, graph.nodes().size())) {
      n.inputs().stream().filter(made::contains).forEach(ends::add);
    }
    graph.outputs().stream().filter(made::contains).forEach(ends::add);
    return ends;
  }
}
