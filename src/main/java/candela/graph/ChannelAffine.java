package candela.graph;

import candela.graph.op.Affine;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns products, quotients, sums and differences with one constant a channel into the scale and
 * shift they are, and merges such nodes when one follows the other, as batch norms are merged into
 * what comes before them: (x - m) s is s x - m s then, of as many digits as m s has. So it is with
 * one number for all channels where a layer or such a node comes before. Quotients that come to a
 * step function stay, as in {@link FoldScalars}.
 */
final class ChannelAffine implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Set<Value> held = Rewrite.held(graph, keep);
    held.addAll(Scores.logits(graph)); // of -softplus(-z), which would be computed without its z
    Map<Value, Integer> uses = Rewrite.uses(graph, held);
    Set<Value> stepped = FoldScalars.stepped(graph);
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Value, Node> affine = new IdentityHashMap<>();
    Map<Value, Node> rewritten = new LinkedHashMap<>();
    for (Node old : graph.nodes()) {
      Node n = FoldScalars.isExactQuotient(old, stepped) ? old : asAffine(old);
      Value x = n.inputs().isEmpty() ? null : n.input(0);
      boolean folds = affine.containsKey(x) || FoldAffine.foldable(producers.get(x));
      if (folds && uses.get(x) == 1 && x.shape().rank() > 1) {
        n = ofAll(n, stepped);
      }
      if (n.op() instanceof Affine) {
        Node before = affine.get(n.input(0));
        if (before != null && uses.get(n.input(0)) == 1) {
          rewritten.remove(before.output());
          n = merged(before, n);
        }
        affine.put(n.output(), n);
      }
      rewritten.put(n.output(), n);
    }
    Rewrite r = new Rewrite(graph);
    rewritten.values().forEach(r::add);
    return r.finish();
  }

  private static Node asAffine(Node n) {
    if (!(n.op() instanceof BinaryOp b)) {
      return n;
    }
    int side = n.input(1).isConstant() ? 1 : 0;
    Value constant = n.input(side);
    Value x = n.input(1 - side);
    boolean channels =
        constant.isConstant()
            && !constant.integer()
            && !x.isConstant()
            && x.shape().rank() > 1
            && x.shape().equals(n.output().shape())
            && constant.shape().rank() > 0
            && constant.shape().dim(-1) == x.shape().dim(-1)
            && constant.shape().count() == x.shape().dim(-1);
    if (!channels) {
      return n;
    }
    float[] values = constant.constant().floats();
    return switch (b.kind()) {
      case MUL -> node(n, x, values, all(0, values.length));
      case DIV -> side == 1 ? node(n, x, inverses(values), all(0, values.length)) : n;
      case ADD -> node(n, x, all(1, values.length), values);
      case SUB ->
          side == 1
              ? node(n, x, all(1, values.length), negated(values))
              : node(n, x, all(-1, values.length), values);
      default -> n;
    };
  }

  /** A sum or product with one number, unless its digits come to a step function. */
  private static Node ofAll(Node n, Set<Value> stepped) {
    int channels = n.output().shape().dim(-1);
    Value x = n.input(0);
    if (Rewrite.negated(n) != null) {
      return node(n, x, all(-1, channels), all(0, channels));
    }
    if (!FoldScalars.isLinear(n) || stepped.contains(n.output()) || n.output().integer()) {
      return n;
    }
    Elementwise e = (Elementwise) n.op();
    return node(n, x, all(e.alpha(), channels), all(e.beta(), channels));
  }

  private static float[] all(float value, int channels) {
    float[] all = new float[channels];
    Arrays.fill(all, value);
    return all;
  }

  private static float[] inverses(float[] values) {
    float[] inverses = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      inverses[i] = (float) (1.0 / values[i]);
    }
    return inverses;
  }

  private static float[] negated(float[] values) {
    float[] negated = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      negated[i] = -values[i];
    }
    return negated;
  }

  private static Node merged(Node first, Node second) {
    float[] s1 = first.input(1).constant().floats();
    float[] t1 = first.input(2).constant().floats();
    float[] s2 = second.input(1).constant().floats();
    float[] t2 = second.input(2).constant().floats();
    float[] scale = new float[s1.length];
    float[] shift = new float[s1.length];
    for (int c = 0; c < scale.length; c++) {
      scale[c] = s1[c] * s2[c];
      shift[c] = (float) ((double) t1[c] * s2[c] + t2[c]);
    }
    return node(second, first.input(0), scale, shift);
  }

  private static Node node(Node n, Value x, float[] scale, float[] shift) {
    return new Node(
        n.name(),
        new Affine(),
        List.of(x, constant(n, "@scale", scale), constant(n, "@shift", shift)),
        n.outputs());
  }

  private static Value constant(Node n, String suffix, float[] values) {
    String name = n.output().name() + suffix;
    return Value.constant(name, OnnxTensor.of(name, Shape.of(values.length), values));
  }
}
