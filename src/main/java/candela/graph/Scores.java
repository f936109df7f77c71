package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.Pick;
import candela.graph.op.Rectify;
import candela.graph.op.Reshape;
import candela.graph.op.Softmax;
import candela.graph.op.Top;
import candela.graph.op.Transpose;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The class scores of a graph.
 *
 * @param logits what a final softmax or sigmoid reads, also where their logarithm is the output;
 *     the logarithm of a sum of several softmaxes; the output where there is none
 * @param likelihood a sigmoid's where there is one, or one class alone
 */
record Scores(Value logits, Likelihood likelihood) {
  /**
   * What models add to a probability at most before they take its logarithm, or keep it from 0 or 1
   * by: 1e-12 to 1e-6 in exports, 1e-7 in Keras'. A clip that cuts off more decides between classes
   * that a picture may well have.
   */
  private static final float NOTHING = 1e-3f;

  /** The value named output, or the first output. */
  static Value output(Graph graph, String output) {
    if (output == null) {
      return graph.outputs().get(0);
    }
    for (Value v : graph.outputs()) {
      if (v.name().equals(output)) {
        return v;
      }
    }
    throw CandelaException.of(
        "%s: no output '%s'; it has %s",
        graph.name(), output, graph.outputs().stream().map(Value::name).toList());
  }

