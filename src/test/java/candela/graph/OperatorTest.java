package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Dim;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every operator that can be imported, as a model of its own: the gradient at the input against
 * central differences, sums in doubles. Forward values are ConformanceTest's.
 */
class OperatorTest {
  /**
   * Half the distance of the differences. Values of x are odd multiples of {@link #GRID}, kinks
   * even ones: none lies within a difference.
   */
  private static final double STEP = 1.0 / 128;

  private static final double GRID = 1.0 / 40;

  /**
   * Of the largest gradient. Rounding of float32 outputs divided by the step gives 2e-5, the third
   * derivative 1e-4 at most.
   */
  private static final double TOLERANCE = 1e-3;

  @TempDir Path folder;

  /** One model. */
  private record Case(String op, String what, SmallModel model, boolean gradient) {}

  private final List<Case> cases = new ArrayList<>();

  private static SmallModel model(int opset) {
    return new SmallModel(opset, 2, 3, 4, 5);
  }

  private void add(String op, SmallModel model) {
    add(op, "", model);
  }

  private void add(String op, String what, SmallModel model) {
    cases.add(new Case(op, what, model, true));
  }

  private void flat(String op, SmallModel model) {
    cases.add(new Case(op, "", model, false));
  }

  /** y = op(x). */
  private void unary(String op, int opset, Object... attributes) {
    add(op, model(opset).node(op, "x", "y", attributes));
  }

  /** y = op(softplus(x)), for those that need positive numbers. */
  private void positive(String op, int opset, Object... attributes) {
    add(op, model(opset).node("Softplus", "x", "p").node(op, "p", "y", attributes));
  }

  /** x * (x op 0.5), whose gradient is the truth value. */
  private void comparison(String op, int opset) {
    SmallModel m = model(opset).scalar("c", .5f).node(op, "x c", "t");
    add(op, m.node("Cast", "t", "f", "to", 1).node("Mul", "x f", "y"));
    flat(op, model(opset).scalar("c", .5f).node(op, "x c", "t").node("Cast", "t", "y", "to", 1));
  }

  private void logical(String op) {
    SmallModel m = model(13).scalar("c", .5f).scalar("d", -1).node("Greater", "x c", "a");
    m.node("Less", "x d", "b").node(op, op.equals("Not") ? "a" : "a b", "t");
    add(op, m.node("Cast", "t", "f", "to", 1).node("Mul", "x f", "y"));
  }

  private void reduction(String op, int axesAreInput) {
    long[] axes = {2, 3};
    add(op, "attribute", model(11).node(op, "x", "y", "axes", axes, "keepdims", 0));
    add(
        op,
        "input",
        model(axesAreInput).longs("a", new long[] {1}, -1).node(op, "x a", "y", "keepdims", 1));
  }

