package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts plain nodes in place of what constants and shapes decide: the branch of an If that is taken,
 * the body of a loop as often as it runs, the members of a sequence. Exporters write them where
 * code asks for the length of an axis that a file leaves open.
 */
final class ControlFlow {
  /**
   * Nodes, values, and every 64 letters of a name, that may come of a file's bodies: as many as the
   * largest graph has. A file of a few hundred bytes may ask for any number.
   */
  private static final int MOST = 100_000;

  static final Set<String> DECIDED = Set.of("If", "Loop", "Scan");

  private final OnnxModel model;
  private final Decisions decisions;
  private final Map<String, OnnxTensor> initialisers;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Set<String> taken;
  private final Scope outside = new Scope(null, "");
  private final Loops loops;
  private final Sequences sequences;
  private long made;

  private ControlFlow(OnnxModel model) {
    this.model = model;
    decisions = new Decisions(model);
    loops = new Loops(this, decisions);
    sequences = new Sequences(this, decisions);
    initialisers = new LinkedHashMap<>(model.initialisers());
    taken = new HashSet<>(initialisers.keySet());
    model.inputs().forEach(v -> taken.add(v.name()));
    model.nodes().forEach(n -> taken.addAll(n.outputs()));
  }

  /**
   * The model without If, Loop, Scan and sequences.
   *
   * @throws CandelaException when what they do depends on the image, or what comes before them
   *     cannot be read
   */
  static OnnxModel decided(OnnxModel model) {
    if (model.nodes().stream().noneMatch(ControlFlow::isDecided)) {
      return model;
    }
    var flow = new ControlFlow(model);
    model.nodes().forEach(n -> flow.add(n, flow.outside));
    return model.with(flow.nodes, flow.initialisers);
  }

  private static boolean isDecided(OnnxNode n) {
    return n.domain().isEmpty()
        && (DECIDED.contains(n.op()) || Sequences.OPERATORS.contains(n.op()));
  }

  /** What the names of values mean in a body that is being put in place. */
  final class Scope {
    private final Scope around;
    private final String prefix;
    private final Map<String, String> names = new HashMap<>();

    /**
     * @param around null outside of all bodies, where names are the model's own
     * @param prefix of the names of nodes and values
     */
    private Scope(Scope around, String prefix) {
      this.around = around;
      this.prefix = prefix;
    }

    /** That of a body. */
    Scope inside(String prefix) {
      return new Scope(this, prefix);
    }

    boolean isOutside() {
      return around == null;
    }

    String of(String name) {
      String here = names.get(name);
      return here != null ? here : isOutside() ? name : around.of(name);
    }

    List<String> of(List<String> names) {
      return names.stream().map(this::of).toList();
    }

    /** Lets a name stand for a value that is there. */
    void alias(OnnxNode node, String name, String value) {
      if (!name.isEmpty() && names.put(name, value) != null) {
        throw decisions.fault(
            node, "'" + name + "' is defined twice in its body; export the model again");
      }
    }

    /** A new value of this name. */
    String define(OnnxNode node, String name) {
      if (isOutside() || name.isEmpty()) {
        return name;
      }
      String own = fresh(node, prefix + name);
      alias(node, name, own);
      return own;
    }
  }

  /** A name that no value has. */
  String fresh(OnnxNode node, String name) {
    count(node, 1 + name.length() / 64);
    String own = name;
    while (!taken.add(own)) {
      count(node, 1 + name.length() / 64);
      own = name + "_" + made;
    }
    return own;
  }

  /** Counts what a node makes. */
  void count(OnnxNode node, long parts) {
    made += parts;
    if (made > MOST) {
      throw decisions.fault(
          node,
          "control flow makes more than "
              + MOST
              + " nodes and values of the file; export the model with shorter loops");
    }
  }

  /** Adds a node of a body, or what comes in its place. */
  private void add(OnnxNode inner, Scope scope) {
    if (!scope.isOutside()) {
      int name = scope.prefix.length() + inner.name().length();
      count(inner, 1 + inner.inputs().size() + name / 64);
    }
    var node =
        new OnnxNode(
            scope.prefix + inner.name(),
            inner.op(),
            inner.domain(),
            scope.of(inner.inputs()),
            inner.outputs(),
            inner.attributes());
    switch (isDecided(node) ? node.op() : "") {
      case "If" -> either(node, scope);
      case "Loop" -> loops.loop(node, scope);
      case "Scan" -> loops.scan(node, scope);
      default -> {
        if (!sequences.take(node, scope)) {
          List<String> outputs = node.outputs().stream().map(y -> scope.define(node, y)).toList();
          plain(node, node.op(), node.inputs(), outputs, node.attributes());
        }
      }
    }
  }

