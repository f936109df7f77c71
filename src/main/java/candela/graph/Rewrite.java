package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * The working copy of a graph that a pass rewrites: node list, replaced values, where named values
 * went.
 */
final class Rewrite {
  private static final Elementwise MINUS = new Elementwise(Unary.LINEAR, -1, 0);

  private final Graph from;
  private final Map<Value, Value> replaced = new IdentityHashMap<>();
  private final Map<String, Graph.Place> named;
  private final List<Node> nodes = new ArrayList<>();

  Rewrite(Graph from) {
    this.from = from;
    this.named = new HashMap<>(from.named());
  }

  /** The value that stands for v by now. */
  Value now(Value v) {
    Value last = v;
    for (Value r = replaced.get(v); r != null; r = replaced.get(r)) {
      last = r;
    }
    if (last != v) {
      replaced.put(v, last); // chains of thousands are walked once
    }
    return last;
  }

  /** The node with its inputs brought up to date. */
  Node now(Node n) {
    List<Value> inputs = new ArrayList<>(n.inputs().size());
    boolean same = true;
    for (Value v : n.inputs()) {
      Value w = v == null ? null : now(v);
      same &= w == v;
      inputs.add(w);
    }
    return same ? n : new Node(n.name(), n.op(), inputs, n.outputs());
  }

  void add(Node n) {
    nodes.add(n);
  }

  /** From here on, by stands for v. */
  void replace(Value v, Value by) {
    replaced.put(v, by);
  }

  /** The model's value v is held by another one, transposed by perm. */
  void moved(Value v, Value to, int[] perm) {
    named.computeIfPresent(
        v.name(), (name, p) -> p.value() == v && p.perm() == null ? new Graph.Place(to, perm) : p);
  }

  Graph finish() {
    List<Value> outputs = from.outputs().stream().map(this::now).toList();
    named.replaceAll((name, p) -> new Graph.Place(now(p.value()), p.perm()));
    return new Graph(from.name(), from.inputs(), outputs, nodes, named);
  }

  /**
   * The graph with what a node and those before it are one operator for, as a pass recognises it.
   *
   * @param by what stands for a node, empty where that is the node itself; told who computes each
   *     value but for kept ones: nothing that contains one is one operator, as its readers would
   *     pass it by
   */
  static Graph recognise(
      Graph graph, Set<String> keep, BiFunction<Node, Map<Value, Node>, List<Node>> by) {
    Map<Value, Node> producers = producers(graph);
    producers.keySet().removeAll(held(graph, keep));
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      List<Node> found = by.apply(n, producers);
      (found.isEmpty() ? List.of(n) : found).forEach(r::add);
    }
    return r.finish();
  }

  /** The node where it is of that kind, else null. */
  static Node binary(Node n, Binary kind) {
    return n != null && n.op() instanceof BinaryOp b && b.kind() == kind ? n : null;
  }

  /** The node where it is of that kind, else null. */
  static Node elementwise(Node n, Unary kind) {
    return n != null && n.op() instanceof Elementwise e && e.kind() == kind ? n : null;
  }

  /** The x that n is 1 / x of, else null. */
  static Value reciprocal(Node n) {
    if (binary(n, Binary.DIV) != null && isOne(n.input(0))) {
      return n.input(1).shape().equals(n.output().shape()) ? n.input(1) : null;
    }
    return elementwise(n, Unary.RECIPROCAL) == null ? null : n.input(0);
  }

  private static boolean isOne(Value v) {
    return v.isNumber() && v.constant().floats()[0] == 1;
  }

  /** The x that n is -x of, written as a product or not, else null. */
  static Value negated(Node n) {
    boolean product = n != null && n.op() instanceof Elementwise e && e.equals(MINUS);
    return product || elementwise(n, Unary.NEG) != null ? n.input(0) : null;
  }

  /** How often each value is read, graph outputs and the values in keep counted in. */
  static Map<Value, Integer> uses(Graph g, Set<Value> keep) {
    Map<Value, Integer> uses = new IdentityHashMap<>();
    for (Node n : g.nodes()) {
      for (Value v : n.inputs()) {
        uses.merge(v, 1, Integer::sum);
      }
    }
    g.outputs().forEach(v -> uses.merge(v, 1, Integer::sum));
    keep.forEach(v -> uses.merge(v, 1, Integer::sum));
    return uses;
  }

  static Map<Value, Node> producers(Graph g) {
    Map<Value, Node> producers = new IdentityHashMap<>();
    for (Node n : g.nodes()) {
      n.outputs().forEach(v -> producers.put(v, n));
    }
    return producers;
  }

  /** The nodes that read each value that is read, in their order, once for each input. */
  static Map<Value, List<Node>> readers(Graph g) {
    Map<Value, List<Node>> readers = new IdentityHashMap<>();
    for (Node n : g.nodes()) {
      n.inputs().forEach(v -> readers.computeIfAbsent(v, k -> new ArrayList<>()).add(n));
    }
    return readers;
  }

  /**
   * The values that hold the model's values of these names; unknown names are left to the session.
   */
  static Set<Value> held(Graph g, Set<String> names) {
    Set<Value> values = new HashSet<>();
    for (String name : names) {
      Graph.Place p = g.named().get(name);
      if (p != null) {
        values.add(p.value());
      }
    }
    return values;
  }
}
