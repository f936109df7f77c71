package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Softmax;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds a softmax that a model spells out over its last axes, or over channels of one pixel, exp(x)
 * / sum(exp(x)), its logarithm, x - log(sum(exp(x))), and the exponential of that; x as it is or
 * less what is one number in every row, as its largest element: the scores' logits are what it
 * reads, and nothing overflows.
 */
final class RecogniseSoftmax implements Simplify.Pass {
  /** The axes from one on are a row. */
  private record Rows(Value x, int from) {
    static Rows last(Value x) {
      return new Rows(x, x.shape().rank() - 1);
    }
  }

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return Rewrite.recognise(graph, keep, RecogniseSoftmax::softmax);
  }

  private static List<Node> softmax(Node n, Map<Value, Node> producers) {
    Rows log = ofDifference(n, producers);
    if (log != null) {
      return nodes(n, log, true);
    }
    Node exp = Rewrite.elementwise(n, Unary.EXP);
    Rows rows =
        exp == null
            ? ofQuotient(n, producers)
            : ofLogarithm(producers.get(exp.input(0)), producers);
    return rows == null ? List.of() : nodes(n, rows, false);
  }

  /** In the place of n. */
  private static List<Node> nodes(Node n, Rows rows, boolean log) {
    Shape s = rows.x.shape();
    Softmax softmax = new Softmax(log);
    if (rows.from == s.rank() - 1) {
      return List.of(new Node(n.name(), softmax, List.of(rows.x), n.outputs()));
    }
    Shape matrix = Shape.of(s.count(0, rows.from), s.count(rows.from, s.rank()));
    Value in = Value.of(n.output().name() + "@rows", matrix, false);
    Value out = Value.of(n.output().name() + "@softmax", matrix, false);
    return List.of(
        new Node(in.name(), new Reshape(matrix), List.of(rows.x), in),
        new Node(n.name(), softmax, List.of(in), out),
        new Node(n.name(), new Reshape(s), List.of(out), n.outputs()));
  }

  /** What n is exp(x) / sum(exp(x)) of, else null. */
  private static Rows ofQuotient(Node n, Map<Value, Node> producers) {
    if (Rewrite.binary(n, Binary.DIV) != null) {
      return ofQuotient(n.input(0), n.input(1), producers);
    }
    if (Rewrite.binary(n, Binary.MUL) == null) {
      return null;
    }
    for (int side = 0; side < 2; side++) {
      Value of = Rewrite.reciprocal(producers.get(n.input(1 - side)));
      Rows rows = of == null ? null : ofQuotient(n.input(side), of, producers);
      if (rows != null) {
        return rows;
      }
    }
    return null;
  }

  private static Rows ofQuotient(Value above, Value below, Map<Value, Node> producers) {
    Node exp = Rewrite.elementwise(producers.get(above), Unary.EXP);
    Rows rows = exp == null ? null : summed(producers.get(below));
    return rows != null && rows.x == exp.output()
        ? whole(new Rows(exp.input(0), rows.from), producers)
        : null;
  }

  /** What n is the logarithm of the softmax of, else null. */
  private static Rows ofLogarithm(Node n, Map<Value, Node> producers) {
    boolean one = n != null && n.op() instanceof Softmax s && s.log();
    return one ? Rows.last(n.input(0)) : ofDifference(n, producers);
  }

  /** The x that n is x - log(sum(exp(x))) of, or x less log(sum(exp(x - m))) and m, else null. */
  private static Rows ofDifference(Node n, Map<Value, Node> producers) {
    Node less = Rewrite.binary(n, Binary.SUB);
    if (less == null) {
      return null;
    }
    Node back = Rewrite.binary(producers.get(less.input(1)), Binary.ADD);
    if (back == null) {
      Rows rows = ofLogSum(less.input(1), producers);
      return rows != null && rows.x == less.input(0) ? whole(rows, producers) : null;
    }
    for (int side = 0; side < 2; side++) {
      Rows rows = ofLogSum(back.input(side), producers);
      Node shifted = rows == null ? null : Rewrite.binary(producers.get(rows.x), Binary.SUB);
      boolean same =
          shifted != null
              && shifted.input(0) == less.input(0)
              && shifted.input(1) == back.input(1 - side);
      Rows x = same ? whole(rows, producers) : rows;
      if (same && x.x == less.input(0)) {
        return x;
      }
    }
    return null;
  }

  /** What v is log(sum(exp(x))) of, else null. */
  private static Rows ofLogSum(Value v, Map<Value, Node> producers) {
    Node log = Rewrite.elementwise(producers.get(v), Unary.LOG);
    Rows rows = log == null ? null : summed(producers.get(log.input(0)));
    Node exp = rows == null ? null : Rewrite.elementwise(producers.get(rows.x), Unary.EXP);
    return exp == null ? null : new Rows(exp.input(0), rows.from);
  }

  /** The v that x is less one number in every row, else x. */
  private static Rows whole(Rows rows, Map<Value, Node> producers) {
    Value x = rows.x;
    Node less = Rewrite.binary(producers.get(x), Binary.SUB);
    int rank = x.shape().rank();
    boolean shifted =
        less != null
            && less.input(0).shape().equals(x.shape())
            && less.input(1).shape().rank() == rank
            && less.input(1).shape().count(rows.from, rank) == 1;
    return shifted ? new Rows(less.input(0), rows.from) : rows;
  }

  /** What n adds up the rows of, else null. */
  private static Rows summed(Node n) {
    if (n == null || !(n.op() instanceof Reduce r) || r.kind() != Reduction.SUM) {
      return null;
    }
    Shape s = n.input(0).shape();
    return s.count(r.to(), s.rank()) == 1 ? new Rows(n.input(0), r.from()) : null;
  }
}
