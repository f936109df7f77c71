package candela.graph;

import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
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

  private final Map<String, Shape> two;
  private final boolean images;

  CancelTransposes() {
    this(Map.of(), false);
  }

  /**
   * @param two shapes that values have for two images, by name, where the graph is one for one
   * @param images whether what has images along its first axis keeps them there, as rules need that
   *     compare rows
   */
  CancelTransposes(Map<String, Shape> two, boolean images) {
    this.two = two;
    this.images = images;
  }

  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    BatchAxis batch = images ? BatchAxis.of(graph) : null;
    return new Walk(graph, Rewrite.held(graph, keep), new SingleImage(graph, two), batch).run();
  }

  private static final class Walk {
    private final Graph graph;
    private final Rewrite r;
    private final Map<Value, Origin> origins = new IdentityHashMap<>();
    private final Map<Value, List<Node>> readers;
    private final Set<Value> kept;
    private final SingleImage image;

    /** Null where images may lie along any axis. */
    private final BatchAxis batch;

    /** Transposed values that are held by one whose gradient is not theirs alone. */
    private final Set<Value> shared = new HashSet<>();

    Walk(Graph graph, Set<Value> kept, SingleImage image, BatchAxis batch) {
      this.graph = graph;
      this.kept = kept;
      this.r = new Rewrite(graph);
      this.image = image;
      this.batch = batch;
      readers = Rewrite.readers(graph);
    }

    Graph run() {
      for (Node old : graph.nodes()) {
        Node n = r.now(old);
        if (n.op() instanceof Transpose t) {
          boolean alone = alone(old.input(0));
          if (kept.contains(n.output()) && !alone) {
            r.add(n);
            continue;
          }
          if (!alone) {
            shared.add(n.output());
          }
          transpose(n, t);
        } else if (!(n.op() instanceof Reshape ? regroup(n) : sink(n))) {
          r.add(n);
        }
      }
      return r.finish();
    }

    /** Whether what flows back to the value that holds v comes through one reader of v alone. */
    private boolean alone(Value v) {
      return readers.get(v).size() == 1 && !graph.outputs().contains(v) && !shared.contains(v);
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
      image.held(u, v, perm);
      r.moved(v, u, perm);
    }

    private Node transposeNode(String name, Value u, int[] perm, Value y) {
      boolean keeps = Transposition.keepsOrder(image.doubled(u), perm);
      Op op = keeps ? new Reshape(y.shape()) : new Transpose(perm);
      return new Node(name, op, List.of(u), y);
    }

    /**
     * Reshapes before the transpose instead of after. Pieces that are joined to one axis must lie
     * side by side: where they do not, they are brought together at the place of the foremost.
     */
    private boolean regroup(Node n) {
      Origin o = origins.get(n.input(0));
      Regrouping g = o == null ? null : regrouping(n.input(0), n.output());
      if (g == null
          || g.pieces().size() > ReshapeFirst.MOST_AXES
          || !g.lies(o.perm, o.value.shape())) {
        return false;
      }
      ReshapeFirst first = ReshapeFirst.of(g, o.perm, n.output().shape());
      Value y = n.output();
      List<Node> next = readers.getOrDefault(y, List.of());
      if (first.moves()
          && (next.isEmpty() || !next.stream().allMatch(m -> welcomes(m, first.perm())))) {
        return false;
      }
      Value u = o.value;
      if (first.moves()) {
        Value split = Value.of(y.name() + "@split", first.split(), y.integer());
        r.add(new Node(n.name(), new Reshape(first.split()), List.of(u), split));
        Shape joined = Transposition.shape(first.split(), first.order());
        u = Value.of(y.name() + "@together", joined, y.integer());
        r.add(new Node(n.name(), new Transpose(first.order()), List.of(split), u));
      }
      if (Transposition.isIdentity(first.perm())) {
        r.add(new Node(n.name(), new Reshape(first.held()), List.of(u), y));
        return true;
      }
      Value h = Value.of(y.name(), first.held(), y.integer());
      r.add(new Node(n.name(), new Reshape(first.held()), List.of(u), h));
      remember(y, h, first.perm());
      r.add(transposeNode(y.name() + "@transposed", h, first.perm(), y));
      return true;
    }

    private Regrouping regrouping(Value x, Value y) {
      SingleImage.At from = image.in(x);
      SingleImage.At to = image.in(y);
      return from == null || to == null
          ? Regrouping.of(x.shape(), y.shape())
          : Regrouping.of(x.shape(), from, y.shape(), to);
    }

    /** Whether n takes a transposed input as gladly as a plain one. */
    private static boolean welcomes(Node n, int[] perm) {
      return n.op() instanceof Transpose
          || n.op() instanceof Reshape
          || n.op().permuted(Transposition.inverse(perm)) != null;
    }

    /**
     * Applies n before the transposes of its inputs instead of after; false when that does not pay.
     */
    private boolean sink(Node n) {
      int[] perm = commonPerm(n);
      if (perm == null || leavesImages(n.output()) && perm[0] != 0) {
        return false;
      }
      int[] back = Transposition.inverse(perm);
      Op op = n.op().permuted(back);
      if (op == null) {
        return false;
      }
      List<Value> inputs = new ArrayList<>();
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        boolean turned = n.op().isPermuted(i) && v.shape().rank() == perm.length;
        inputs.add(turned ? untransposed(v, perm, back) : v);
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

    /** Whether v must keep its first axis, along which images lie. */
    private boolean leavesImages(Value v) {
      SingleImage.At at = image.in(v);
      return batch != null && (at == null ? batch.isFirst(v) : at.isFirst());
    }

    /**
     * The permutation that most inputs come through, or null when undoing it for the others costs
     * more.
     */
    private int[] commonPerm(Node n) {
      int[] perm = null;
      boolean moves = false;
      for (Value v : n.inputs()) {
        Origin o = v == null ? null : origins.get(v);
        if (o != null && !moves) {
          moves = !Transposition.keepsOrder(image.doubled(o.value()), o.perm());
          perm = perm == null || moves ? o.perm() : perm;
        }
      }
      if (perm == null) {
        return null;
      }
      int balance = 0;
      for (int i = 0; i < n.inputs().size(); i++) {
        Value v = n.input(i);
        if (v == null) {
          return null;
        }
        if (!n.op().isPermuted(i)) {
          continue;
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
        if (o != null && Arrays.equals(o.perm(), perm)) {
          balance += moves ? 1 : 0;
        } else if (!Transposition.keepsOrder(image.doubled(v), Transposition.inverse(perm))) {
          balance--;
        }
      }
      return balance >= 0 ? perm : null;
    }

    private Value untransposed(Value v, int[] perm, int[] back) {
      Origin o = origins.get(v);
      if (o != null && Arrays.equals(o.perm(), perm)) {
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
