package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import java.util.Map;

/** Polynomials of one value, at most cubic, in whatever order nodes compute them. */
final class Cubic {
  private static final int DEGREE = 3;

  /** Of the deepest x + c x x x. */
  private static final int DEPTH = 8;

  private Cubic() {}

  /** Coefficients of 1, x, x² and x³ in v; null where it is no such polynomial. */
  static double[] of(Value v, Value x, Map<Value, Node> producers) {
    return of(v, x, producers, DEPTH);
  }

  private static double[] of(Value v, Value x, Map<Value, Node> producers, int depth) {
    if (v == x) {
      return new double[] {0, 1, 0, 0};
    }
    Node n = producers.get(v);
    if (n == null || depth == 0) {
      return null;
    }
    if (Rewrite.elementwise(n, Unary.LINEAR) != null) {
      Elementwise e = (Elementwise) n.op();
      double[] p = of(n.input(0), x, producers, depth - 1);
      return p == null ? null : sum(e.alpha(), p, e.beta(), new double[] {1, 0, 0, 0});
    }
    boolean alike = n.output().shape().equals(x.shape());
    if (!alike || !(n.op() instanceof BinaryOp b)) {
      return null;
    }
    double[] p = of(n.input(0), x, producers, depth - 1);
    if (p == null) {
      return null;
    }
    if (b.kind() == Binary.POW) {
      boolean cube = n.input(1).isNumber();
      return cube && n.input(1).constant().floats()[0] == DEGREE ? times(p, times(p, p)) : null;
    }
    double[] q = n.input(1) == n.input(0) ? p : of(n.input(1), x, producers, depth - 1);
    if (q == null) {
      return null;
    }
    return switch (b.kind()) {
      case ADD -> sum(1, p, 1, q);
      case SUB -> sum(1, p, -1, q);
      case MUL -> times(p, q);
      default -> null;
    };
  }

  private static double[] sum(double a, double[] p, double b, double[] q) {
    double[] sum = new double[DEGREE + 1];
    for (int i = 0; i <= DEGREE; i++) {
      sum[i] = a * p[i] + b * q[i];
    }
    return sum;
  }

  private static double[] times(double[] p, double[] q) {
    if (p == null || q == null) {
      return null;
    }
    double[] product = new double[DEGREE + 1];
    for (int i = 0; i <= DEGREE; i++) {
      for (int j = 0; j <= DEGREE; j++) {
        double c = p[i] * q[j];
        if (i + j <= DEGREE) {
          product[i + j] += c;
        } else if (c != 0) {
          return null;
        }
      }
    }
    return product;
  }
}
