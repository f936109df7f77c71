package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.NodeProto;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Operators of ONNX Runtime that its optimiser puts in place of several of ONNX's own, as functions
 * of these. Files that it saved at the level "extended" have them, and those of its optimiser for
 * transformers.
 */
final class Fused extends Composed {
  /** Activations behind sums, and how many parameters each has. */
  private static final Map<String, Integer> ACTIVATIONS =
      Map.of("Relu", 0, "Sigmoid", 0, "Tanh", 0, "LeakyRelu", 1, "Clip", 2, "HardSigmoid", 2);

  private Fused(String name, String inputs) {
    super(name, inputs);
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    all.put("SimplifiedLayerNormalization", n -> simplifiedNorm());
    all.put(RUNTIME + ".Attention", Fused::attention);
    all.put(RUNTIME + ".BiasGelu", n -> gelu("BiasGelu", n, "none"));
    all.put(RUNTIME + ".FastGelu", n -> gelu("FastGelu", n, "tanh"));
    all.put(RUNTIME + ".FusedConv", Fused::conv);
    all.put(RUNTIME + ".FusedGemm", Fused::gemm);
    all.put(RUNTIME + ".FusedMatMul", n -> matMul("FusedMatMul", n));
    all.put(RUNTIME + ".Gelu", n -> gelu("Gelu", n, "none"));
    all.put(RUNTIME + ".MultiHeadAttention", Fused::multiHeadAttention);
    all.put(RUNTIME + ".QuickGelu", Fused::quickGelu);
    all.put(RUNTIME + ".SkipLayerNormalization", Fused::skipLayerNorm);
    all.put(RUNTIME + ".SkipSimplifiedLayerNormalization", Fused::skipSimplifiedNorm);
    all.put(RUNTIME + ".TransposeMatMul", n -> matMul("TransposeMatMul", n));
  }

  /**
   * Whether the operator does what ONNX's own do not: activations that are not known here, masks
   * and caches of sequences, batches along another axis.
   */
  static boolean isOther(NodeProto n) {
    return switch (name(n)) {
      case RUNTIME + ".FusedConv", RUNTIME + ".FusedGemm" -> isOtherActivation(n);
      case RUNTIME + ".FusedMatMul", RUNTIME + ".TransposeMatMul" ->
          integer(n, "transBatchA", 0) != 0 || integer(n, "transBatchB", 0) != 0;
      case RUNTIME + ".Attention" -> isOtherAttention(n, 3, 4, 6);
      case RUNTIME + ".QAttention" -> isOtherAttention(n, 5, 8);
      case RUNTIME + ".MultiHeadAttention" ->
          !has(n, 1) || !has(n, 2) || isOtherAttention(n, 4, 6, 7, 8, 9);
      default -> false;
    };
  }

  private static boolean isOtherActivation(NodeProto n) {
    String activation = activation(n);
    return activation != null
        && parameters(n).size() < ACTIVATIONS.getOrDefault(activation, Integer.MAX_VALUE);
  }

  /** Parameters of the activation. */
  private static List<Float> parameters(NodeProto n) {
    if (n.getOpType().equals("FusedGemm")) {
      return Stream.of("activation_alpha", "activation_beta")
          .filter(a -> attribute(n, a) != null)
          .map(a -> real(n, a, 0))
          .toList();
    }
    AttributeProto all = attribute(n, "activation_params");
    return all == null ? List.of() : all.getFloatsList();
  }

  /** The activations that are known. */
  static String activations() {
    return String.join(", ", new TreeSet<>(ACTIVATIONS.keySet()));
  }

  /**
   * Whether it masks or caches, or has queries of another size than keys.
   *
   * @param inputs that only such have
   */
  private static boolean isOtherAttention(NodeProto n, int... inputs) {
    List<Long> sizes = sizes(n);
    return Arrays.stream(inputs).anyMatch(i -> has(n, i))
        || n.getOutputList().stream().skip(1).anyMatch(y -> !y.isEmpty())
        || !sizes.isEmpty() && (sizes.size() != 3 || !sizes.get(0).equals(sizes.get(1)))
        || integer(n, "do_rotary", 0) != 0
        || integer(n, "unidirectional", 0) != 0;
  }

  /** Of queries, keys and values; empty where all are the same. */
  private static List<Long> sizes(NodeProto n) {
    AttributeProto sizes = attribute(n, "qkv_hidden_sizes");
    return sizes == null ? List.of() : sizes.getIntsList();
  }

  /** The activation's name; null where there is none. */
  private static String activation(NodeProto n) {
    AttributeProto a = attribute(n, "activation");
    return a == null || a.getS().isEmpty() ? null : a.getS().toStringUtf8();
  }

  /** Convolution, plus Z where that is given, under an activation. */
  private static Fused conv(NodeProto n) {
    var f = new Fused("FusedConv", "X W B Z");
    f.node("Conv", has(n, 2) ? "X W B" : "X W", "sums");
    f.passed("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");
    if (has(n, 3)) {
      f.node("Add", "sums Z", "both");
    }
    return f.activated(n, has(n, 3) ? "both" : "sums");
  }

  private static Fused gemm(NodeProto n) {
    var f = new Fused("FusedGemm", "A B C");
    f.node("Gemm", has(n, 2) ? "A B C" : "A B", "sums");
    f.passed("alpha", "beta", "transA", "transB");
    return f.activated(n, "sums");
  }

