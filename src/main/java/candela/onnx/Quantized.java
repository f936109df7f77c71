package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.FunctionProto;
import candela.onnx.proto.NodeProto;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Operators on quantised tensors as functions: what they read is dequantised, the operator on
 * numbers applied, and what comes of it quantised, as in files that keep these three apart. ONNX's
 * own, and those of ONNX Runtime (domain com.microsoft) that its quantisation of classifiers
 * writes.
 */
public final class Quantized {
  private static final String RUNTIME = "com.microsoft";

  private static final Map<String, Function<NodeProto, Quantized>> ALL = all();

  private final FunctionProto.Builder function = FunctionProto.newBuilder();

  private Quantized(String name, String inputs) {
    function.setName(name).addAllInput(names(inputs));
  }

  private static Map<String, Function<NodeProto, Quantized>> all() {
    Map<String, Function<NodeProto, Quantized>> all = new HashMap<>();
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
    all.put(RUNTIME + ".QLinearSoftmax", n -> unary("Softmax", "axis"));
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
    return Map.copyOf(all);
  }

  /** Their names, those of ONNX Runtime with its domain. */
  public static List<String> names() {
    return ALL.keySet().stream().sorted().toList();
  }

  /**
   * The node's operator as a function of ONNX's own operators; null where it is none of these.
   *
   * @param opset of the functions' nodes
   */
  static FunctionProto of(NodeProto n, int opset) {
    boolean own = n.getDomain().isEmpty() || n.getDomain().equals("ai.onnx");
    Function<NodeProto, Quantized> f =
        ALL.get(own ? n.getOpType() : n.getDomain() + "." + n.getOpType());
    return f == null || isOther(n, opset) ? null : f.apply(n).function.build();
  }

  /**
   * Whether ONNX's own operator does something else: with another order of axes, or with the axes
   * that a softmax had in other opsets.
   */
  private static boolean isOther(NodeProto n, int opset) {
    return n.getAttributeList().stream()
        .anyMatch(
            a ->
                a.getName().equals("channels_last") && a.getI() != 0
                    || a.getName().equals("opset") && a.getI() < 13 != opset < 13);
  }

  private static Quantized conv(NodeProto n) {
    boolean biased = n.getInputCount() > 8 && !n.getInput(8).isEmpty();
    var f =
        new Quantized(
            "QLinearConv", "x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B");
    f.read("x x_scale x_zero_point", "numbers", 1);
    f.read("w w_scale w_zero_point", "weights", 0);
    if (biased) {
      f.read("B x_scale", "bias_steps", 0);
      f.node("Mul", "bias_steps w_scale", "bias");
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
    f.read("x one x_zero_point", "levels", 1);
    f.read("w one w_zero_point", "weights", 0);
    f.node("Conv", "levels weights", "y");
    f.passed("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides");
    f.function.addOutput("y");
    return f;
  }

  private static Quantized matMulInteger() {
    var f = new Quantized("MatMulInteger", "A B a_zero_point b_zero_point");
    f.number("one", 1);
    f.read("A one a_zero_point", "left", -2);
    f.read("B one b_zero_point", "right", -1);
    f.node("MatMul", "left right", "Y");
    f.function.addOutput("Y");
    return f;
  }

  /** Scale and zero point are those of the smallest and largest element, 0 among them. */
  private static Quantized dynamic() {
    var f = new Quantized("DynamicQuantizeLinear", "x");
    f.number("zero", 0);
    f.number("levels", 255);
    f.number("tiny", 1e-30f);
    f.node("ReduceMin", "x", "min").given("keepdims", 0);
    f.node("ReduceMax", "x", "max").given("keepdims", 0);
    f.node("Min", "min zero", "lowest");
    f.node("Max", "max zero", "highest");
    f.node("Sub", "highest lowest", "range");
    f.node("Div", "range levels", "step");
    // An x that is 0 throughout is as good at any scale.
    f.node("Max", "step tiny", "y_scale");
    f.node("Div", "lowest y_scale", "below");
    f.node("Neg", "below", "place");
    f.node("Round", "place", "rounded");
    f.node("Clip", "rounded zero levels", "y_zero_point");
    f.node("QuantizeLinear", "x y_scale y_zero_point", "y").given("output_dtype", 2);
    f.function.addAllOutput(List.of("y", "y_scale", "y_zero_point"));
    return f;
  }

  private static Quantized renamed(String op) {
    var f = new Quantized(op, "x scale zero_point");
    f.node(op, "x scale zero_point", "y");
    f.passed("axis", "block_size");
    f.function.addOutput("y");
    return f;
  }

  private static Quantized binary(String op) {
    var f =
        new Quantized(
            "QLinear" + op, "A A_scale A_zero_point B B_scale B_zero_point y_scale y_zero_point");
    f.read("A A_scale A_zero_point", "left", 1);
    f.read("B B_scale B_zero_point", "right", 1);
    f.node(op, "left right", "both");
    return f.written("both", "C");
  }

  private static Quantized unary(String op, String... attributes) {
    var f = new Quantized("QLinear" + op, "X X_scale X_zero_point y_scale y_zero_point");
    f.read("X X_scale X_zero_point", "numbers", 1);
    f.node(op, "numbers", "applied");
    f.passed(attributes);
    return f.written("applied", "Y");
  }

  private static Quantized concat(NodeProto n) {
    int parts = (n.getInputCount() - 2) / 3;
    var f = new Quantized("QLinearConcat", "y_scale y_zero_point");
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < parts; i++) {
      String part = "x" + i + " scale" + i + " zero_point" + i;
      f.function.addAllInput(names(part));
      f.read(part, "part" + i, 1);
      all.append(" part").append(i);
    }
    f.node("Concat", all.toString().strip(), "joined");
    f.passed("axis");
    return f.written("joined", "Y");
  }

