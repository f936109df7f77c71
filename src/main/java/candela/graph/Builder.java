package candela.graph;

import candela.device.Unary;
import candela.graph.op.ArgReduce;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.Reshape;
import candela.graph.op.Top;
import candela.graph.op.Where;
import candela.onnx.ElementType;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The graph while it is imported: nodes so far, and the value of every ONNX name. */
final class Builder {
  /**
   * Nodes of a graph: twenty times what the largest classifiers have. Planning grows with the
   * square.
   */
  private static final int MOST_NODES = 20_000;

  private final String name;
  private final int opset;
  private final int batch;
  private final Batching batching;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Value> values = new HashMap<>();
  private final Set<Value> bound = new HashSet<>();
  private final Map<String, String> refused = new HashMap<>();
  private final Set<String> apart = new HashSet<>();

  /** Of values at run time, where the model tells it. */
  private final Map<Value, ElementType> types = new HashMap<>();

  private final Elements elements;

  /** How many values each node made, by its name. */
  private final Map<String, Integer> made = new HashMap<>();

  private Norms norms = Norms.FOLDED;
  private Map<String, OnnxTensor> parameters = Map.of();

  /** What a batch normalisation becomes. */
  enum Norms {
    /** A scale and a shift, for inference. */
    FOLDED,
    /** With the statistics of the batch. */
    TRAINING,
    /** With the running statistics, as parameters. */
    RUNNING
  }

  /**
   * @param made the graph in the batch that the file was made for; null where that is this one, or
   *     open
   * @param elements of the constants that it makes
   */
  Builder(String name, int opset, int batch, Builder made, Elements elements) {
    this.name = name;
    this.opset = opset;
    this.batch = batch;
    this.elements = elements;
    batching = made == null ? null : new Batching(made, batch);
  }

  Norms norms() {
    return norms;
  }

  /** For training: what reads a float initialiser is never computed ahead. */
  void training(Norms norms, Map<String, OnnxTensor> initialisers) {
    this.norms = norms;
    this.parameters = initialisers;
  }

  private boolean isParameter(Value v) {
    return v.isConstant() && !v.integer() && parameters.get(v.name()) == v.constant();
  }

  int opset() {
    return opset;
  }

  int batch() {
    return batch;
  }

  /** How to read what the file holds for another batch; null where it was made for this one. */
  Batching batching() {
    return batching;
  }

  /** The value of an ONNX name; role says in messages what it is wanted for. */
  Value value(String role, String name) {
    Value v = values.get(name);
    if (v == null) {
      String why = refused.getOrDefault(name, "it is never computed");
      throw CandelaException.of("%s '%s' cannot be had: %s", role, name, why);
    }
    return v;
  }

  /** Null where there is none. */
  Value find(String name) {
    return values.get(name);
  }

  /** Says why the value of an ONNX name will not be there. */
  void refuse(String name, String why) {
    refused.put(name, why);
  }

  /** Tells that the node which gives this reads, for each image, what is that image's alone. */
  void keepApart(String output) {
    apart.add(output);
  }

  /** Whether that was told. */
  boolean isApart(String output) {
    return apart.contains(output);
  }

  void bind(String name, Value v) {
    values.put(name, v);
    bound.add(v);
  }

  /** Says which type the model gives v. */
  void tell(Value v, ElementType type) {
    types.put(v, type);
  }

  /** Which type v has in the model, as far as inputs, casts and constants tell; else null. */
  ElementType type(Value v) {
    if (v.isConstant()) {
      return v.constant().type();
    }
    ElementType told = types.get(v);
    Node n = told == null ? producer(v) : null;
    return n != null && Fold.moves(n.op()) ? type(n.input(0)) : told;
  }

  /** Counts elements of constants before they are made, or read to make others. */
  void make(long count) {
    elements.make(count);
  }

