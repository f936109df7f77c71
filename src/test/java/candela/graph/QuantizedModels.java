package candela.graph;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Models of the operators on quantised tensors: x, between -4 and 4, is quantised, the operator
 * applied, and what comes of it dequantised as y.
 *
 * @param fine whether levels have 16 bits, which ONNX Runtime's operators do not take
 */
record QuantizedModels(boolean fine) {
  static final int INT8 = 3;
  static final int UINT8 = 2;
  private static final int INT16 = 5;
  private static final int UINT16 = 4;
  private static final int INT32 = 6;

  /** Images of 3 × 5 × 5; dynamic quantisation takes one. */
  static final int BATCH = 2;

  /** Of what comes of the operators. */
  static final float STEP = .07f;

  /** Of x too, where levels are fine. */
  private static final float FINE = 1 / 4096f;

  /** x as xq; ys and yz are scale and zero point of what comes of it. */
  SmallModel input() {
    SmallModel m = new SmallModel(13, BATCH, 3, 5, 5);
    m.scalar("xs", fine ? FINE : .031f);
    m.integers("xz", fine ? UINT16 : UINT8, new long[0], fine ? 32_768 : 128);
    m.scalar("ys", fine ? FINE : STEP);
    m.integers("yz", fine ? INT16 : UINT8, new long[0], fine ? 3 : 131);
    return m.node("QuantizeLinear", "x xs xz", "xq");
  }

  static SmallModel read(SmallModel m, String levels) {
    return m.node("DequantizeLinear", levels + " ys yz", "y");
  }

  private static int[] levels(int count, int range, int seed) {
    Random r = new Random(seed);
    return r.ints(count, -range, range + 1).toArray();
  }

  private static int[] levels(int count, int from, int to, int seed) {
    return new Random(seed).ints(count, from, to).toArray();
  }

  /** Four filters, each with a scale. */
  static SmallModel filters(SmallModel m) {
    m.integers("w", INT8, new long[] {4, 3, 3, 3}, levels(108, 60, 1));
    m.floats("ws", new long[] {4}, 1 / 1024f, 1 / 2048f, 1 / 512f, 1 / 1024f);
    return m.integers("wz", INT8, new long[] {4}, 0, 0, 0, 0);
  }

  /** u, a row for each channel, as y, a row for each image. */
  private static SmallModel rows(SmallModel m) {
    return m.longs("rows", new long[] {2}, BATCH, -1).node("Reshape", "u rows", "y");
  }