  private void elements() {
    for (String op : List.of("Abs", "Erf", "Exp", "Identity", "Neg", "Relu", "Sigmoid", "Tanh")) {
      unary(op, 13);
    }
    for (String op : List.of("Sin", "Cos", "Selu", "Softplus", "Softsign", "HardSigmoid")) {
      unary(op, 13);
    }
    unary("Celu", 13, "alpha", 1.3f);
    unary("Elu", 13, "alpha", .7f);
    unary("LeakyRelu", 13, "alpha", .2f);
    unary("ThresholdedRelu", 13, "alpha", .5f);
    unary("HardSwish", 14);
    unary("Mish", 18);
    unary("Gelu", 20);
    add("Gelu", "tanh", model(20).node("Gelu", "x", "y", "approximate", "tanh"));
    unary("Swish", 24, "alpha", 1.5f);
    unary("Clip", 7, "min", -.5f, "max", 1.0f);
    add(
        "Clip",
        "inputs",
        model(13).scalar("hi", .5f).scalar("lo", -1).node("Clip", "x lo hi", "y"));
    positive("Log", 13);
    positive("Reciprocal", 13);
    positive("Sqrt", 13);
    for (String op : List.of("Asinh", "Atan", "Cosh", "Sinh")) {
      unary(op, 13);
    }
    for (String op : List.of("Acos", "Asin", "Atanh", "Tan")) {
      add(op, model(13).node("Softsign", "x", "s").node(op, "s", "y"));
    }
    SmallModel above = model(13).scalar("c", 1.5f).node("Softplus", "x", "p");
    add("Acosh", above.node("Add", "p c", "q").node("Acosh", "q", "y"));
    unary("Shrink", 9, "lambd", .5f, "bias", .25f);
    for (String op : List.of("Ceil", "Floor", "Round", "Sign")) {
      flat(op, model(13).node(op, "x", "y"));
    }
    flat("IsInf", model(13).node("IsInf", "x", "i").node("Cast", "i", "y", "to", 1));
    flat("IsNaN", model(13).node("IsNaN", "x", "i").node("Cast", "i", "y", "to", 1));
    SmallModel blocks = model(18).longs("s", new long[] {3}, 2, 4, 15).node("Reshape", "x s", "r");
    blocks.longs("i", new long[] {2}, 4, 6).longs("b", new long[] {2}, 2, 2);
    add("Col2Im", blocks.node("Col2Im", "r i b", "y"));
    add("Cast", model(13).node("Cast", "x", "t", "to", 11).node("Mul", "t x", "y"));
    add(
        "CastLike",
        model(15).node("Exp", "x", "e").node("CastLike", "x e", "t").node("Mul", "t x", "y"));
    unary("Dropout", 12);
    quantised();
    add("PRelu", model(13).random("s", 3, 1, 1).node("PRelu", "x s", "y"));
  }

  /** The distance of the differences is five steps, x lies on steps. */
  private void quantised() {
    for (int[] type : new int[][] {{5, 3}, {2, 128}}) {
      SmallModel m = model(21).scalar("s", 1 / 640f).longs("z", new long[0], type[1]);
      m.node("QuantizeLinear", "x s z", "q", "output_dtype", type[0]);
      add("QuantizeLinear", "of type " + type[0], m);
      add("DequantizeLinear", "of type " + type[0], m.node("DequantizeLinear", "q s z", "y"));
    }
    SmallModel each = model(21).node("QuantizeLinear", "x e", "q", "output_dtype", 5);
    each.floats("e", new long[] {3}, 1 / 640f, 1 / 1280f, 1 / 1920f);
    add("QuantizeLinear", "a scale each", each.node("DequantizeLinear", "q e", "y"));
  }

  private void operands() {
    for (String op : List.of("Add", "Mul", "Sub")) {
      add(op, "channels", model(13).random("c", 3, 1, 1).node(op, "x c", "y"));
      add(op, "twice", model(13).node("Tanh", "x", "t").node(op, "t x", "y"));
    }
    add("Div", model(13).node("Softplus", "x", "p").node("Div", "x p", "y"));
    add("Pow", model(13).scalar("e", 3).node("Pow", "x e", "y"));
    add("Pow", "both", model(13).node("Softplus", "x", "p").node("Pow", "p x", "y"));
    for (String op : List.of("Max", "Min")) {
      SmallModel m = model(13).scalar("c", .5f).node("Neg", "x", "n");
      add(op, m.node(op, "x n c", "y"));
    }
    for (String op : List.of("Mean", "Sum")) {
      add(op, model(13).random("c", 5).node("Exp", "x", "e").node(op, "x e c", "y"));
    }
    comparison("Greater", 13);
    comparison("Less", 13);
    comparison("GreaterOrEqual", 16);
    comparison("LessOrEqual", 16);
    comparison("Equal", 13);
    for (String op : List.of("And", "Or", "Xor", "Not")) {
      logical(op);
    }
    SmallModel w = model(13).scalar("c", .5f).node("Less", "x c", "t").node("Exp", "x", "e");
    add("Where", w.node("Where", "t x e", "y"));
    SmallModel[] arg = {model(13), model(13)};
    flat("ArgMax", arg[0].node("ArgMax", "x", "i", "axis", 1).node("Cast", "i", "y", "to", 1));
    flat("ArgMin", arg[1].node("ArgMin", "x", "i", "axis", 2).node("Cast", "i", "y", "to", 1));
    for (String op : List.of("ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd")) {
      reduction(op, 18);
    }
    reduction("ReduceSum", 13);
  }