  private void either(OnnxNode node, Scope scope) {
    boolean chosen = decisions.number(node, 0, "which branch is taken") != 0;
    OnnxAttribute.Graph branch = decisions.graph(node, chosen ? "then_branch" : "else_branch");
    Scope inside = scope.inside(scope.prefix);
    initialise(node, branch, inside);
    List<String> results = run(node, branch, inside);
    if (results.size() != node.outputs().size()) {
      throw decisions.fault(
          node, "its branch and itself have different outputs; export the model again");
    }
    for (int i = 0; i < results.size(); i++) {
      give(node, scope, i, results.get(i));
    }
  }

  void initialise(OnnxNode node, OnnxAttribute.Graph body, Scope scope) {
    body.initialisers().forEach((name, tensor) -> keep(scope.define(node, name), tensor));
  }

  /** Adds the nodes of a body; gives its outputs. */
  List<String> run(OnnxNode node, OnnxAttribute.Graph body, Scope scope) {
    count(node, body.inputs().size() + body.outputs().size());
    body.nodes().forEach(n -> add(n, scope));
    return scope.of(body.outputs());
  }

  /** A value that is there, as output i of a node. */
  void give(OnnxNode node, Scope scope, int i, String value) {
    String y = i < node.outputs().size() ? node.outputs().get(i) : "";
    if (y.isEmpty()) {
      return;
    }
    if (scope.isOutside() && !sequences.has(value)) {
      plain(node, "Identity", List.of(value), List.of(y), Map.of());
    } else {
      scope.alias(node, y, value);
    }
  }

  /** Adds a node in place of another, or of a part of it. */
  void plain(
      OnnxNode node,
      String op,
      List<String> inputs,
      List<String> outputs,
      Map<String, OnnxAttribute> attributes) {
    var plain = new OnnxNode(node.name(), op, node.domain(), inputs, outputs, attributes);
    decisions.read(plain);
    nodes.add(plain);
  }

  /** y = element i of x along an axis, which y has not. */
  void pick(OnnxNode node, String x, long i, long axis, String y) {
    List<String> inputs = List.of(x, integer(node, Shape.SCALAR, i));
    plain(node, "Gather", inputs, List.of(y), axis(axis));
  }

  /**
   * y = some values, one behind the other.
   *
   * @param stacked along a new axis
   */
  void join(OnnxNode node, List<String> values, long axis, boolean stacked, String y) {
    List<String> parts = new ArrayList<>(values);
    for (int i = 0; stacked && i < parts.size(); i++) {
      String part = fresh(node, y + "/" + i);
      boolean attribute = model.opset() < 13;
      plain(
          node,
          "Unsqueeze",
          attribute
              ? List.of(parts.get(i))
              : List.of(parts.get(i), integer(node, Shape.of(1), axis)),
          List.of(part),
          attribute ? Map.of("axes", new OnnxAttribute.Ints(List.of(axis))) : Map.of());
      parts.set(i, part);
    }
    plain(node, "Concat", parts, List.of(y), axis(axis));
  }

  /** Some values = parts of x that follow each other along an axis. */
  void part(OnnxNode node, String x, long[] lengths, long axis, List<String> values) {
    Map<String, OnnxAttribute> attributes = new HashMap<>(axis(axis));
    List<String> inputs = new ArrayList<>(List.of(x));
    if (model.opset() < 13) {
      List<Long> all = Arrays.stream(lengths).boxed().toList();
      attributes.put("split", new OnnxAttribute.Ints(all));
    } else {
      inputs.add(integer(node, Shape.of(lengths.length), lengths));
    }
    plain(node, "Split", inputs, values, attributes);
  }

  private static Map<String, OnnxAttribute> axis(long axis) {
    return Map.of("axis", new OnnxAttribute.Int(axis));
  }

  /** A constant. */
  String integer(OnnxNode node, Shape shape, long... values) {
    String name = fresh(node, node.name() + "/constant");
    keep(name, OnnxTensor.of(name, shape, values));
    return name;
  }

  void keep(String name, OnnxTensor constant) {
    var own = new OnnxTensor(name, constant.type(), constant.shape(), constant.data());
    initialisers.put(name, own);
    decisions.bind(name, own);
  }

  int opset() {
    return model.opset();
  }
}
