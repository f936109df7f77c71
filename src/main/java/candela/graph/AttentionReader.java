package candela.graph;

import candela.device.Binary;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.graph.op.Expand;
import candela.graph.op.Softmax;
import candela.graph.op.Where;
import candela.tensor.CandelaException;
import candela.tensor.Shape;

/** Reader of Attention (opset 23): softmax(scale q kᵀ + mask) v, of as many heads as there are. */
final class AttentionReader {
  /** No bound of a window. */
  private static final long NONE = Integer.MAX_VALUE;

  private final Call c;

  private AttentionReader(Call c) {
    this.c = c;
  }

  static Value read(Call c) {
    c.only(1, "only the result of an attention is supported");
    c.ignore("softmax_precision", "qk_matmul_output_mode");
    for (int i = 4; i < c.inputs(); i++) {
      if (c.has(i)) {
        throw CandelaException.of("cached keys and lengths are not supported");
      }
    }
    return new AttentionReader(c).run();
  }

  private Value run() {
    boolean flat = c.x(0).shape().rank() == 3;
    int heads = c.small("q_num_heads", 0);
    int pairs = c.small("kv_num_heads", 0);
    Value q = heads(0, heads, flat);
    Value k = heads(1, pairs, flat);
    Value v = heads(2, pairs, flat);
    int size = q.shape().dim(3);
    float scale = c.real("scale", (float) (1 / Math.sqrt(size)));
    k = repeated(k, q.shape().dim(1));
    v = repeated(v, q.shape().dim(1));
    Value s = MatrixReaders.product(c, q, c.transpose(k, 0, 1, 3, 2));
    s = c.add(new Elementwise(Unary.LINEAR, scale, 0), s);
    float cap = c.real("softcap", 0);
    if (cap != 0) {
      Value low = c.add(new Elementwise(Unary.LINEAR, 1 / cap, 0), s);
      Value curved = c.add(new Elementwise(Unary.TANH), low);
      s = c.add(new Elementwise(Unary.LINEAR, cap, 0), curved);
    }
    Value y = MatrixReaders.product(c, weights(s), v);
    if (!flat) {
      return y;
    }
    Shape t = y.shape();
    return c.reshape(c.transpose(y, 0, 2, 1, 3), t.dim(0), t.dim(2), t.dim(1) * t.dim(3));
  }

  /** Input i as [N,heads,tokens,size]. */
  private Value heads(int i, int heads, boolean flat) {
    Value x = c.x(i);
    Shape s = x.shape();
    if (s.rank() != (flat ? 3 : 4) || (flat && (heads < 1 || s.dim(2) % heads != 0))) {
      throw CandelaException.of("input %d is %s; %d heads do not fit", i, s, heads);
    }
    return flat
        ? c.transpose(c.reshape(x, s.dim(0), s.dim(1), heads, s.dim(2) / heads), 0, 2, 1, 3)
        : x;
  }

  /** Each head of keys or values as often as queries share it. */
  private Value repeated(Value x, int heads) {
    Shape s = x.shape();
    int times = s.dim(1) == 0 ? 0 : heads / s.dim(1);
    if (times * s.dim(1) != heads) {
      throw CandelaException.of("%d heads of keys for %d of queries", s.dim(1), heads);
    }
    if (times == 1) {
      return x;
    }
    Value one = c.reshape(x, s.dim(0), s.dim(1), 1, s.dim(2), s.dim(3));
    Value all = c.add(new Expand(one.shape().with(2, times)), one);
    return c.reshape(all, s.dim(0), heads, s.dim(2), s.dim(3));
  }

  /**
   * A mask of numbers is added, one of truth values chooses, and so do a window and what is −∞ in a
   * mask. A query that may see no key has no weights: its softmax, which is none, gives way to 0.
   */
  private Value weights(Value scores) {
    Value s = scores;
    Value seen = null;
    if (c.has(3)) {
      Value mask = c.lifted(c.x(3), 4);
      seen = mask.integer() ? mask : finite(mask);
      s = mask.integer() ? s : c.binary(Binary.ADD, s, mask);
    }
    boolean chosen = seen != null;
    long left = bound("left_window_size");
    long right = Math.min(bound("right_window_size"), c.integer("is_causal", 0) != 0 ? 0 : NONE);
    if (Math.min(left, right) < NONE) {
      Value near = near(s.shape().dim(2), s.shape().dim(3), left, right);
      seen = chosen ? c.binary(Binary.AND, seen, near) : near;
    }
    if (seen == null) {
      return softmax(s);
    }
    Value least = number(Float.NEGATIVE_INFINITY);
    Value p = softmax(c.add(new Where(), seen, s, least));
    return chosen || left < NONE ? c.add(new Where(), seen, p, number(0)) : p;
  }

  /** Under a name of its own: the operator's output has the file's. */
  private Value softmax(Value scores) {
    Value p = c.add(new Softmax(false), scores);
    c.builder().bind(c.node().outputs().getFirst() + " weights", p);
    return p;
  }

  /** Where a mask is above −∞; null where that is known to be all over. */
  private Value finite(Value mask) {
    boolean open = !mask.isConstant();
    for (float v : open ? new float[0] : mask.constant().floats()) {
      open |= v == Float.NEGATIVE_INFINITY;
    }
    return open ? c.binary(Binary.GREATER, mask, number(Float.NEGATIVE_INFINITY)) : null;
  }

  /** How many keys a query sees on one side of its own; all by default. */
  private long bound(String attribute) {
    long keys = c.integer(attribute, -1);
    return keys < 0 ? NONE : keys;
  }

  private Value number(float value) {
    return c.of(Shape.of(1, 1, 1, 1), value);
  }

  private Value near(int queries, int keys, long left, long right) {
    c.builder().make(Math.multiplyExact(queries, keys));
    long[] seen = new long[queries * keys];
    for (int i = 0; i < seen.length; i++) {
      long ahead = i % keys - i / keys;
      seen[i] = -left <= ahead && ahead <= right ? 1 : 0;
    }
    return c.of(Shape.of(1, 1, queries, keys), seen);
  }
}