  private void moves() {
    add("Concat", model(13).node("Exp", "x", "e").node("Concat", "x e x", "y", "axis", 2));
    add("Expand", model(13).longs("s", new long[] {5}, 2, 2, 1, 1, 1).node("Expand", "x s", "y"));
    unary("Flatten", 13, "axis", 1);
    add(
        "Gather",
        model(13).longs("i", new long[] {3}, 2, 0, 2).node("Gather", "x i", "y", "axis", 1));
    long[] pads = {0, 0, 1, 2, 0, 1, 0, 1};
    for (String mode : List.of("constant", "reflect", "edge")) {
      add("Pad", mode, model(7).node("Pad", "x", "y", "mode", mode, "pads", pads));
    }
    long[] cut = {0, 0, 1, -2, 0, -1, 0, 1};
    add("Pad", "negative", model(7).node("Pad", "x", "y", "mode", "reflect", "pads", cut));
    add("Reshape", model(13).longs("s", new long[] {3}, 0, -1, 6).node("Reshape", "x s", "y"));
    SmallModel slice =
        model(13).longs("a", new long[] {2}, 1, -1).longs("b", new long[] {2}, 4, -9);
    slice.longs("d", new long[] {2}, 2, 3).longs("t", new long[] {2}, 2, -2);
    add("Slice", slice.node("Slice", "x a b d t", "y"));
    SmallModel split =
        model(13).longs("p", new long[] {2}, 3, 2).node("Split", "x p", "a b", "axis", 3);
    add("Split", split.node("Exp", "b", "e").node("Concat", "e a", "y", "axis", 3));
    SmallModel one = model(13).longs("a", new long[] {1}, 2).node("Unsqueeze", "x a", "u");
    add("Unsqueeze", one.node("Exp", "u", "y"));
    SmallModel two = new SmallModel(13, 2, 1, 4).longs("a", new long[] {1}, 1);
    add("Squeeze", two.node("Squeeze", "x a", "s").node("Exp", "s", "y"));
    unary("Transpose", 13, "perm", new long[] {0, 3, 1, 2});
    add("DepthToSpace", blocks().node("DepthToSpace", "x", "y", "blocksize", 2));
    add(
        "DepthToSpace",
        "CRD",
        blocks().node("DepthToSpace", "x", "y", "blocksize", 2, "mode", "CRD"));
    add("SpaceToDepth", blocks().node("SpaceToDepth", "x", "y", "blocksize", 2));
    for (String mode : List.of("nearest", "linear", "cubic")) {
      SmallModel m = model(13).longs("s", new long[] {4}, 2, 3, 7, 3);
      add("Resize", mode, m.node("Resize", "x   s", "y", "mode", mode));
    }
    unary("Upsample", 7, "scales", new float[] {1, 1, 2, 3});
    SmallModel centre = model(18).longs("s", new long[] {2}, 6, 2);
    add("CenterCropPad", centre.node("CenterCropPad", "x s", "y", "axes", new long[] {2, 3}));
    SmallModel back = model(13).longs("l", new long[] {2}, 3, 2);
    add(
        "ReverseSequence",
        back.node("ReverseSequence", "x l", "y", "batch_axis", 0, "time_axis", 1));
    SmallModel turned = new SmallModel(23, 2, 3, 4, 6).random("c", 1, 4, 2).random("s", 1, 4, 2);
    add("RotaryEmbedding", turned.node("RotaryEmbedding", "x c s", "y", "rotary_embedding_dim", 4));
    shapes();
  }

  private static SmallModel blocks() {
    return new SmallModel(13, 2, 4, 4, 2);
  }

