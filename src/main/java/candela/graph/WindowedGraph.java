package candela.graph;

import candela.graph.op.Conv;
import candela.graph.op.ConvConcat;
import candela.graph.op.Patch;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
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
  /**
   * Where convolutions filter minimally, they do on 2 × 2 pixels at a time, from 32 of these on.
   */
  private static final int TILE = 2;

  private static final int LEAST = 12;

  /** What an element costs that is moved, in multiply-adds. */
  private static final long MOVED = 16;

  /** The share of a map above which it is computed as a whole. */
  private static final double MOST = 0.8;

  private final Graph graph;
  private final int[] window;
  private final Value corner;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<Value, Held> held = new IdentityHashMap<>();

  /** Of values of the graph: the map of the image without windows. */
  private final Map<Value, Value> bases = new IdentityHashMap<>();

  /** The values of bases, in their order. */
  private final List<Value> based = new ArrayList<>();

  private final Map<Value, Value> pasted = new IdentityHashMap<>();

  /** Multiply-adds saved up to each node; as many nodes are followed. */
  private final List<Long> saved = new ArrayList<>();

  /**
   * What there is of a value.
   *
   * @param value its pixels, in the new graph
   * @param axis that of the height
   */
  private record Held(Value value, Extent down, Extent across, int axis) {
    Extent side(int axis) {
      return axis == 0 ? down : across;
    }
  }

  private WindowedGraph(Graph graph, int tall, int wide) {
    this.graph = graph;
    window = new int[] {tall, wide};
    Value x = graph.input();
    corner = Value.of("corner", Shape.of(x.shape().dim(0), 2), true);
    held.put(x, new Held(x, Extent.image(x.shape().dim(2)), Extent.image(x.shape().dim(3)), 2));
  }

  /**
   * @param tall height of the largest window
   * @param wide its width
   * @return null where nothing is saved
   */
  static WindowedGraph of(Graph graph, int tall, int wide) {
    if (graph.input().shape().rank() != 4) {
      return null;
    }
    WindowedGraph all = new WindowedGraph(graph, tall, wide);
    all.follow(graph.nodes().size());
    int best = all.best();
    if (best == 0) {
      return null;
    }
    WindowedGraph some = new WindowedGraph(graph, tall, wide);
    some.follow(best);
    some.paste(best);
    return some;
  }

  /** The whole graph. Inputs: the images, {@link #corner}, {@link #bases}. */
  Graph graph() {
    List<Node> all = new ArrayList<>(nodes);
    for (Node n : graph.nodes().subList(followed(), graph.nodes().size())) {
      List<Value> inputs = new ArrayList<>();
      n.inputs().forEach(v -> inputs.add(v == null ? null : pasted.getOrDefault(v, v)));
      all.add(new Node(n.name(), n.op(), inputs, n.outputs()));
    }
    return graph(all, graph.outputs().stream().map(v -> pasted.getOrDefault(v, v)).toList());
  }

  /** The nodes that differ from the original's, with the whole maps that they end in. */
  Graph changed() {
    return graph(nodes, ends().stream().map(pasted::get).toList());
  }

  /**
   * The original's first nodes, which are changed, in another batch's graph. Outputs: {@link
   * #ends}, then what else is {@link #based}.
   */
  Graph original(Graph same) {
    List<Value> outputs = new ArrayList<>(ends().stream().map(v -> at(v, same)).toList());
    for (Value v : based) {
      if (!pasted.containsKey(v)) {
        outputs.add(at(v, same));
      }
    }
    Graph first =
        new Graph(
            same.name(), same.inputs(), outputs, same.nodes().subList(0, followed()), Map.of());
    return new DeadCode().apply(first, Set.of());
  }

  /** What the window ends in: values of the original that later nodes read whole. */
  List<Value> ends() {
    return graph.nodes().subList(0, followed()).stream()
        .flatMap(n -> n.outputs().stream())
        .filter(pasted::containsKey)
        .toList();
  }

  /** Values of the original whose maps without windows are inputs. */
  List<Value> based() {
    return based;
  }

  /** [N,2] int32: top and left of each row's window. */
  Value corner() {
    return corner;
  }

  /** [1,…]: the input that holds the map of one of {@link #based}. */
  Value base(Value v) {
    return bases.get(v);
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

  /** Whether another batch's graph has the same nodes. */
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
    List<Value> inputs = new ArrayList<>();
    inputs.add(graph.input());
    inputs.add(corner);
    based.forEach(v -> inputs.add(bases.get(v)));
    return new Graph(graph.name(), inputs, outputs, nodes, Map.of());
  }

  private int followed() {
    return saved.size();
  }

  private void follow(int limit) {
    for (Node n : graph.nodes().subList(0, limit)) {
      int before = nodes.size();
      if (!follow(n)) {
        return;
      }
      long cost = nodes.subList(before, nodes.size()).stream().mapToLong(this::cost).sum();
      saved.add((saved.isEmpty() ? 0 : saved.getLast()) + cost(n) - cost);
    }
  }

  private long cost(Node n) {
    return n.op().flops(n) + MOVED * n.output().shape().count();
  }

  /** So many nodes save the most, whole maps at their end counted in. */
  private int best() {
    long most = 0;
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

  private void paste(int first) {
    for (Value v : ends(first)) {
      Held h = held.get(v);
      Extent[] whole = {h.down().whole(v.shape().dim(h.axis())), null};
      whole[1] = h.across().whole(v.shape().dim(h.axis() + 1));
      pasted.put(v, patch(v, whole, 0));
    }
  }

  /**
   * Adds what computes the pixels of n's output that a window may change; false where it cannot.
   */
  private boolean follow(Node n) {
    if (n.outputs().size() != 1 || n.output().shape().rank() != 4) {
      return false;
    }
    int axis = -1;
    Reach[] reach = new Reach[n.inputs().size()];
    for (int i = 0; i < reach.length; i++) {
      Value v = n.input(i);
      if (v != null && !v.isConstant()) {
        Held h = held.get(v);
        reach[i] = h == null ? null : reach(n, i, h.axis());
        if (reach[i] == null || (axis >= 0 && axis != h.axis())) {
          return false;
        }
        axis = h.axis();
      }
    }
    if (axis < 0) {
      return false;
    }
    int out = n.op() instanceof Transpose t ? axisOf(t, axis) : axis;
    Extent[] inherited = inherited(n, reach);
    Extent[] sides = inherited == null ? changed(n, reach) : inherited;
    if (sides == null) {
      return false;
    }
    Shape y = n.output().shape();
    long all = (long) y.dim(out) * y.dim(out + 1);
    if ((long) sides[0].size() * sides[1].size() > MOST * all) {
      return false;
    }
    List<Value> inputs = new ArrayList<>();
    for (int i = 0; i < reach.length; i++) {
      Value v = n.input(i);
      boolean image = v != null && !v.isConstant();
      inputs.add(image ? patch(v, before(sides, reach[i]), reach[i].outside()) : v);
    }
    add(n, inputs, sides, out);
    return true;
  }

  private void add(Node n, List<Value> inputs, Extent[] sides, int axis) {
    Op op = n.op().cropped(sides[0].size(), sides[1].size());
    Value y = Value.of(n.output().name(), op.shapes(inputs).get(0), false);
    nodes.add(new Node(n.name(), op, inputs, y));
    held.put(n.output(), new Held(y, sides[0], sides[1], axis));
  }

  private static Reach reach(Node n, int i, int axis) {
    if (n.op() instanceof Transpose t) {
      return t.perm()[0] == 0 && axisOf(t, axis) > 0 ? Reach.PIXEL : null;
    }
    return n.op().reach(n, i, axis);
  }

  /** Where the height goes; -1 where the width does not follow it. */
  private static int axisOf(Transpose t, int axis) {
    for (int k = 1; k + 1 < t.perm().length; k++) {
      if (t.perm()[k] == axis && t.perm()[k + 1] == axis + 1) {
        return k;
      }
    }
    return -1;
  }

  /** The pixels that all inputs hold, where that is what n's output is made of; else null. */
  private Extent[] inherited(Node n, Reach[] reach) {
    Held first = null;
    for (int i = 0; i < reach.length; i++) {
      if (reach[i] == null) {
        continue;
      }
      Held h = held.get(n.input(i));
      boolean same =
          first == null
              || (h.down().holdsSame(first.down()) && h.across().holdsSame(first.across()));
      if (!reach[i].isPixel() || !same || h.down().isWhole() || h.across().isWhole()) {
        return null;
      }
      first = h;
    }
    return new Extent[] {first.down(), first.across()};
  }

  /** The pixels of n's output that a window may change; null where its inputs do not fit. */
  private Extent[] changed(Node n, Reach[] reach) {
    boolean minimal = false;
    Extent[] sides = new Extent[2];
    for (int i = 0; i < reach.length; i++) {
      if (reach[i] == null) {
        continue;
      }
      for (int a = 0; a < 2; a++) {
        Extent behind = held.get(n.input(i)).side(a).behind(reach[i], a);
        sides[a] = sides[a] == null ? behind : sides[a].and(behind);
        if (sides[a] == null) {
          return null;
        }
      }
      minimal |= filtersMinimally(n.op(), reach[i]);
    }
    for (int a = 0; a < 2; a++) {
      sides[a] = sides[a].changed(window[a], minimal ? TILE : 1, minimal ? LEAST : 1);
    }
    return sides;
  }

  private static boolean filtersMinimally(Op op, Reach r) {
    boolean three = r.size()[0] == 3 && r.size()[1] == 3;
    boolean dense = r.strides()[0] == 1 && r.strides()[1] == 1;
    return (op instanceof Conv || op instanceof ConvConcat) && three && dense;
  }

  private static Extent[] before(Extent[] sides, Reach reach) {
    return new Extent[] {sides[0].before(reach, 0), sides[1].before(reach, 1)};
  }

  /** These pixels of v, in the new graph. */
  private Value patch(Value v, Extent[] to, float outside) {
    Held h = held.get(v);
    if (h.down().holdsSame(to[0]) && h.across().holdsSame(to[1])) {
      return h.value();
    }
    List<Value> inputs = new ArrayList<>(List.of(h.value(), corner));
    if (!h.down().isWhole() || !h.across().isWhole()) {
      inputs.add(bases.computeIfAbsent(v, this::input));
    }
    Patch op =
        new Patch(
            ints(h.down(), h.across()),
            ints(to[0], to[1]),
            v.shape().dim(h.axis()),
            v.shape().dim(h.axis() + 1),
            h.axis() == 2,
            outside);
    Value y = Value.of(v.name(), op.shapes(inputs).get(0), false);
    nodes.add(new Node(v.name(), op, inputs, y));
    return y;
  }

  private Value input(Value v) {
    based.add(v);
    return Value.of("base of " + v.name(), v.shape().with(0, 1), false);
  }

  private static int[] ints(Extent down, Extent across) {
    int[] both = new int[12];
    System.arraycopy(down.ints(), 0, both, 0, 6);
    System.arraycopy(across.ints(), 0, both, 6, 6);
    return both;
  }
}