  private static Fused matMul(String name, NodeProto n) {
    var f = new Fused(name, "A B");
    String left = f.turned("A", integer(n, "transA", 0) != 0);
    String right = f.turned("B", integer(n, "transB", 0) != 0);
    float alpha = real(n, "alpha", 1);
    f.node("MatMul", left + " " + right, alpha == 1 ? "Y" : "product");
    if (alpha != 1) {
      f.number("alpha", alpha);
      f.node("Mul", "product alpha", "Y");
    }
    f.outputs("Y");
    return f;
  }

  /** Matrices with their axes exchanged. */
  private String turned(String matrices, boolean turned) {
    if (!turned) {
      return matrices;
    }
    node("Einsum", matrices, matrices + "_turned").given("equation", "...ij->...ji");
    return matrices + "_turned";
  }

  /** The activation that the node names, as Y. */
  private Fused activated(NodeProto n, String x) {
    String activation = activation(n);
    List<Float> parameters = parameters(n);
    switch (activation) {
      case null -> node("Identity", x, "Y");
      case "Clip" -> {
        number("least", parameters.get(0));
        number("most", parameters.get(1));
        node("Clip", x + " least most", "Y");
      }
      case "LeakyRelu" -> node(activation, x, "Y").given("alpha", parameters.get(0));
      case "HardSigmoid" ->
          node(activation, x, "Y")
              .given("alpha", parameters.get(0))
              .given("beta", parameters.get(1));
      default -> node(activation, x, "Y");
    }
    outputs("Y");
    return this;
  }

  private static Fused gelu(String name, NodeProto n, String approximate) {
    var f = new Fused(name, "A B");
    if (has(n, 1)) {
      f.node("Add", "A B", "sums");
    }
    f.node("Gelu", has(n, 1) ? "sums" : "A", "Y").given("approximate", approximate);
    f.outputs("Y");
    return f;
  }

  private static Fused quickGelu(NodeProto n) {
    var f = new Fused("QuickGelu", "X");
    f.node("Swish", "X", "Y").given("alpha", real(n, "alpha", 1.702f));
    f.outputs("Y");
    return f;
  }

  private static Fused simplifiedNorm() {
    var f = new Fused("SimplifiedLayerNormalization", "X scale");
    f.node("RMSNormalization", "X scale", "Y").passed("axis", "epsilon");
    f.outputs("Y inv_std_var");
    return f;
  }

  private static Fused skipLayerNorm(NodeProto n) {
    var f = new Fused("SkipLayerNormalization", "input skip gamma beta bias");
    f.skipped(has(n, 4));
    f.node("LayerNormalization", has(n, 3) ? "sum gamma beta" : "sum gamma", "output");
    return f.normed(n);
  }

  private static Fused skipSimplifiedNorm(NodeProto n) {
    var f = new Fused("SkipSimplifiedLayerNormalization", "input skip gamma bias");
    f.skipped(has(n, 3));
    f.node("RMSNormalization", "sum gamma", "output");
    return f.normed(n);
  }

  private void skipped(boolean biased) {
    if (biased) {
      node("Add", "input bias", "biased");
    }
    node("Add", (biased ? "biased" : "input") + " skip", "sum");
  }

  /** With the sum as the last output. */
  private Fused normed(NodeProto n) {
    given("epsilon", real(n, "epsilon", 1e-12f));
    outputs("output mean inv_std_var sum");
    return this;
  }

  /** Queries, keys and values by one product with weights. */
  private static Fused attention(NodeProto n) {
    var f =
        new Fused(
            "Attention", "input weights bias mask_index past attention_bias past_sequence_length");
    f.node("MatMul", "input weights", "product");
    if (has(n, 2)) {
      f.node("Add", "product bias", "all");
    }
    String all = has(n, 2) ? "all" : "product";
    if (!sizes(n).isEmpty()) {
      f.integers("sizes", sizes(n).stream().mapToLong(Long::longValue).toArray());
      all += " sizes";
    }
    f.node("Split", all, "query key value").given("axis", -1);
    return f.attended(n, "query key value", has(n, 5));
  }

  private static Fused multiHeadAttention(NodeProto n) {
    var f =
        new Fused(
            "MultiHeadAttention",
            "query key value bias key_padding_mask attention_bias past_key past_value"
                + " past_sequence_length cache_indirection");
    if (!has(n, 3)) {
      return f.attended(n, "query key value", has(n, 5));
    }
    f.node("Shape", "key", "size").given("start", -1);
    f.node("Shape", "value", "other_size").given("start", -1);
    f.node("Concat", "size size other_size", "sizes").given("axis", 0);
    f.node("Split", "bias sizes", "query_bias key_bias value_bias").given("axis", -1);
    f.node("Add", "query query_bias", "queries");
    f.node("Add", "key key_bias", "keys");
    f.node("Add", "value value_bias", "values");
    return f.attended(n, "queries keys values", has(n, 5));
  }

  private Fused attended(NodeProto n, String inputs, boolean biased) {
    node("Attention", biased ? inputs + " attention_bias" : inputs, "output");
    given("q_num_heads", integer(n, "num_heads", 0))
        .given("kv_num_heads", integer(n, "num_heads", 0));
    if (attribute(n, "scale") != null && real(n, "scale", 0) != 0) {
      given("scale", real(n, "scale", 0));
    }
    outputs("output present present_value qk");
    return this;
  }
}
