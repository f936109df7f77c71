package candela.onnx;

import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Operators on quantised tensors as functions: what they read is dequantised, the operator on
 * numbers applied, and what comes of it quantised, as in files that keep these three apart. ONNX's
 * own, and those of ONNX Runtime (domain com.microsoft) that its quantisation of classifiers
 * writes.
 */
final class Quantized extends Composed {
  private static final String DYNAMIC_PRODUCT = RUNTIME + ".DynamicQuantizeMatMul";

  /** Bits of levels that share bytes, or fill one. */
  private static final Set<Long> BITS = Set.of(2L, 4L, 8L);

  private Quantized(String name, String inputs) {
    super(name, inputs);
  }

  static void list(Map<String, Function<NodeProto, Composed>> all) {
    all.put("QLinearConv", Quantized::conv);
    all.put("QLinearMatMul", n -> matMul());
    all.put("ConvInteger", n -> convInteger());
    all.put("MatMulInteger", n -> matMulInteger());
    all.put("DynamicQuantizeLinear", n -> dynamic());
    all.put(RUNTIME + ".QuantizeLinear", n -> renamed("QuantizeLinear"));
    all.put(RUNTIME + ".DequantizeLinear", n -> renamed("DequantizeLinear"));
    all.put(RUNTIME + ".QLinearAdd", n -> binary("Add"));
    all.put(RUNTIME + ".QLinearMul", n -> binary("Mul"));
    all.put(RUNTIME + ".QLinearSigmoid", n -> unary("Sigmoid"));
    all.put(RUNTIME + ".QLinearSoftmax", n -> softmax());
    all.put(RUNTIME + ".QLinearLeakyRelu", n -> unary("LeakyRelu", "alpha"));
    all.put(RUNTIME + ".QLinearGlobalAveragePool", n -> unary("GlobalAveragePool"));
    all.put(
        RUNTIME + ".QLinearAveragePool",
        n ->
            unary(
                "AveragePool",
                "auto_pad",
                "ceil_mode",
                "count_include_pad",
                "kernel_shape",
                "pads",
                "strides"));
    all.put(RUNTIME + ".QLinearConcat", Quantized::concat);
    all.put(RUNTIME + ".QGemm", Quantized::gemm);
    all.put(RUNTIME + ".QAttention", Quantized::attention);
    all.put(RUNTIME + ".MatMulIntegerToFloat", Quantized::toFloat);
    all.put(DYNAMIC_PRODUCT, Quantized::dynamicProduct);
    all.put(RUNTIME + ".MatMulNBits", Quantized::narrowProduct);
  }

  /** Whether scales follow from what the network is given. */
  static boolean isDynamic(ModelProto model) {
    Predicate<NodeProto> dynamic =
        n -> name(n).equals("DynamicQuantizeLinear") || name(n).equals(DYNAMIC_PRODUCT);
    return any(model.getGraph().getNodeList(), dynamic)
        || model.getFunctionsList().stream().anyMatch(f -> any(f.getNodeList(), dynamic));
  }

  /**
   * Whether ONNX's own operator does something else: with another order of axes, with the axes that
   * a softmax had in other opsets, or with levels of a type that only the input tells.
   */
  static boolean isOther(NodeProto n, int opset) {
    boolean other =
        n.getAttributeList().stream()
            .anyMatch(
                a ->
                    a.getName().equals("channels_last") && a.getI() != 0
                        || a.getName().equals("opset") && a.getI() < 13 != opset < 13);
    return other
        || switch (n.getOpType()) {
          case "QLinearConcat" -> n.getInputCount() < 5 || n.getInputCount() % 3 != 2;
          case "MatMulNBits" ->
              has(n, 4)
                  || integer(n, "weight_prepacked", 0) != 0
                  || !BITS.contains(bits(n))
                  || integer(n, "N", 0) <= 0
                  || integer(n, "K", 0) <= 0
                  || integer(n, "block_size", 0) <= 0;
          case "QLinearAdd", "QLinearMul" -> !has(n, 7) && (has(n, 2) || has(n, 5));
          case "QLinearSigmoid",
              "QLinearLeakyRelu",
              "QLinearSoftmax",
              "QLinearGlobalAveragePool",
              "QLinearAveragePool" ->
              !has(n, 4) && has(n, 2);
          default -> false;
        };
  }

  private static Quantized conv(NodeProto n) {
    boolean biased = has(n, 8);
    var f =
        new Quantized(
            "QLinearConv", "x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B");
    f.read("x x_scale x_zero_point", "numbers");
    f.read("w w_scale w_zero_point", "weights", 0);
    if (biased) {
      f.node("Mul", "x_scale w_scale", "B_scale");
      f.read("B B_scale", "bias", 0);
    }
    f.node("Conv", biased ? "numbers weights bias" : "numbers weights", "sums");
    f.passed("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");
    return f.written("sums", "y");
  }