  Map<String, SmallModel> all() {
    Map<String, SmallModel> all = new LinkedHashMap<>();
    long[] pads = {1, 0, 1, 2};
    long[] strides = {2, 1};
    all.put(
        "QLinearConv, biased",
        read(
            filters(input())
                .integers("b", INT32, new long[] {4}, 30_000, -20_000, 9_000, 0)
                .node(
                    "QLinearConv",
                    "xq xs xz w ws wz ys yz b",
                    "c",
                    "pads",
                    pads,
                    "strides",
                    strides),
            "c"));
    all.put(
        "QLinearConv",
        read(filters(input()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c"), "c"));
    SmallModel right = input().integers("w", UINT8, new long[] {5, 4}, levels(20, 90, 170, 2));
    right.scalar("ws", 1 / 64f).integers("wz", UINT8, new long[0], 127);
    all.put("QLinearMatMul", read(right.node("QLinearMatMul", "xq xs xz w ws wz ys yz", "c"), "c"));
    SmallModel conv = input().integers("w", UINT8, new long[] {4, 3, 2, 2}, levels(48, 0, 40, 3));
    conv.integers("wz", UINT8, new long[0], 20).scalar("s", 1 / 512f);
    conv.node("ConvInteger", "xq w xz wz", "i", "pads", pads).node("Cast", "i", "f", "to", 1);
    all.put("ConvInteger", conv.node("Mul", "f s", "y"));
    SmallModel product = input().integers("w", UINT8, new long[] {5, 4}, levels(20, 0, 40, 4));
    product.integers("wz", UINT8, new long[] {4}, 20, 10, 30, 0).scalar("s", 1 / 512f);
    product.node("MatMulInteger", "xq w xz wz", "i").node("Cast", "i", "f", "to", 1);
    all.put("MatMulInteger", product.node("Mul", "f s", "y"));
    SmallModel plain = input().integers("w", UINT8, new long[] {5, 4}, levels(20, 0, 40, 5));
    plain.node("MatMulInteger", "xq w", "i").node("Cast", "i", "f", "to", 1);
    all.put("MatMulInteger, no zero points", plain.scalar("s", 1e-4f).node("Mul", "f s", "y"));
    SmallModel of = new SmallModel(13, 1, 3, 5, 5);
    of.node("DynamicQuantizeLinear", "x", "q s z").node("DequantizeLinear", "q s z", "y");
    all.put("DynamicQuantizeLinear", of);
    String runtime = "com.microsoft.";
    all.put(
        runtime + "DequantizeLinear", input().node(runtime + "DequantizeLinear", "xq xs xz", "y"));
    all.put(
        runtime + "QuantizeLinear",
        read(input().node(runtime + "QuantizeLinear", "x ys yz", "c"), "c"));
    for (String op : new String[] {"QLinearAdd", "QLinearMul"}) {
      SmallModel m = input().node("Tanh", "x", "e");
      m.node("QuantizeLinear", "e ys yz", "eq").node(runtime + op, "xq xs xz eq ys yz ys yz", "c");
      all.put(runtime + op, read(m, "c"));
    }
    all.put(
        runtime + "QLinearSigmoid",
        read(input().node(runtime + "QLinearSigmoid", "xq xs xz ys yz", "c"), "c"));
    SmallModel leaky = input();
    leaky.node(runtime + "QLinearLeakyRelu", "xq xs xz ys yz", "c", "alpha", .25f);
    all.put(runtime + "QLinearLeakyRelu", read(leaky, "c"));
    SmallModel softmax = input();
    softmax.node(runtime + "QLinearSoftmax", "xq xs xz zs zz", "c", "axis", 3, "opset", 13);
    softmax.scalar("zs", fine ? 1 / 65_536f : 1 / 256f);
    softmax.integers("zz", fine ? UINT16 : UINT8, new long[0], 0);
    all.put(runtime + "QLinearSoftmax", softmax.node("DequantizeLinear", "c zs zz", "y"));
    SmallModel global = input();
    global.node(runtime + "QLinearGlobalAveragePool", "xq xs xz ys yz", "c", "channels_last", 0);
    all.put(runtime + "QLinearGlobalAveragePool", read(global, "c"));
    SmallModel pool = input();
    pool.node(
        runtime + "QLinearAveragePool",
        "xq xs xz ys yz",
        "c",
        "kernel_shape",
        new long[] {3, 2},
        "strides",
        strides);
    all.put(runtime + "QLinearAveragePool", read(pool, "c"));
    SmallModel joined = input().node("Tanh", "x", "t").node("QuantizeLinear", "t ys yz", "tq");
    joined.node(runtime + "QLinearConcat", "ys yz xq xs xz tq ys yz", "c", "axis", 1);
    all.put(runtime + "QLinearConcat", read(joined, "c"));
    for (int transposed = 0; transposed < 2; transposed++) {
      long[] shape = transposed == 0 ? new long[] {25, 4} : new long[] {4, 25};
      SmallModel m =
          input().longs("flat", new long[] {2}, BATCH * 3, 25).node("Reshape", "xq flat", "rq");
      m.integers("w", INT8, shape, levels(100, 30, 6)).scalar("ws", 1 / 256f);
      m.integers("wz", INT8, new long[0], 0);
      if (transposed == 0) {
        m.integers("b", INT32, new long[] {4}, 30_000, -20_000, 9_000, 0);
        m.node(runtime + "QGemm", "rq xs xz w ws wz b ys yz", "c", "transB", 0, "alpha", .5f);
        m.node("DequantizeLinear", "c ys yz", "u");
        all.put(runtime + "QGemm, biased", rows(m));
      } else {
        m.node(runtime + "QGemm", "rq xs xz w ws wz", "u", "transB", 1);
        all.put(runtime + "QGemm", rows(m));
      }
    }
    SmallModel floats = input().integers("w", UINT8, new long[] {5, 4}, levels(20, 90, 170, 8));
    floats.floats("ws", new long[] {4}, 1 / 64f, 1 / 128f, 1 / 64f, 1 / 32f);
    floats.integers("wz", UINT8, new long[] {4}, 127, 120, 130, 140).random("b", 4);
    floats.node(runtime + "MatMulIntegerToFloat", "xq w xs ws xz wz b", "f");
    all.put(
        runtime + "MatMulIntegerToFloat", read(floats.node("QuantizeLinear", "f ys yz", "c"), "c"));
    SmallModel attention = input().longs("s", new long[] {3}, BATCH, 15, 5);
    attention.node("Reshape", "xq s", "rq").random("b", 24).scalar("ws", 1 / 64f);
    attention.integers("w", INT8, new long[] {5, 24}, levels(120, 60, 9));
    attention.integers("wz", INT8, new long[0], 3);
    attention.node(runtime + "QAttention", "rq w b xs ws  xz wz", "a", "num_heads", 2);
    all.put(runtime + "QAttention", read(attention.node("QuantizeLinear", "a ys yz", "c"), "c"));
    SmallModel dynamic = new SmallModel(13, 1, 3, 5, 5).random("b", 4).scalar("ws", 1 / 64f);
    dynamic.integers("w", INT8, new long[] {5, 4}, levels(20, 60, 10));
    dynamic.integers("wz", INT8, new long[0], 3);
    all.put(
        runtime + "DynamicQuantizeMatMul",
        dynamic.node(runtime + "DynamicQuantizeMatMul", "x w ws wz b", "y"));
    all.put(runtime + "MatMulNBits, biased", narrow(4, "zs b"));
    all.put(runtime + "MatMulNBits, the middle is 0", narrow(4, ""));
    all.put(runtime + "MatMulNBits, of bytes", narrow(8, "zs"));
    all.put(runtime + "MatMulNBits, of 2 bits", narrow(2, "zs b"));
    all.put(runtime + "MatMulNBits, of 2 bits, the middle is 0", narrow(2, ""));
    SmallModel moved = input().node("MaxPool", "xq", "p", "kernel_shape", new long[] {2, 2});
    moved.node("Transpose", "p", "t", "perm", new long[] {0, 2, 3, 1});
    all.put(", levels that are moved", moved.node("DequantizeLinear", "t xs xz", "y"));
    return all;
  }

  /**
   * A product with weights of 4 columns for 75 numbers, in 5 blocks of 16. Without zero points,
   * scales are below 0, as may be those of blocks whose outermost number is above.
   */
  private SmallModel narrow(int bits, String options) {
    SmallModel m = input().node("DequantizeLinear", "xq xs xz", "d");
    m.longs("flat", new long[] {2}, BATCH, 75).node("Reshape", "d flat", "rows");
    m.integers("w", UINT8, new long[] {4, 5, 2L * bits}, levels(40 * bits, 0, 256, 11));
    m.random("s", 20)
        .scalar("small", (options.isEmpty() ? -1f : 1f) / (1 << bits))
        .node("Mul", "s small", "ws");
    int zeros = Math.ceilDiv(5 * bits, 8);
    m.integers("zs", UINT8, new long[] {4L * zeros}, levels(4 * zeros, 0, 256, 12)).random("b", 4);
    List<String> given = List.of(options.split(" "));
    String inputs =
        "rows w ws " + (given.contains("zs") ? "zs" : "") + (given.contains("b") ? "  b" : "");
    return m.node(
        "com.microsoft.MatMulNBits", inputs, "y", "K", 75, "N", 4, "bits", bits, "block_size", 16);
  }

  /** A convolution, a rectifier and another convolution, quantised between. */
  SmallModel twoLayers() {
    SmallModel m = filters(input()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c");
    m.node("DequantizeLinear", "c ys yz", "d").node("Relu", "d", "r");
    m.integers("v", INT8, new long[] {5, 4, 3, 3}, levels(180, 60, 7)).scalar("vs", 1 / 256f);
    m.integers("vz", INT8, new long[0], 0).node("QuantizeLinear", "r ys yz", "rq");
    return read(m.node("QLinearConv", "rq ys yz v vs vz ys yz", "e"), "e");
  }
}
