package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Softmax;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Class scores that are sums of several softmaxes, as those of an ensemble, of flipped images or in
 * percent: they are probabilities, whose logarithms are the logits. A softmax of those gives the
 * scores' shares of their sum.
 */
public final class MixedScores {
  private static final String FLOOR = "@positive";
  private static final String LOGARITHM = "@logarithm";

  private final Map<Value, Node> producers;
  private final int classes;

  /** Answers so far: sums that are read twice are followed once. */
  private final Map<Value, Boolean> known = new IdentityHashMap<>();

  private MixedScores(Graph graph, int classes) {
    producers = Rewrite.producers(graph);
    this.classes = classes;
  }

  /** With the logarithm of such an output behind it; else the graph itself. */
  static Graph of(Graph graph, String name, int batch) {
    Value output = Scores.output(graph, name);
    MixedScores mixed = new MixedScores(graph, Scores.classes(output, batch));
    Node last = Scores.moved(mixed.producers, output);
    boolean one = last == null || last.op() instanceof Softmax;
    if (one || mixed.classes < 2 || !mixed.isSum(output)) {
      return graph;
    }
    Value positive = Value.of(output.name() + FLOOR, output.shape(), false);
    Value log = Value.of(output.name() + LOGARITHM, output.shape(), false);
    List<Node> nodes = new ArrayList<>(graph.nodes());
    // what rounds to 0 has a logarithm, and no slope
    nodes.add(new Node(positive.name(), Rectify.FLOOR, List.of(output), positive));
    nodes.add(new Node(log.name(), new Elementwise(Unary.LOG), List.of(positive), log));
    return new Graph(graph.name(), graph.inputs(), graph.outputs(), nodes, graph.named());
  }

  /** The logarithm of an output, null where there is none. */
  static Value logarithm(Graph graph, Value output) {
    String name = output.name() + LOGARITHM;
    return graph.nodes().stream()
        .map(Node::output)
        .filter(v -> v.name().equals(name))
        .findFirst()
        .orElse(null);
  }

  /** Whether a node makes logits of such scores: none of the model's. */
  public static boolean isBehind(Node n) {
    String name = n.output().name();
    return name.endsWith(FLOOR) || name.endsWith(LOGARITHM);
  }

  /** Whether a node is one of the softmaxes that such scores are the sum of. */
  public static boolean isPart(Graph graph, Node n) {
    return n.op() instanceof Softmax
        && graph.nodes().stream()
            .filter(f -> f.output().name().endsWith(FLOOR))
            .anyMatch(f -> reaches(Rewrite.producers(graph), f.input(0), n, new HashSet<>()));
  }

  /**
   * Through what is no softmax.
   *
   * @param seen nodes that it is not reached through
   */
  private static boolean reaches(Map<Value, Node> producers, Value from, Node n, Set<Node> seen) {
    Node at = producers.get(from);
    return at == n
        || (at != null
            && !(at.op() instanceof Softmax)
            && seen.add(at)
            && at.inputs().stream().anyMatch(v -> reaches(producers, v, n, seen)));
  }

  /** Of softmaxes over the classes, with weights above 0. */
  private boolean isSum(Value v) {
    Boolean before = known.get(v);
    if (before == null) {
      before = isSum(Scores.moved(producers, v));
      known.put(v, before);
    }
    return before;
  }

  private boolean isSum(Node n) {
    if (n == null) {
      return false;
    }
    return switch (n.op()) {
      case Softmax s -> !s.log() && n.input(0).shape().dim(-1) == classes;
      case Elementwise e ->
          e.kind() == Unary.LINEAR && e.alpha() > 0 && e.beta() == 0 && isSum(n.input(0));
      case BinaryOp b ->
          b.kind() == Binary.ADD
              && n.input(0).shape().equals(n.input(1).shape())
              && isSum(n.input(0))
              && isSum(n.input(1));
      case Reduce r ->
          (r.kind() == Reduction.MEAN || r.kind() == Reduction.SUM)
              && r.to() < n.input(0).shape().rank()
              && n.input(0).shape().dim(-1) == classes
              && isSum(n.input(0));
      case Concat c ->
          c.axis() < n.output().shape().rank() - 1 && n.inputs().stream().allMatch(this::isSum);
      default -> false;
    };
  }
}
