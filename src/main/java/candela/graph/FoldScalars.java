package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Pick;
import candela.graph.op.Rectify;
import candela.graph.op.Slice;
import candela.graph.op.Transpose;
import candela.graph.op.Where;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns sums, differences, products and quotients with one constant number into the linear function
 * that they are, which keeps nothing for backward, and merges linear functions that follow each
 * other where no one else reads what lies between: x and x + 3 tell a hard swish, whatever x is. A
 * power of 2, 1/2 or -1 becomes a product, a root or a reciprocal; the larger or the smaller of a
 * value and one number is a rectifier, and so are two that follow each other. What comes to a step
 * function without being summed up is computed as the model says: 41 times the float next to 1/41
 * is below 1.
 */
final class FoldScalars implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Rewrite r = new Rewrite(graph);
    // What reads a kept value goes on reading it, or its gradient would miss that.
    Set<Value> kept = Rewrite.held(graph, keep);
    Map<Value, Integer> uses = Rewrite.uses(graph, kept);
    Set<Value> stepped = stepped(graph);
    Map<Value, Node> linear = new IdentityHashMap<>();
    Map<Value, Node> rectified = new IdentityHashMap<>();
    for (Node old : graph.nodes()) {
      Node now = r.now(old);
      Node n = isExactQuotient(now, stepped) ? now : simpler(now);
      if (isLinear(n)) {
        Node before = linear.get(n.input(0));
        boolean merges =
            before != null
                && uses.get(n.input(0)) == 1
                && (isExact(before, n) || !stepped.contains(old.output()));
        n = merges ? merged(before, n) : n;
        Elementwise last = (Elementwise) n.op();
        if (kept.contains(n.output())) {
          r.add(n);
          continue;
        }
        if (last.alpha() == 1 && last.beta() == 0 && !graph.outputs().contains(n.output())) {
          r.replace(n.output(), n.input(0));
          continue;
        }
        linear.put(n.output(), n);
      } else if (n.op() instanceof Rectify) {
        Node before = rectified.get(n.input(0));
        n = before == null ? n : rectified(before, n);
        if (!kept.contains(n.output())) {
          rectified.put(n.output(), n);
        }
      }
      r.add(n);
    }
    return r.finish();
  }

  /** Whether it is a quotient whose digits come to a step function. */
  static boolean isExactQuotient(Node n, Set<Value> stepped) {
    return Rewrite.binary(n, Binary.DIV) != null && stepped.contains(n.output());
  }

  /** Values that step functions read, as they are or element by element. */
  static Set<Value> stepped(Graph graph) {
    Set<Value> stepped = new HashSet<>();
    for (Node n : graph.nodes().reversed()) {
      boolean steps =
          Rewrite.binary(n, Binary.MOD) != null || Rewrite.elementwise(n, Unary.QUANTIZE) != null;
      boolean passes = isElementwise(n) && stepped.contains(n.output());
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (v != null && !v.isConstant() && (steps || passes || !n.op().differentiable(i))) {
          stepped.add(v);
        }
      }
    }
    return stepped;
  }

  /** Or of elements that change places, or of which one wins. */
  private static boolean isElementwise(Node n) {
    return switch (n.op()) {
      case BinaryOp _, Elementwise _, Rectify _, MaxPool _ -> true;
      case Concat _, Expand _, PadConstant _, Pick _, Slice _, Transpose _, Where _ -> true;
      default -> n.op().isView();
    };
  }

  /** Whether a product and a sum behind it are computed as before where they are one function. */
  private static boolean isExact(Node before, Node n) {
    return ((Elementwise) before.op()).beta() == 0 && ((Elementwise) n.op()).alpha() == 1;
  }

  static boolean isLinear(Node n) {
    return Rewrite.elementwise(n, Unary.LINEAR) != null;
  }

  private static Node simpler(Node n) {
    if (!(n.op() instanceof BinaryOp b) || n.output().integer()) {
      return n;
    }
    int side = n.input(1).isConstant() ? 1 : 0;
    Value x = n.input(1 - side);
    boolean number =
        n.input(side).isNumber()
            && !x.isConstant()
            && !x.integer()
            && x.shape().equals(n.output().shape());
    if (!number) {
      return n;
    }
    float c = n.input(side).constant().floats()[0];
    return switch (b.kind()) {
      case ADD -> linear(n, x, 1, c);
      case MUL -> linear(n, x, c, 0);
      case SUB -> side == 1 ? linear(n, x, 1, -c) : linear(n, x, -1, c);
      case DIV -> side == 1 ? linear(n, x, (float) (1.0 / c), 0) : n;
      case POW -> side == 1 ? power(n, x, c) : n;
      case MAX -> rectified(n, x, c, Float.POSITIVE_INFINITY);
      case MIN -> rectified(n, x, Float.NEGATIVE_INFINITY, c);
      default -> n;
    };
  }

  private static Node power(Node n, Value x, float exponent) {
    if (exponent == 2) {
      return new Node(n.name(), new BinaryOp(Binary.MUL), List.of(x, x), n.outputs());
    }
    Unary kind = exponent == .5f ? Unary.SQRT : exponent == -1 ? Unary.RECIPROCAL : null;
    return kind == null ? n : new Node(n.name(), new Elementwise(kind), List.of(x), n.outputs());
  }

  private static Node rectified(Node n, Value x, float lo, float hi) {
    boolean numbers = !Float.isNaN(lo) && !Float.isNaN(hi);
    return numbers ? new Node(n.name(), new Rectify(lo, hi), List.of(x), n.outputs()) : n;
  }

  /** Both as one, unless either keeps a logarithm from 0: that is no rectifier to rules. */
  private static Node rectified(Node first, Node second) {
    Rectify f = (Rectify) first.op();
    Rectify s = (Rectify) second.op();
    return f.isFloor() || s.isFloor()
        ? second
        : rectified(second, first.input(0), within(f.lo(), s), within(f.hi(), s));
  }

  private static float within(float v, Rectify r) {
    return Math.min(Math.max(v, r.lo()), r.hi());
  }

  private static Node merged(Node first, Node second) {
    Elementwise f = (Elementwise) first.op();
    Elementwise s = (Elementwise) second.op();
    float beta = (float) ((double) s.alpha() * f.beta() + s.beta());
    return linear(second, first.input(0), s.alpha() * f.alpha(), beta);
  }

  private static Node linear(Node n, Value x, float alpha, float beta) {
    return new Node(n.name(), new Elementwise(Unary.LINEAR, alpha, beta), List.of(x), n.outputs());
  }
}
