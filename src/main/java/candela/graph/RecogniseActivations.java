package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.Rectify;
import candela.graph.op.Where;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds activations that a model spells out as a product of x and a function of x: Swish (x
 * sigmoid(x)), hard swish (x times a hard sigmoid, or x min(max(x + 3, 0), 6) / 6), Gelu (x (1 +
 * erf(x / √2)) / 2, or with the tanh of √(2/π) (x + 0.044715 x³) instead) and Mish (x
 * tanh(softplus(x))); and rectifiers: max(x, α x), a choice between x and 0 or α x by the sign of
 * x, and -min(-x, 0). One operator reads and writes memory once, and keeps x alone for backward,
 * and rules see what it is. Expects constant factors as {@link FoldScalars} leaves them.
 *
 * <p>A product of x and whether it is above 0 stays: of minus infinity it is NaN.
 */
final class RecogniseActivations implements Simplify.Pass {
  /** Models hold √2 and 1/6 rounded to seven digits. */
  private static final float ROUNDING = 1e-6f;

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return Rewrite.recognise(graph, keep, RecogniseActivations::activation);
  }

  private static List<Node> activation(Node n, Map<Value, Node> producers) {
    if (Rewrite.binary(n, Binary.MAX) != null) {
      return leaky(n, producers);
    }
    if (n.op() instanceof Where) {
      return chosen(n, producers);
    }
    if (Rewrite.negated(n) != null) {
      return negated(n, producers.get(n.input(0)), producers);
    }
    Match m = Rewrite.binary(n, Binary.MUL) == null ? null : match(n, producers);
    if (m == null) {
      return List.of();
    }
    if (m.factor == 1) {
      return List.of(new Node(n.name(), m.op, List.of(m.x), n.outputs()));
    }
    Value y = Value.of(n.output().name() + "@unscaled", n.output().shape(), false);
    Op scale = new Elementwise(Unary.LINEAR, m.factor, 0);
    return List.of(
        new Node(n.name(), m.op, List.of(m.x), y),
        new Node(n.name(), scale, List.of(y), n.outputs()));
  }

  /** x where it is above 0, else 0 or a share of x; or this where it is below, else x. */
  private static List<Node> chosen(Node n, Map<Value, Node> producers) {
    Node c = producers.get(n.input(0));
    if (c == null || !(c.op() instanceof BinaryOp b)) {
      return List.of();
    }
    boolean last = isZero(c.input(1));
    Value x = c.input(last ? 0 : 1);
    boolean greater = b.kind() == Binary.GREATER || b.kind() == Binary.GREATER_EQUAL;
    boolean less = b.kind() == Binary.LESS || b.kind() == Binary.LESS_EQUAL;
    boolean above = last ? greater : less;
    Value other = n.input(above ? 2 : 1);
    boolean bySign =
        (greater || less)
            && (last || isZero(c.input(0)))
            && n.input(above ? 1 : 2) == x
            && x.shape().equals(n.output().shape());
    if (!bySign) {
      return List.of();
    }
    Linear share = linear(other, producers);
    Op op = null;
    if (isZero(other)) {
      // NaN is not above 0, and so becomes 0; nor is it below, and so stays
      op =
          above
              ? new Elementwise(Unary.THRESHOLDED_RELU, 0, 0)
              : new Rectify(0, Float.POSITIVE_INFINITY);
    } else if (isOf(share, x)) {
      op = new Elementwise(Unary.LEAKY_RELU, share.alpha, 0);
    }
    return op == null ? List.of() : List.of(new Node(n.name(), op, List.of(x), n.outputs()));
  }

  private static boolean isZero(Value v) {
    return !v.integer() && v.isZero();
  }

  /** -r(-x), the same as of the opposite range. */
  private static List<Node> negated(Node n, Node before, Map<Value, Node> producers) {
    if (before == null || !(before.op() instanceof Rectify r) || r.isFloor()) {
      return List.of();
    }
    Value x = Rewrite.negated(producers.get(before.input(0)));
    Op op = new Rectify(0 - r.hi(), 0 - r.lo());
    return x == null ? List.of() : List.of(new Node(n.name(), op, List.of(x), n.outputs()));
  }

  /** The larger of x and a share of x. */
  private static List<Node> leaky(Node n, Map<Value, Node> producers) {
    for (int side = 0; side < 2; side++) {
      Value x = n.input(side);
      Linear share = linear(n.input(1 - side), producers);
      if (isOf(share, x)) {
        Op op = new Elementwise(Unary.LEAKY_RELU, share.alpha, 0);
        return List.of(new Node(n.name(), op, List.of(x), n.outputs()));
      }
    }
    return List.of();
  }

  private static boolean isOf(Linear share, Value x) {
    return share.of == x && share.beta == 0 && share.alpha >= 0 && share.alpha < 1;
  }

  /** factor * op(x). */
  private record Match(Elementwise op, Value x, float factor) {}

  /** alpha * of + beta. */
  private record Linear(Value of, float alpha, float beta) {}

  private static Match match(Node product, Map<Value, Node> producers) {
    for (int side = 0; side < 2; side++) {
      Linear x = linear(product.input(side), producers);
      Linear gate = linear(product.input(1 - side), producers);
      Match m = gated(product.input(side), 1, gate, producers);
      if (m == null && x.beta == 0) {
        m = gated(x.of, x.alpha, gate, producers);
      }
      if (m != null) {
        return m;
      }
    }
    return null;
  }

  private static Linear linear(Value v, Map<Value, Node> producers) {
    Node n = producers.get(v);
    return n != null && n.op() instanceof Elementwise e && e.kind() == Unary.LINEAR
        ? new Linear(n.input(0), e.alpha(), e.beta())
        : new Linear(v, 1, 0);
  }

  /** The product of factor * x and the gate, where that is an activation of x. */
  private static Match gated(Value x, float factor, Linear gate, Map<Value, Node> producers) {
    Node g = producers.get(gate.of);
    if (g != null && g.op() instanceof Rectify r) {
      Linear shifted = linear(g.input(0), producers);
      boolean usual = shifted.equals(new Linear(x, 1, 3)) && r.lo() == 0 && r.hi() == 6;
      float whole = 6 * factor * gate.alpha;
      return usual && gate.beta == 0
          ? new Match(new Elementwise(Unary.HARD_SWISH), x, whole)
          : null;
    }
    if (g == null || !(g.op() instanceof Elementwise e)) {
      return null;
    }
    Linear inner = g.input(0) == x ? new Linear(x, 1, 0) : linear(g.input(0), producers);
    boolean ofX = g.input(0) == x;
    boolean scaled = ofX || (inner.of == x && inner.beta == 0);
    boolean plain = gate.beta == 0;
    float by = factor * gate.alpha;
    Elementwise op =
        switch (e.kind()) {
          case SIGMOID -> plain && scaled ? new Elementwise(Unary.SWISH, inner.alpha, 0) : null;
          case HARD_SIGMOID -> {
            boolean usual = near(e.alpha(), 1f / 6) && e.beta() == .5f;
            yield plain && ofX && usual ? new Elementwise(Unary.HARD_SWISH) : null;
          }
          case ERF -> {
            boolean usual = near(inner.alpha, Math.sqrt(.5)) && gate.alpha == gate.beta;
            yield scaled && usual ? new Elementwise(Unary.GELU) : null;
          }
          case TANH -> {
            if (plain) {
              boolean softplus = isSoftplus(producers.get(g.input(0)), x);
              yield softplus ? new Elementwise(Unary.MISH) : null;
            }
            boolean usual = gate.alpha == gate.beta && isOfGelu(g.input(0), x, producers);
            yield usual ? new Elementwise(Unary.GELU, 1, 0) : null;
          }
          default -> null;
        };
    return op == null ? null : new Match(op, x, op.kind() == Unary.GELU ? 2 * by : by);
  }

  private static boolean near(double a, double b) {
    return Math.abs(a - b) < ROUNDING;
  }

  /** √(2/π) (x + 0.044715 x³). */
  private static boolean isOfGelu(Value v, Value x, Map<Value, Node> producers) {
    double[] p = Cubic.of(v, x, producers);
    double k = Math.sqrt(2 / Math.PI);
    return p != null && p[0] == 0 && p[2] == 0 && near(p[1], k) && near(p[3], 0.044715 * k);
  }

  private static boolean isSoftplus(Node n, Value x) {
    return Rewrite.elementwise(n, Unary.SOFTPLUS) != null && n.input(0) == x;
  }
}