  /** Appends a node, or computes it where all inputs are small constants. */
  Value add(String node, Op op, List<Value> inputs) {
    Shape shape = op.shapes(inputs).get(0);
    String y = node + "@" + made.merge(node, 1, Integer::sum);
    boolean integer = integer(op, inputs);
    if (inputs.stream().allMatch(Value::isConstant)
        && inputs.stream().noneMatch(this::isParameter)) {
      if (shape.count() <= Fold.most(integer)) {
        make(shape.count() + inputs.stream().mapToLong(v -> v.shape().count()).sum());
      }
      OnnxTensor folded = Fold.run(y, op, inputs, shape, integer);
      if (folded != null) {
        return Value.constant(y, folded);
      }
      if (integer) {
        throw CandelaException.of(
            "integer constants give %d elements; supported is shape arithmetic on at most %d",
            shape.count(), Fold.LARGEST);
      }
    }
    if (nodes.size() == MOST_NODES) {
      throw CandelaException.of("the graph has more than %d nodes; use a smaller one", MOST_NODES);
    }
    Value v = Value.of(y, shape, integer);
    nodes.add(new Node(node, op, inputs, v));
    return v;
  }

  /** The node that computes v; null when none does. */
  Node producer(Value v) {
    for (Node n : nodes.reversed()) {
      if (n.outputs().contains(v)) {
        return n;
      }
    }
    return null;
  }

  /** v as a constant where all that it depends on is constant, else v itself. */
  Value known(Value v) {
    return known(v, false);
  }

  /** As {@link #known}, with weights as they are now: to look at, not to read in their place. */
  Value present(Value v) {
    return known(v, true);
  }

  private Value known(Value v, boolean weights) {
    Set<Value> open = new HashSet<>(Set.of(v));
    List<Node> needed = new ArrayList<>();
    boolean fixed = true;
    for (int i = nodes.size() - 1; i >= 0 && fixed && !v.isConstant(); i--) {
      Node n = nodes.get(i);
      if (open.remove(n.output())) {
        needed.add(n);
        n.inputs().stream().filter(x -> !x.isConstant()).forEach(open::add);
        fixed =
            !n.output().integer() && (weights || n.inputs().stream().noneMatch(this::isParameter));
      }
    }
    if (v.isConstant() || !fixed || !open.isEmpty()) {
      return v;
    }
    needed.forEach(n -> make(n.output().shape().count()));
    return FoldConstants.compute(needed.reversed());
  }

  /** Gives v the ONNX name; a node made just now is changed to write under that name. */
  void name(String onnx, Value v, int from) {
    for (int i = nodes.size() - 1; i >= from; i--) {
      Node n = nodes.get(i);
      if (n.output() == v && !isRead(v, i)) {
        Value renamed = Value.of(onnx, v.shape(), v.integer());
        nodes.set(i, new Node(n.name(), n.op(), n.inputs(), renamed));
        tell(renamed, types.remove(v));
        bind(onnx, renamed);
        return;
      }
    }
    if (v.isConstant()) {
      bind(onnx, Value.constant(onnx, v.constant()));
      return;
    }
    // A value of another name: outputs are found by theirs.
    Value alias = Value.of(onnx, v.shape(), v.integer());
    nodes.add(new Node(onnx, new Reshape(v.shape()), List.of(v), alias));
    bind(onnx, alias);
  }

  private boolean isRead(Value v, int from) {
    return bound.contains(v)
        || nodes.subList(from, nodes.size()).stream().anyMatch(n -> n.inputs().contains(v));
  }

  int size() {
    return nodes.size();
  }

  private static boolean integer(Op op, List<Value> inputs) {
    return switch (op) {
      case BinaryOp b when !b.kind().differentiable() -> true;
      case BinaryOp b -> inputs.get(0).integer() && inputs.get(1).integer();
      case Elementwise e when e.kind() == Unary.LINEAR -> false;
      case Elementwise e
          when e.kind() == Unary.TRUNCATE || e.kind() == Unary.BOOLEAN || e.kind() == Unary.NOT ->
          true;
      case ArgReduce a -> true;
      case Top t -> true;
      case Where w -> inputs.get(1).integer();
      default -> inputs.get(0).integer();
    };
  }

  Graph graph(List<Value> inputs, List<Value> outputs) {
    Map<String, Graph.Place> named = new HashMap<>();
    Set<Value> present = new HashSet<>(inputs);
    nodes.forEach(n -> present.addAll(n.outputs()));
    values.forEach(
        (n, v) -> {
          if (present.contains(v)) {
            named.put(n, new Graph.Place(v, null));
          }
        });
    return new Graph(name, inputs, outputs, nodes, named);
  }
}