  private static Quantized matMul() {
    var f =
        new Quantized(
            "QLinearMatMul", "a a_scale a_zero_point b b_scale b_zero_point y_scale y_zero_point");
    f.read("a a_scale a_zero_point", "left", -2);
    f.read("b b_scale b_zero_point", "right", -1);
    f.node("MatMul", "left right", "sums");
    return f.written("sums", "y");
  }

  private static Quantized convInteger() {
    var f = new Quantized("ConvInteger", "x w x_zero_point w_zero_point");
    f.number("one", 1);
    f.read("x one x_zero_point", "levels");
    f.read("w one w_zero_point", "weights", 0);
    f.node("Conv", "levels weights", "y");
    f.passed("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");
    f.outputs("y");
    return f;
  }

  private static Quantized matMulInteger() {
    var f = new Quantized("MatMulInteger", "A B a_zero_point b_zero_point");
    f.number("one", 1);
    f.read("A one a_zero_point", "left", -2);
    f.read("B one b_zero_point", "right", -1);
    f.node("MatMul", "left right", "Y");
    f.outputs("Y");
    return f;
  }

  /**
   * Scale and zero point are those of the smallest and largest element, 0 among them; to the
   * gradient they are constants, since what is rounded has no slope. Levels of the scale are so
   * fine that it loses nothing.
   */
  private static Quantized dynamic() {
    var f = new Quantized("DynamicQuantizeLinear", "x");
    f.number("zero", 0);
    f.number("levels", 255);
    f.number("tiny", 1e-30f);
    f.number("fine", 0x1p60f);
    f.node("ReduceMin", "x", "min").given("keepdims", 0);
    f.node("ReduceMax", "x", "max").given("keepdims", 0);
    f.node("Min", "min zero", "lowest");
    f.node("Max", "max zero", "highest");
    f.node("Sub", "highest lowest", "range");
    f.node("Div", "range levels", "step");
    // An x that is 0 throughout is as good at any scale.
    f.node("Max", "step tiny", "positive");
    f.node("Mul", "positive fine", "many");
    f.node("Round", "many", "whole");
    f.node("Div", "whole fine", "y_scale");
    f.node("Div", "lowest y_scale", "below");
    f.node("Neg", "below", "place");
    f.node("Round", "place", "rounded");
    f.node("Clip", "rounded zero levels", "clipped");
    f.node("Cast", "clipped", "y_zero_point").given("to", 2);
    f.node("QuantizeLinear", "x y_scale y_zero_point", "y");
    f.outputs("y y_scale y_zero_point");
    return f;
  }

  private static Quantized renamed(String op) {
    var f = new Quantized(op, "x scale zero_point");
    f.node(op, "x scale zero_point", "y");
    f.passed("axis", "block_size", "output_dtype", "precision", "saturate");
    f.outputs("y");
    return f;
  }

  private static Quantized binary(String op) {
    var f =
        new Quantized(
            "QLinear" + op, "A A_scale A_zero_point B B_scale B_zero_point y_scale y_zero_point");
    f.read("A A_scale A_zero_point", "left");
    f.read("B B_scale B_zero_point", "right");
    f.node(op, "left right", "both");
    return f.written("both", "C");
  }

  private static Quantized unary(String op, String... attributes) {
    var f = new Quantized("QLinear" + op, "X X_scale X_zero_point y_scale y_zero_point");
    f.read("X X_scale X_zero_point", "numbers");
    f.node(op, "numbers", "applied");
    f.passed(attributes);
    return f.written("applied", "Y");
  }

  /** Along the last axis unless told, at every opset. */
  private static Quantized softmax() {
    var f = unary("Softmax", "axis");
    f.absent("axis", -1);
    return f;
  }

