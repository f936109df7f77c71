package candela.graph;

import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.MatMul;
import candela.graph.op.Product;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Lets a product of two run-time operands read them transposed, and scale: as attention does with
 * its queries and keys. Expects constant factors as {@link FoldScalars} leaves them.
 */
final class FuseProduct implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Map<Value, Node> products = new IdentityHashMap<>();
    Map<Node, Node> fused = new IdentityHashMap<>();
    Map<Node, Node> swallowed = new IdentityHashMap<>();
    Map<Node, List<Node>> before = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof MatMul && fits(n)) {
        List<Node> turned = new ArrayList<>();
        Operand a = operand(n.input(0), producers, uses, swallowed, turned);
        Operand b = operand(n.input(1), producers, uses, swallowed, turned);
        Product op = new Product(a.transposed, b.transposed, a.factor * b.factor);
        fused.put(n, new Node(n.name(), op, List.of(a.value, b.value), n.outputs()));
        products.put(n.output(), n);
        before.put(n, turned);
      } else if (isScale(n) && products.containsKey(n.input(0)) && uses.get(n.input(0)) == 1) {
        Node of = products.get(n.input(0));
        Node product = fused.get(of);
        Product p = (Product) product.op();
        float alpha = p.alpha() * ((Elementwise) n.op()).alpha();
        Product scaled = new Product(p.transA(), p.transB(), alpha);
        fused.put(of, new Node(product.name(), scaled, product.inputs(), n.outputs()));
        swallowed.put(n, of);
      }
    }
    Rewrite r = new Rewrite(graph);
    for (Node n : graph.nodes()) {
      if (!swallowed.containsKey(n)) {
        before.getOrDefault(n, List.of()).forEach(r::add);
        r.add(r.now(fused.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }

  private static boolean fits(Node n) {
    Shape p = n.input(0).shape();
    Shape q = n.input(1).shape();
    return !n.input(0).isConstant()
        && !n.input(1).isConstant()
        && p.with(-1, 1).with(-2, 1).equals(q.with(-1, 1).with(-2, 1));
  }

  private static boolean isScale(Node n) {
    return n.op() instanceof Elementwise e && e.kind() == Unary.LINEAR && e.beta() == 0;
  }

  /** factor times a value, with its last two axes changed or not. */
  private record Operand(Value value, boolean transposed, float factor) {}

  /**
   * What v is made from, a scale that a product before it took in being that product's. A transpose
   * that does more than swap the last two axes is made anew, with the innermost axis left where it
   * is if it may.
   */
  private static Operand operand(
      Value v,
      Map<Value, Node> producers,
      Map<Value, Integer> uses,
      Map<Node, Node> swallowed,
      List<Node> turned) {
    Value from = v;
    int[] perm = null;
    float factor = 1;
    for (Node n = producers.get(v); n != null && uses.get(from) == 1; n = producers.get(from)) {
      if (n.op() instanceof Transpose t) {
        perm = perm == null ? t.perm() : Transposition.then(t.perm(), perm);
      } else if (isScale(n) && !swallowed.containsKey(n)) {
        factor *= ((Elementwise) n.op()).alpha();
      } else {
        break;
      }
      from = n.input(0);
    }
    if (perm == null) {
      return new Operand(from, false, factor);
    }
    int r = perm.length;
    boolean swaps = perm[r - 2] == r - 1;
    if (swaps) {
      perm = perm.clone();
      perm[r - 2] = perm[r - 1];
      perm[r - 1] = r - 1;
    }
    if (Transposition.isIdentity(perm)) {
      return new Operand(from, swaps, factor);
    }
    Shape shape = Transposition.shape(from.shape(), perm);
    Value y = Value.of(v.name() + "@turned", shape, false);
    turned.add(new Node(y.name(), new Transpose(perm), List.of(from), y));
    return new Operand(y, swaps, factor);
  }
}
