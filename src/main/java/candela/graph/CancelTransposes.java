package candela.graph;

import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Moves transposes down through operators that commute with them, until they meet their inverse and
 * vanish: what lies between two convolutions then works on channels-last tensors directly.
 */
final class CancelTransposes implements Simplify.Pass {
  private record Origin(Value value, int[] perm) {}

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    return new Walk(graph).run();
  }

  private static final class Walk {
    private final Graph graph;
    private final Rewrite r;
    private final Map<Value, Origin> origins = new IdentityHashMap<>();

    Walk(Graph graph) {
      this.graph = graph;
      this.r = new Rewrite(graph);
    }

    Graph run() {
      for (Node old : graph.nodes()) {
        Node n = r.now(old);
        if (n.op() instanceof Transpose t) {
          transpose(n, t);
        } else if (!sink(n)) {
          r.add(n);
        }
      }
      return r.finish();
    }

    private void transpose(Node n, Transpose t) {
      Value v = n.input(0);
      Origin o = origins.get(v);
      int[] perm = o == null ? t.perm() : Transposition.then(o.perm(), t.perm());
      Value u = o == null ? v : o.value();
      boolean output = graph.outputs().contains(n.output());
      if (Transposition.isIdentity(perm) && !output) {
        r.replace(n.output(), u);
        return;
      }
      remember(n.output(), u, perm);
      r.add(transposeNode(n.name(), u, perm, n.output()));
    }

    private void remember(Value v, Value u, int[] perm) {
      origins.put(v, new Origin(u, perm));
      r.moved(v, u, perm);
    }

    private static Node transposeNode(String name, Value u, int[] perm, Value y) {
      Op op =
          Transposition.keepsOrder(u.shape(), perm) ? new Reshape(y.shape()) : new Transpose(perm);
      return new Node(name, op, List.of(u), y);
    }

    /**
     * Applies n before the transposes of its inputs instead of after; false when that does not pay.
     */
    private boolean sink(Node n) {
      int[] perm = commonPerm(n);
      if (perm == null) {
        return false;
      }
      int[] back = Transposition.inverse(perm);
      Op op = n.op().permuted(back);
      if (op == null) {
        return false;
      }
      List<Value> inputs = new ArrayList<>();
      for (Value v : n.inputs()) {
        inputs.add(v.shape().rank() == perm.length ? untransposed(v, perm, back) : v);
      }
      List<Value> outputs = new ArrayList<>();
      for (Value y : n.outputs()) {
        if (y.shape().rank() != perm.length) {
          return false;
        }
        outputs.add(Value.of(y.name(), Transposition.shape(y.shape(), back), y.integer()));
      }
      r.add(new Node(n.name(), op, inputs, outputs));
      for (int i = 0; i < outputs.size(); i++) {
        Value y = n.outputs().get(i);
        remember(y, outputs.get(i), perm);
        r.add(transposeNode(y.name() + "@transposed", outputs.get(i), perm, y));
      }
      return true;
    }

    /**
     * The permutation that most inputs come through, or null when undoing it for the others costs
     * more.
     */
    private int[] commonPerm(Node n) {
      int[] perm = null;
      for (Value v : n.inputs()) {
        Origin o = v == null ? null : origins.get(v);
        if (o != null && !Transposition.keepsOrder(o.value().shape(), o.perm())) {
          perm = o.perm();
          break;
        }
      }
      if (perm == null) {
        return null;
      }
      int balance = 0;
      for (Value v : n.inputs()) {
        if (v == null) {
          return null;
        }
        if (v.isConstant()) {
          if (v.integer() || (v.shape().rank() != perm.length && v.shape().count() != 1)) {
            return null;
          }
          continue;
        }
        if (v.shape().rank() != perm.length) {
          return null;
        }
        Origin o = origins.get(v);
        if (o != null && java.util.Arrays.equals(o.perm(), perm)) {
          balance++;
        } else if (!Transposition.keepsOrder(v.shape(), Transposition.inverse(perm))) {
          balance--;
        }
      }
      return balance >= 0 ? perm : null;
    }

    private Value untransposed(Value v, int[] perm, int[] back) {
      Origin o = origins.get(v);
      if (o != null && java.util.Arrays.equals(o.perm(), perm)) {
        return o.value();
      }
      if (v.isConstant()) {
        return Value.constant(v.name(), Transposition.constant(v.constant(), back));
      }
      Value u = Value.of(v.name() + "@back", Transposition.shape(v.shape(), back), v.integer());
      r.add(transposeNode(u.name(), v, back, u));
      return u;
    }
  }
}
