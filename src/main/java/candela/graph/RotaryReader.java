package candela.graph;

import candela.device.Binary;
import candela.graph.op.Concat;
import candela.graph.op.Slice;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.Arrays;

/**
 * Reader of RotaryEmbedding (opset 23): pairs of elements turned by angles that tell where a token
 * is.
 */
final class RotaryReader {
  private final Call c;

  /** [N,heads,tokens,size] */
  private final Value x;

  /** Pairs that are turned. */
  private final int pairs;

  private final boolean interleaved;

  private RotaryReader(Call c, Value x) {
    this.c = c;
    this.x = x;
    interleaved = c.integer("interleaved", 0) != 0;
    int size = x.shape().dim(3);
    int given = c.small("rotary_embedding_dim", 0);
    int turned = given == 0 ? size : given;
    pairs = turned / 2;
    if (turned < 2 || turned > size || turned % 2 != 0) {
      throw CandelaException.of(
          "%d of %d elements are to be turned; an even number of them expected", turned, size);
    }
  }

  static Value read(Call c) {
    Value x = c.x(0);
    Shape s = x.shape();
    int heads = c.small("num_heads", 0);
    boolean flat = s.rank() == 3;
    if (!flat && s.rank() != 4 || flat && (heads < 1 || s.dim(2) % heads != 0)) {
      throw CandelaException.of("input %s; %d heads do not fit", s, heads);
    }
    if (!flat) {
      return new RotaryReader(c, x).turned();
    }
    Value apart = c.reshape(x, s.dim(0), s.dim(1), heads, s.dim(2) / heads);
    Value y = new RotaryReader(c, c.transpose(apart, 0, 2, 1, 3)).turned();
    return c.reshape(c.transpose(y, 0, 2, 1, 3), s.dims());
  }

  private Value turned() {
    Value cos = angles(1, "cos_cache");
    Value sin = angles(2, "sin_cache");
    Value a = part(0, interleaved ? 2 : 1, pairs);
    Value b = part(interleaved ? 1 : pairs, interleaved ? 2 : 1, pairs);
    Value left = c.binary(Binary.SUB, c.binary(Binary.MUL, a, cos), c.binary(Binary.MUL, b, sin));
    Value right = c.binary(Binary.ADD, c.binary(Binary.MUL, a, sin), c.binary(Binary.MUL, b, cos));
    Value y = interleaved ? woven(left, right) : c.add(new Concat(3), left, right);
    int rest = x.shape().dim(3) - 2 * pairs;
    return rest == 0 ? y : c.add(new Concat(3), y, part(2 * pairs, 1, rest));
  }

  private Value part(int from, int step, int count) {
    Shape to = x.shape().with(3, count);
    return c.add(new Slice(new int[] {0, 0, 0, from}, new int[] {1, 1, 1, step}, to.dims()), x);
  }

  private Value woven(Value left, Value right) {
    Shape each = left.shape().inserted(4, 1);
    Value both = c.add(new Concat(4), c.reshape(left, each.dims()), c.reshape(right, each.dims()));
    return c.reshape(both, left.shape().with(3, 2 * pairs).dims());
  }

  /** Of each token, be they the same for all images or not: [N or 1,1,tokens,pairs]. */
  private Value angles(int i, String what) {
    Value t = c.x(i);
    if (c.has(3)) {
      OnnxTensor places = c.constant(3, "position_ids");
      if (places.shape().rank() != 2 || t.shape().rank() != 2) {
        throw CandelaException.of(
            "position_ids %s do not fit the %s %s", places.shape(), what, t.shape());
      }
      Value rows = IndexReaders.picked(c, t, 0, IndexReaders.places(places, t.shape(), 0));
      int[] to = Arrays.copyOf(places.shape().dims(), 3);
      to[2] = t.shape().dim(1);
      t = c.reshape(rows, to);
    }
    Shape s = t.shape();
    boolean fits =
        s.rank() == 3
            && (s.dim(0) == 1 || s.dim(0) == x.shape().dim(0))
            && s.dim(1) == x.shape().dim(2)
            && s.dim(2) == pairs;
    if (!fits) {
      throw CandelaException.of("the %s is %s for %d pairs of %s", what, s, pairs, x.shape());
    }
    return c.reshape(t, s.inserted(1, 1).dims());
  }
}