  private static Quantized concat(NodeProto n) {
    int parts = (n.getInputCount() - 2) / 3;
    var f = new Quantized("QLinearConcat", "y_scale y_zero_point");
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < parts; i++) {
      String part = "x" + i + " scale" + i + " zero_point" + i;
      f.inputs(part);
      f.read(part, "part" + i);
      all.append(" part").append(i);
    }
    f.node("Concat", all.toString().strip(), "joined");
    f.passed("axis");
    return f.written("joined", "Y");
  }

  /** Levels of the bias have the step of the scaled sums that they are added to. */
  private static Quantized gemm(NodeProto n) {
    boolean biased = has(n, 6);
    boolean quantized = has(n, 8);
    int columns = integer(n, "transB", 0) != 0 ? 0 : 1;
    var f =
        new Quantized(
            "QGemm", "A a_scale a_zero_point B b_scale b_zero_point C y_scale y_zero_point");
    f.read("A a_scale a_zero_point", "left");
    f.read("B b_scale b_zero_point", "right", columns);
    if (biased) {
      f.number("factor", real(n, "alpha", 1));
      f.node("Mul", "a_scale b_scale", "product_scale");
      f.node("Mul", "product_scale factor", "C_scale");
      f.read("C C_scale", "bias", -1);
    }
    f.node("Gemm", biased ? "left right bias" : "left right", quantized ? "sums" : "Y");
    f.passed("alpha", "transA", "transB");
    if (quantized) {
      return f.written("sums", "Y");
    }
    f.outputs("Y");
    return f;
  }

  /** One scale, or one for each column, of the second factor. */
  private static Quantized toFloat(NodeProto n) {
    var f =
        new Quantized("MatMulIntegerToFloat", "A B a_scale b_scale a_zero_point b_zero_point bias");
    f.read("A a_scale a_zero_point", "left");
    return f.product(has(n, 6));
  }

  private static Quantized dynamicProduct(NodeProto n) {
    var f = new Quantized("DynamicQuantizeMatMul", "A B b_scale b_zero_point bias");
    f.node("DynamicQuantizeLinear", "A", "levels a_scale a_zero_point");
    f.read("levels a_scale a_zero_point", "left");
    return f.product(has(n, 4));
  }

  /**
   * Weights [N,K] whose levels have few bits and share bytes, in blocks with a scale each. Without
   * zero points the middle level stands for 0.
   */
  private static Quantized narrowProduct(NodeProto n) {
    var f = new Quantized("MatMulNBits", "A B scales zero_points g_idx bias");
    long rows = integer(n, "N", 0);
    long columns = integer(n, "K", 0);
    long block = integer(n, "block_size", 0);
    long blocks = Math.ceilDiv(columns, block);
    f.unpacked("B", bits(n), rows, blocks * block, "levels");
    f.integers("grid", rows, blocks);
    f.node("Reshape", "scales grid", "steps");
    if (has(n, 3)) {
      f.unpacked("zero_points", bits(n), rows, blocks, "zeros");
    } else {
      f.integer("zeros", 1L << bits(n) - 1);
    }
    f.node("DequantizeLinear", "levels steps zeros", "blocks");
    f.given("axis", 1).given("block_size", block);
    f.columns("blocks", blocks * block, columns, "numbers");
    f.node("Transpose", "numbers", "weights").given("perm", List.of(1L, 0L));
    f.node("MatMul", "A weights", has(n, 5) ? "product" : "Y");
    if (has(n, 5)) {
      f.node("Add", "product bias", "Y");
    }
    f.outputs("Y");
    return f;
  }

  private static long bits(NodeProto n) {
    return integer(n, "bits", 4);
  }

  /**
   * Levels [rows,columns] of bytes: each holds several, the first in its low bits, and a row begins
   * with a byte of its own.
   */
  private void unpacked(String bytes, long bits, long rows, long columns, String output) {
    long each = Byte.SIZE / bits;
    long all = Math.ceilDiv(columns, each);
    integers(output + "_apart", rows, all, 1);
    integers(output + "_joined", rows, all * each);
    integer(output + "_right", Byte.SIZE - bits);
    StringBuilder parts = new StringBuilder();
    for (long i = 0; i < each; i++) {
      String part = output + i;
      integer(part + "_left", Byte.SIZE - bits * (i + 1));
      node("BitShift", bytes + " " + part + "_left", part + "_high").given("direction", "LEFT");
      node("BitShift", part + "_high " + output + "_right", part + "_low");
      given("direction", "RIGHT");
      node("Reshape", part + "_low " + output + "_apart", part);
      parts.append(' ').append(part);
    }
    node("Concat", parts.toString().strip(), output + "_each").given("axis", 2);
    node("Reshape", output + "_each " + output + "_joined", output + "_rows");
    columns(output + "_rows", all * each, columns, output);
  }

  /** The first columns of all. */
  private void columns(String input, long all, long columns, String output) {
    if (all == columns) {
      node("Identity", input, output);
      return;
    }
    integers(output + "_first", 0);
    integers(output + "_last", columns);
    integers(output + "_axis", 1);
    node("Slice", input + " " + output + "_first " + output + "_last " + output + "_axis", output);
  }

  private Quantized product(boolean biased) {
    read("B b_scale b_zero_point", "right", -1);
    node("MatMul", "left right", biased ? "product" : "Y");
    if (biased) {
      node("Add", "product bias", "Y");
    }
    outputs("Y");
    return this;
  }

  private static Quantized attention(NodeProto n) {
    var f =
        new Quantized(
            "QAttention",
            "input weights bias input_scale weight_scale mask_index input_zero_point"
                + " weight_zero_point past");
    f.read("input input_scale input_zero_point", "numbers");
    f.read("weights weight_scale weight_zero_point", "factors", -1);
    f.node("Attention", "numbers factors bias", "output").ofRuntime();
    f.passed("num_heads", "scale");
    f.outputs("output");
    return f;
  }

  /** Of one scale. */
  private void read(String inputs, String output) {
    node("DequantizeLinear", inputs, output);
  }

  /** Of one scale, or one for each place on an axis. */
  private void read(String inputs, String output, int axis) {
    node("DequantizeLinear", inputs, output).given("axis", axis);
  }

  private Quantized written(String numbers, String output) {
    node("QuantizeLinear", numbers + " y_scale y_zero_point", output);
    outputs(output);
    return this;
  }
}