  /** Shape arithmetic vanishes at import; its values scale x. */
  private void shapes() {
    SmallModel shape = model(13).node("Shape", "x", "s").node("Cast", "s", "f", "to", 1);
    add(
        "Shape",
        shape.longs("i", new long[0], 3).node("Gather", "f i", "c").node("Mul", "x c", "y"));
    SmallModel size = model(13).node("Size", "x", "s").node("Cast", "s", "c", "to", 1);
    add("Size", size.node("Mul", "x c", "y"));
    SmallModel range = model(13).longs("a", new long[0], 1).longs("b", new long[0], 10);
    range.longs("d", new long[0], 2).node("Range", "a b d", "r").node("Cast", "r", "c", "to", 1);
    add("Range", range.node("Mul", "x c", "y"));
    SmallModel eye = model(13).random("m", 4, 5).node("EyeLike", "m", "e", "k", 1);
    add("EyeLike", eye.node("Mul", "x e", "y"));
    SmallModel fill = model(13).node("Shape", "x", "s").node("ConstantOfShape", "s", "z");
    add("ConstantOfShape", fill.node("Add", "x z", "y"));
    add(
        "Constant",
        model(13).node("Constant", "", "c", "value_float", 2.5f).node("Mul", "x c", "y"));
  }

  private void layers() {
    SmallModel conv = model(13).random("w", 4, 3, 3, 2).random("b", 4);
    add("Conv", conv.node("Conv", "x w b", "y", "pads", new long[] {1, 0, 2, 1}));
    SmallModel strided = new SmallModel(13, 3, 4, 7, 5).random("w", 6, 2, 3, 3);
    strided.node(
        "Conv", "x w", "y", "group", 2, "strides", new long[] {2, 1}, "auto_pad", "SAME_UPPER");
    add("Conv", "grouped, strided", strided);
    SmallModel dilated = new SmallModel(13, 1, 1, 9).random("w", 2, 1, 3);
    add("Conv", "1-d, dilated", dilated.node("Conv", "x w", "y", "dilations", new long[] {2}));
    SmallModel sum = model(13).random("w", 3, 3, 3, 3).random("b", 3);
    sum.node("Conv", "x w b", "c", "pads", new long[] {1, 1, 1, 1}).node("Add", "c x", "s");
    add(
        "Conv",
        "with its own input added, then ReLU",
        sum.node("LeakyRelu", "s", "y", "alpha", .5f));
    SmallModel joined = model(13).random("w", 2, 3, 1, 1).random("v", 5, 3, 3, 3);
    joined.node("Conv", "x w", "a").node("Conv", "x v", "b", "pads", new long[] {1, 1, 1, 1});
    add("Conv", "joined", joined.node("Concat", "a x b", "j", "axis", 1).node("Tanh", "j", "y"));
    SmallModel up = model(13).random("w", 3, 2, 3, 2).random("b", 2);
    SmallModel beyond = model(13).random("w", 3, 2, 2, 2).random("b", 2);
    add(
        "ConvTranspose",
        "output padding beyond the stride",
        beyond.node("ConvTranspose", "x w b", "y", "output_padding", new long[] {1, 2}));
    add("ConvTranspose", up.node("ConvTranspose", "x w b", "y", "strides", new long[] {2, 3}));
    long[] k = {3, 2};
    long[] pads = {1, 0, 1, 1};
    add("MaxPool", model(13).node("MaxPool", "x", "y", "kernel_shape", k, "pads", pads));
    for (int include = 0; include < 2; include++) {
      SmallModel m = model(13);
      m.node(
          "AveragePool",
          "x",
          "y",
          "kernel_shape",
          k,
          "pads",
          pads,
          "ceil_mode",
          1,
          "strides",
          new long[] {2, 2},
          "count_include_pad",
          include);
      add("AveragePool", "count_include_pad " + include, m);
    }
    unary("GlobalAveragePool", 13);
    unary("GlobalMaxPool", 13);
    add("LpPool", model(18).node("LpPool", "x", "y", "kernel_shape", k, "pads", pads, "p", 3));
    unary("GlobalLpPool", 13);
    unary("LpNormalization", 13, "axis", 1);
    unary("MeanVarianceNormalization", 13, "axes", new long[] {2, 3});
    unary("LRN", 13, "size", 3, "alpha", .5f, "bias", 1.5f);
    SmallModel norm = model(15).random("s", 3).random("b", 3).random("m", 3).random("v", 3);
    add("BatchNormalization", norm.node("BatchNormalization", "x s b m v", "y"));
    SmallModel instance = model(13).random("s", 3).random("b", 3);
    add("InstanceNormalization", instance.node("InstanceNormalization", "x s b", "y"));
    SmallModel group = new SmallModel(21, 2, 4, 3, 3).random("s", 4).random("b", 4);
    add("GroupNormalization", group.node("GroupNormalization", "x s b", "y", "num_groups", 2));
    SmallModel layer = model(17).random("s", 5).random("b", 5);
    add("LayerNormalization", layer.node("LayerNormalization", "x s b", "y"));
    SmallModel gemm = new SmallModel(13, 3, 7).random("w", 4, 7).random("b", 4);
    add("Gemm", gemm.node("Gemm", "x w b", "y", "transB", 1, "alpha", .5f, "beta", 2.0f));
    add("MatMul", model(13).random("w", 5, 6).node("MatMul", "x w", "y"));
    SmallModel product = model(13).node("Transpose", "x", "t", "perm", new long[] {0, 1, 3, 2});
    add("MatMul", "of two values", product.node("MatMul", "x t", "y"));
    for (String op : List.of("Softmax", "LogSoftmax")) {
      for (int opset : new int[] {11, 13}) {
        SmallModel m = model(opset).node(op, "x", "s", "axis", 1).scalar("c", 3);
        add(op, "opset " + opset, m.node("Mul", "s c", "y"));
      }
    }
  }

