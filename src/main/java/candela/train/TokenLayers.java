package candela.train;

import candela.onnx.OnnxAttribute;
import candela.tensor.Shape;
import candela.train.Layers.Out;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Layers of transformers, over tokens [tokens,width].
 *
 * <p><i>Source</i> of the initial values: normal with deviation 0.02 (Dosovitskiy et al. 2020).
 */
final class TokenLayers {
  private final ModelDraft draft;

  TokenLayers(ModelDraft draft) {
    this.draft = draft;
  }

  /** Over the last axis. */
  Out layerNorm(Out x) {
    String id = draft.id("norm");
    int width = x.shape().dim(-1);
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(draft.constant(id + ".scale", 1, width));
    in.add(draft.constant(id + ".shift", 0, width));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("epsilon", new OnnxAttribute.Float(1e-6f));
    return draft.node(id, "LayerNormalization", x.shape(), in, a);
  }

  /** tokens[t,width] times a matrix plus a bias. */
  Out linear(Out x, int out) {
    String id = draft.id("linear");
    String weight = draft.normal(id + ".weight", 0.02, x.shape().dim(1), out);
    String bias = draft.constant(id + ".bias", 0, out);
    Shape y = Shape.of(x.shape().dim(0), out);
    Out product = draft.node(id, "MatMul", y, List.of(x.name(), weight), Map.of());
    return draft.node(id + ".add", "Add", y, List.of(product.name(), bias), Map.of());
  }

  /** Images [c,h,w] as tokens [h*w,c]. */
  Out tokens(Out x) {
    Shape s = x.shape();
    Out flat = reshape(x, s.dim(0), s.dim(1) * s.dim(2));
    return transpose(flat, 0, 2, 1);
  }

  /** Adds a learnt value to every element of every image. */
  Out position(Out x) {
    String id = draft.id("position");
    int[] dims = x.shape().dims();
    String p = draft.normal(id + ".weight", 0.02, 1, dims[0], dims[1]);
    return draft.node(id, "Add", x.shape(), List.of(x.name(), p), Map.of());
  }

  /** Self-attention of tokens with some heads, and the projection behind it. */
  Out attention(Out x, int heads) {
    int t = x.shape().dim(0);
    int width = x.shape().dim(1);
    int each = width / heads;
    Out[] parts = new Out[3];
    for (int i = 0; i < 3; i++) {
      Out split = reshape(linear(x, width), t, heads, each);
      // Keys are turned so that their product with queries is over the features.
      parts[i] = i == 1 ? transpose(split, 0, 2, 3, 1) : transpose(split, 0, 2, 1, 3);
    }
    Shape square = Shape.of(heads, t, t);
    Out weights = draft.node("MatMul", square, names(parts[0], parts[1]), Map.of());
    String scale = draft.scalar((float) (1 / Math.sqrt(each)));
    weights = draft.node("Mul", square, List.of(weights.name(), scale), Map.of());
    Map<String, OnnxAttribute> axis = new LinkedHashMap<>();
    axis.put("axis", new OnnxAttribute.Int(-1));
    weights = draft.node("Softmax", square, List.of(weights.name()), axis);
    Out mixed = draft.node("MatMul", Shape.of(heads, t, each), names(weights, parts[2]), Map.of());
    return linear(reshape(transpose(mixed, 0, 2, 1, 3), t, width), width);
  }

  /** The mean of all tokens. */
  Out mean(Out x) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("keepdims", new OnnxAttribute.Int(0));
    String axes = draft.integers(1);
    return draft.node("ReduceMean", Shape.of(x.shape().dim(1)), List.of(x.name(), axes), a);
  }

  private static List<String> names(Out a, Out b) {
    return List.of(a.name(), b.name());
  }

  private Out reshape(Out x, int... dims) {
    long[] target = new long[dims.length + 1];
    // 0 keeps the batch as it is.
    for (int i = 0; i < dims.length; i++) {
      target[i + 1] = dims[i];
    }
    return draft.node(
        "Reshape", Shape.of(dims), List.of(x.name(), draft.integers(target)), Map.of());
  }

  private Out transpose(Out x, Integer... perm) {
    int[] dims = new int[perm.length - 1];
    List<Long> longs = new ArrayList<>();
    for (int i = 0; i < perm.length; i++) {
      longs.add((long) perm[i]);
      if (i > 0) {
        dims[i - 1] = x.shape().dim(perm[i] - 1);
      }
    }
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("perm", new OnnxAttribute.Ints(longs));
    return draft.node("Transpose", Shape.of(dims), List.of(x.name()), a);
  }
}