  /**
   * Those that output comes from: of a softmax over the classes, a sigmoid, the logarithm of one,
   * or {@link MixedScores}, seen through reshapes; else output itself. Where they are quantised,
   * what they are before: beyond the range all classes have the same score, and no slope.
   */
  static Scores of(Graph graph, Value output, int batch) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Value scores = unrounded(producers, output, batch);
    int classes = classes(output, batch);
    Value logarithm = MixedScores.logarithm(graph, output);
    if (logarithm != null) {
      return new Scores(logarithm, Likelihood.SOFTMAX);
    }
    Scores behind = behind(producers, scores);
    if (behind != null && behind.areOf(classes, batch)) {
      return new Scores(unrounded(producers, behind.logits, batch), behind.likelihood);
    }
    return new Scores(scores, classes == 1 ? Likelihood.SIGMOID : Likelihood.SOFTMAX);
  }

  /** Whether there are so many; a softmax is one over its last axis. */
  private boolean areOf(int classes, int batch) {
    int all = likelihood == Likelihood.SOFTMAX ? logits.shape().dim(-1) : classes(logits, batch);
    return all == classes;
  }

  /**
   * @throws CandelaException where an output holds classes, or the largest scores by their rank,
   *     instead of one score a class
   */
  static void checkRanks(Graph graph, Value output) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Node n = moved(producers, output);
    Node places = n != null && n.op() instanceof Pick ? producers.get(n.input(1)) : null;
    boolean sorted = places != null && places.op() instanceof Top;
    if (output.integer() || sorted) {
      throw CandelaException.of(
          "%s: output '%s': one score a class expected, it holds %s; %s",
          graph.name(),
          output.name(),
          output.integer() ? "whole numbers, as classes by their places" : "the largest alone",
          others(graph, output));
    }
  }

  /** What else may be a list of scores, for messages. */
  static String others(Graph graph, Value output) {
    List<Value> others = graph.outputs().stream().filter(v -> v != output && !v.integer()).toList();
    return others.isEmpty()
        ? "give a classifier"
        : "name another of its outputs by --output, in a study output=NAME: "
            + others.stream().map(Value::toString).collect(Collectors.joining(", "));
  }

  /** Names of logits before a quantisation, whose range must not be fused into what gives them. */
  static Set<String> quantised(Graph graph, int batch) {
    Set<String> names = new HashSet<>();
    for (Value output : graph.outputs()) {
      Value v = of(graph, output, batch).logits;
      boolean cut = graph.nodes().stream().anyMatch(n -> isCut(n) && n.input(0) == v);
      if (v != output && cut) {
        names.add(v.name());
      }
    }
    return names;
  }

  /** Of numbers, or of what they are over a scale. */
  private static boolean isCut(Node n) {
    return n.op() instanceof Rectify || Rewrite.binary(n, Binary.DIV) != null;
  }

  /** What the softmax, the sigmoid or the logarithm of one reads that an output comes from. */
  static Set<Value> logits(Graph graph) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Set<Value> logits = new HashSet<>();
    for (Value output : graph.outputs()) {
      Scores behind = behind(producers, output);
      if (behind != null) {
        logits.add(behind.logits);
      }
    }
    return logits;
  }

  /** Of the softmax or sigmoid that v, or what v is the logarithm of, comes from; else null. */
  private static Scores behind(Map<Value, Node> producers, Value v) {
    Node n = moved(producers, v);
    if (n != null && n.op() instanceof Softmax) {
      return new Scores(n.input(0), Likelihood.SOFTMAX);
    }
    if (Rewrite.elementwise(n, Unary.LOG) != null) {
      return ofLikelihood(producers, n.input(0));
    }
    Value z = ofLogSigmoid(producers, n);
    return z == null ? ofLikelihood(producers, v) : new Scores(z, Likelihood.SIGMOID);
  }

  /** Of the softmax or sigmoid that v comes from, kept from 0 or 1 or not; else null. */
  private static Scores ofLikelihood(Map<Value, Node> producers, Value v) {
    Node n = moved(producers, v);
    if (n != null && keepsLikelihood(n)) {
      n = moved(producers, n.input(0));
    }
    if (n != null && n.op() instanceof Softmax s && !s.log()) {
      return new Scores(n.input(0), Likelihood.SOFTMAX);
    }
    boolean sigmoid = Rewrite.elementwise(n, Unary.SIGMOID) != null;
    return sigmoid ? new Scores(n.input(0), Likelihood.SIGMOID) : null;
  }

  /** Cuts off next to 0 or 1, or adds next to nothing, so that there is a logarithm. */
  private static boolean keepsLikelihood(Node n) {
    return switch (n.op()) {
      case Rectify r -> r.lo() >= 0 && r.lo() <= NOTHING && 1 - r.hi() <= NOTHING;
      case Elementwise e ->
          e.kind() == Unary.LINEAR && e.alpha() == 1 && e.beta() >= 0 && e.beta() <= NOTHING;
      default -> false;
    };
  }

  /** What outputs are, but for their logarithm, their range and the order of elements. */
  static Set<Node> ends(Graph graph) {
    Map<Value, Node> producers = Rewrite.producers(graph);
    Set<Node> ends = new HashSet<>();
    for (Value output : graph.outputs()) {
      Node n = moved(producers, output);
      while (n != null && isRead(n)) {
        n = moved(producers, n.input(0));
      }
      ends.add(n);
    }
    return ends;
  }

  private static boolean isRead(Node n) {
    return n.op() instanceof Rectify
        || Rewrite.elementwise(n, Unary.LOG) != null
        || keepsLikelihood(n);
  }

  /** The z that n is -softplus(-z) of, a sigmoid's logarithm; else null. */
  private static Value ofLogSigmoid(Map<Value, Node> producers, Node n) {
    Value softplus = Rewrite.negated(n);
    Node plus = softplus == null ? null : moved(producers, softplus);
    return Rewrite.elementwise(plus, Unary.SOFTPLUS) == null
        ? null
        : Rewrite.negated(moved(producers, plus.input(0)));
  }

  /** What computes v, but for nodes that keep the order of elements. */
  static Node moved(Map<Value, Node> producers, Value v) {
    Node n = producers.get(v);
    while (n != null && keepsOrder(n)) {
      n = producers.get(n.input(0));
    }
    return n;
  }

  /** The numbers before a quantisation's range, of those or their levels; else v itself. */
  private static Value unrounded(Map<Value, Node> producers, Value v, int batch) {
    Node n = moved(producers, v);
    Elementwise first = null;
    boolean levels = false;
    float scale = 1;
    while (n != null) {
      if (n.op() instanceof Elementwise e && e.kind() == Unary.QUANTIZE) {
        levels = first != null;
        first = e;
      } else if (n.op() instanceof Elementwise e && e.kind() == Unary.LINEAR) {
        scale *= e.alpha();
      } else if (Rewrite.binary(n, Binary.MUL) != null && n.input(1).isNumber()) {
        scale *= n.input(1).constant().floats()[0];
      } else {
        break;
      }
      n = moved(producers, n.input(0));
    }
    boolean same =
        first != null
            && n != null
            && n.op() instanceof Rectify
            && classes(n.input(0), batch) == classes(v, batch);
    if (!same) {
      return v;
    }
    if (isOne(scale) || levels && isOne(scale * first.alpha())) {
      return n.input(0);
    }
    return undivided(producers, n.input(0), scale, v);
  }

  /** What x is over that scale, as levels that are floats are made; else otherwise. */
  private static Value undivided(
      Map<Value, Node> producers, Value x, float scale, Value otherwise) {
    Node n = Rewrite.binary(producers.get(x), Binary.DIV);
    boolean divides =
        n != null && n.input(1).isNumber() && n.input(1).constant().floats()[0] == scale;
    return divides ? n.input(0) : otherwise;
  }

  /** But for rounding. */
  private static boolean isOne(float v) {
    return Math.abs(v - 1) < 1e-5;
  }

  private static boolean keepsOrder(Node n) {
    return n.op() instanceof Reshape
        || (n.op() instanceof Transpose t
            && Transposition.keepsOrder(n.input(0).shape(), t.perm()));
  }

  /**
   * Elements of one image's scores; 0 where output has no row an image. A model for one image may
   * leave the batch axis out.
   */
  static int classes(Value output, int batch) {
    Shape s = output.shape();
    if (s.rank() > 0 && s.dim(0) == batch) {
      return s.count(1, s.rank());
    }
    return batch == 1 && s.rank() < 2 ? s.count() : 0;
  }
}