  /** Steps that a gradient passes beside, or not at all. */
  private void choices() {
    flat("Hardmax", model(13).node("Hardmax", "x", "y", "axis", 2));
    SmallModel hot = model(13).longs("d", new long[] {1}, 4).floats("v", new long[] {2}, .5f, 2);
    hot.node("ArgMax", "x", "i", "axis", 2, "keepdims", 0);
    SmallModel grown = model(26).longs("a", new long[0], -1).node("Tanh", "x", "t");
    add("CumProd", grown.node("CumProd", "t a", "y", "reverse", 1));
    add("SwiGLU", model(28).node("Tanh", "x", "t").node("SwiGLU", "t x", "y", "alpha", 1.5f));
    SmallModel moved = model(19).random("o", 8, 3, 1, 1).random("w", 2, 3, 2, 2);
    moved.node("Softsign", "x", "s").node("Conv", "s o", "d");
    moved.longs("st", new long[] {2}, 0, 0).longs("en", new long[] {2}, 3, 4);
    moved.longs("ax", new long[] {2}, 2, 3).node("Slice", "d st en ax", "off");
    add("DeformConv", moved.node("DeformConv", "x w off", "y"));
    SmallModel largest = model(13).node("ArgMax", "x", "i", "axis", 3, "keepdims", 0);
    add("Gather", "where the image decides", largest.node("Gather", "x i", "y", "axis", 3));
    SmallModel waves = model(20).longs("u", new long[] {1}, 4).node("Unsqueeze", "x u", "r");
    add("DFT", waves.node("DFT", "r", "y", "onesided", 1));
    SmallModel own =
        model(13).random("w", 4, 3, 2, 2).node("ReduceMean", "x", "m", "axes", new long[] {3});
    own.longs("f", new long[] {4}, 2, 3, 2, 2).node("Tanh", "m", "t").node("Reshape", "t f", "k");
    add("Conv", "with computed weights", own.node("Conv", "x k", "y"));
    masks();
    add("OneHot", hot.node("OneHot", "i d v", "h", "axis", 2).node("Mul", "x h", "y"));
  }