  /** Levels of the bias have the step of the scaled sums that they are added to. */
  private static Quantized gemm(NodeProto n) {
    boolean biased = n.getInputCount() > 6 && !n.getInput(6).isEmpty();
    boolean quantized = n.getInputCount() > 7 && !n.getInput(7).isEmpty();
    int columns = 1;
    float alpha = 1;
    for (AttributeProto a : n.getAttributeList()) {
      columns = a.getName().equals("transB") && a.getI() != 0 ? 0 : columns;
      alpha = a.getName().equals("alpha") ? a.getF() : alpha;
    }
    var f =
        new Quantized(
            "QGemm", "A a_scale a_zero_point B b_scale b_zero_point C y_scale y_zero_point");
    f.read("A a_scale a_zero_point", "left", 1);
    f.read("B b_scale b_zero_point", "right", columns);
    if (biased) {
      f.number("factor", alpha);
      f.node("Mul", "b_scale factor", "C_step");
      f.read("C a_scale", "bias_steps", -1);
      f.node("Mul", "bias_steps C_step", "bias");
    }
    f.node("Gemm", biased ? "left right bias" : "left right", quantized ? "sums" : "Y");
    f.passed("alpha", "transA", "transB");
    if (quantized) {
      return f.written("sums", "Y");
    }
    f.function.addOutput("Y");
    return f;
  }

  private static List<String> names(String names) {
    return Arrays.asList(names.split(" "));
  }

  private Quantized node(String op, String inputs, String output) {
    function
        .addNodeBuilder()
        .setOpType(op)
        .setName(output)
        .addAllInput(names(inputs))
        .addOutput(output);
    return this;
  }

  private NodeProto.Builder last() {
    return function.getNodeBuilder(function.getNodeCount() - 1);
  }

  private void given(String attribute, int value) {
    last().addAttributeBuilder().setName(attribute).setType(AttributeType.INT).setI(value);
  }

  /** Attributes that the last node has where the call has them. */
  private void passed(String... attributes) {
    for (String a : attributes) {
      last().addAttribute(AttributeProto.newBuilder().setName(a).setRefAttrName(a));
    }
  }

  private void number(String name, float value) {
    function
        .addNodeBuilder()
        .setOpType("Constant")
        .setName(name)
        .addOutput(name)
        .addAttributeBuilder()
        .setName("value_float")
        .setType(AttributeType.FLOAT)
        .setF(value);
  }

  private void read(String inputs, String output, int axis) {
    node("DequantizeLinear", inputs, output).given("axis", axis);
  }

  private Quantized written(String numbers, String output) {
    node("QuantizeLinear", numbers + " y_scale y_zero_point", output);
    function.addOutput(output);
    return this;
  }
}