  /** Constants, which scale x or tell what is left of it. */
  private void masks() {
    SmallModel m = model(18).longs("m", new long[] {5}, 0, 3, 0, 1, 6).node("NonZero", "m", "z");
    add("NonZero", m.node("Gather", "x z", "y", "axis", 3));
    SmallModel c = model(11).longs("m", new long[] {3}, 1, 0, 1).node("Cast", "m", "b", "to", 9);
    add("Compress", c.node("Compress", "x b", "y", "axis", 1));
    SmallModel u = model(11).longs("m", new long[] {4}, 2, 0, 2, 0);
    add("Unique", u.node("Unique", "m", "i f", "sorted", 0).node("Gather", "x i", "y", "axis", 1));
    for (String op : List.of("BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitShift")) {
      SmallModel bits = model(18).longs("a", new long[] {5}, 12, 7, 1, 5, 9);
      bits.longs("b", new long[] {1}, 3);
      bits = op.equals("BitwiseNot") ? bits.node(op, "a", "i") : bits;
      bits = op.equals("BitShift") ? bits.node(op, "a b", "i", "direction", "LEFT") : bits;
      bits = op.endsWith("d") || op.endsWith("r") ? bits.node(op, "a b", "i") : bits;
      add(op, bits.node("Cast", "i", "f", "to", 1).node("Mul", "x f", "y"));
    }
    for (String op : List.of("BlackmanWindow", "HammingWindow", "HannWindow")) {
      SmallModel w = model(17).longs("n", new long[0], 5).node(op, "n", "w");
      add(op, w.node("Mul", "x w", "y"));
    }
  }

  /** Those of ExportedOperatorsTest, whose names begin with the operator. */
  private void exported() {
    ExportedOperatorsTest.models().forEach((what, m) -> add(what.split("[ ,]")[0], what, m));
  }

  private List<Case> cases() {
    elements();
    operands();
    moves();
    layers();
    choices();
    exported();
    return cases;
  }

  @Test
  void everyOperatorHasACase() {
    TreeSet<String> missing = new TreeSet<>(Operators.names());
    cases().forEach(c -> missing.remove(c.op()));
    assertThat(missing).isEmpty();
  }

  @TestFactory
  Stream<DynamicTest> gradientsAreDifferences() {
    return cases().stream()
        .map(c -> DynamicTest.dynamicTest(c.op() + " " + c.what(), () -> check(c)));
  }

  private void check(Case c) throws Exception {
    Network network = Network.load(c.model().write(folder));
    int batch =
        network.model().inputs().get(0).dims().orElseThrow().get(0) instanceof Dim.Fixed f
            ? f.size()
            : 1;
    try (Device device = TestDevice.open(2)) {
      if (!c.gradient()) {
        assertThatThrownBy(() -> network.session(device, batch, SessionOptions.GRADIENT))
            .isInstanceOf(CandelaException.class)
            .hasMessageContaining("do not depend on");
        return;
      }
      try (Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
        compare(device, s);
      }
    }
  }

  private static void compare(Device device, Session s) {
    float[] x = grid(s.input().count());
    Random random = new Random(3);
    float[] dy = new float[s.seed().count()];
    for (int i = 0; i < dy.length; i++) {
      dy[i] = (float) random.nextGaussian();
    }
    device.write(s.input(), x);
    s.forward();
    device.write(s.seed(), dy);
    s.backward(Rules.GRADIENT);
    float[] dx = device.read(s.gradient());
    double[] expected = new double[x.length];
    double largest = 1e-6;
    for (int i = 0; i < x.length; i++) {
      double middle = x[i];
      x[i] = (float) (middle + STEP);
      double above = score(device, s, x, dy);
      x[i] = (float) (middle - STEP);
      double below = score(device, s, x, dy);
      x[i] = (float) middle;
      expected[i] = (above - below) / (2 * STEP);
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    for (int i = 0; i < x.length; i++) {
      assertThat(Math.abs(dx[i] - expected[i]) <= TOLERANCE * largest)
          .as(
              "%s[%d]: %s, expected %s (largest %s)",
              s.input().shape(), i, dx[i], expected[i], largest)
          .isTrue();
    }
  }

  private static double score(Device device, Session s, float[] x, float[] dy) {
    device.write(s.input(), x);
    s.forward();
    float[] y = device.read(s.logits());
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      sum += (double) y[i] * dy[i];
    }
    return sum;
  }

  /** Distinct odd multiples of GRID around 0, in random order. */
  private static float[] grid(int n) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      order.add(i - n / 2);
    }
    Collections.shuffle(order, new Random(1));
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) ((2 * order.get(i) + 1) * GRID);
    }
    return x;
  }
}
