package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Compositions;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every operator that is put together from others, but quantised and recurrent ones, against ONNX
 * Runtime.
 */
class FusedTest {
  private static final String RUNTIME = "com.microsoft.";
  private static final int BATCH = 2;

  @TempDir Path folder;

  /** Images, of three channels. */
  private static SmallModel images() {
    return new SmallModel(17, BATCH, 3, 5, 6);
  }

  /** Sequences of 5 rows of 8. */
  private static SmallModel rows() {
    return new SmallModel(17, BATCH, 5, 8);
  }

  private static SmallModel conv(Object... attributes) {
    return images()
        .random("w", 4, 3, 3, 3)
        .random("b", 4)
        .node(RUNTIME + "FusedConv", "x w b", "y", attributes);
  }

  private static SmallModel gemm(Object... attributes) {
    return new SmallModel(17, BATCH, 8)
        .random("w", 8, 6)
        .random("b", 6)
        .node(RUNTIME + "FusedGemm", "x w b", "y", attributes);
  }

  /** Cases by the operator's name, with what sets them apart after a comma. */
  private static Map<String, SmallModel> all() {
    Map<String, SmallModel> all = new LinkedHashMap<>();
    String conv = RUNTIME + "FusedConv";
    all.put(conv, conv("activation", "Relu", "pads", new long[] {1, 0, 1, 1}));
    all.put(conv + ", strides", conv("activation", "Tanh", "strides", new long[] {2, 1}));
    all.put(conv + ", Sigmoid", conv("activation", "Sigmoid"));
    all.put(
        conv + ", LeakyRelu",
        conv("activation", "LeakyRelu", "activation_params", new float[] {.3f}));
    all.put(
        conv + ", Clip", conv("activation", "Clip", "activation_params", new float[] {-.5f, 1.5f}));
    all.put(
        conv + ", HardSigmoid",
        conv("activation", "HardSigmoid", "activation_params", new float[] {.3f, .4f}));
    all.put(
        conv + ", sum",
        images()
            .random("w", 3, 3, 1, 1)
            .random("b", 3)
            .node("Neg", "x", "z")
            .node(conv, "x w b z", "y", "activation", "Relu"));
    all.put(
        conv + ", no bias",
        images().random("w", 2, 3, 3, 3).node(conv, "x w", "y", "activation", "Relu"));
    String gemm = RUNTIME + "FusedGemm";
    all.put(gemm, gemm("activation", "Relu", "alpha", .5f, "beta", 2f));
    all.put(gemm + ", LeakyRelu", gemm("activation", "LeakyRelu", "activation_alpha", .2f));
    all.put(
        gemm + ", transposed",
        new SmallModel(17, BATCH, 8)
            .random("w", 6, 8)
            .node(gemm, "x w", "y", "transB", 1, "activation", "Tanh"));
    experimental(all);
    for (String product : new String[] {RUNTIME + "FusedMatMul", RUNTIME + "TransposeMatMul"}) {
      all.put(product, rows().random("w", 8, 3).node(product, "x w", "y", "alpha", .25f));
      all.put(
          product + ", transposed",
          rows().random("w", 3, 8).node(product, "x w", "y", "transB", 1));
      all.put(
          product + ", each with each",
          rows().node(product, "x x", "y", "transA", 1, "alpha", .5f));
    }
    all.put(RUNTIME + "Gelu", rows().node(RUNTIME + "Gelu", "x", "y"));
    all.put(RUNTIME + "BiasGelu", rows().random("b", 8).node(RUNTIME + "BiasGelu", "x b", "y"));
    all.put(RUNTIME + "FastGelu", rows().random("b", 8).node(RUNTIME + "FastGelu", "x b", "y"));
    all.put(RUNTIME + "FastGelu, no bias", rows().node(RUNTIME + "FastGelu", "x", "y"));
    all.put(RUNTIME + "QuickGelu", rows().node(RUNTIME + "QuickGelu", "x", "y"));
    all.put(
        RUNTIME + "QuickGelu, as swish", rows().node(RUNTIME + "QuickGelu", "x", "y", "alpha", 1f));
    all.put(
        "SimplifiedLayerNormalization",
        rows().random("g", 8).node("SimplifiedLayerNormalization", "x g", "y", "epsilon", 1e-3f));
    String norm = RUNTIME + "SkipLayerNormalization";
    all.put(norm, skip().node(norm, "x skip g b", "y", "epsilon", 1e-3f));
    all.put(
        norm + ", with its sum",
        skip().node(norm, "x skip g b c", "n mean deviation s").node("Mul", "n s", "y"));
    all.put(norm + ", no shift", skip().node(norm, "x skip g", "y"));
    String root = RUNTIME + "SkipSimplifiedLayerNormalization";
    all.put(root, skip().node(root, "x skip g", "y", "epsilon", 1e-3f));
    all.put(
        root + ", with its sum",
        skip().node(root, "x skip g b", "n mean deviation s").node("Mul", "n s", "y"));
    String attention = RUNTIME + "Attention";
    all.put(attention, projected().node(attention, "x w b", "y", "num_heads", 2));
    all.put(
        attention + ", scaled",
        projected().node(attention, "x w b", "y", "num_heads", 4, "scale", .2f));
    all.put(
        attention + ", biased",
        projected()
            .random("positions", 1, 2, 5, 5)
            .node(attention, "x w b   positions", "y", "num_heads", 2));
    all.put(
        attention + ", values of another size",
        rows()
            .random("w", 8, 22)
            .random("b", 22)
            .node(
                attention,
                "x w b  ",
                "y",
                "num_heads",
                2,
                "qkv_hidden_sizes",
                new long[] {8, 8, 6}));
    for (String pool : new String[] {"AveragePool", "MaxPool"}) {
      all.put(
          pool,
          deep()
              .node(pool, "deep", "y", "kernel_shape", new long[] {2, 1, 1}, "auto_pad", "NOTSET"));
      all.put(
          pool + ", padded",
          deep()
              .node(
                  pool,
                  "deep",
                  "y",
                  "kernel_shape",
                  new long[] {3, 1, 1},
                  "strides",
                  new long[] {2, 1, 1},
                  "pads",
                  new long[] {1, 0, 0, 0, 0, 0}));
    }
    for (int alone = 0; alone < 3; alone++) {
      all.put("Conv, over others than axis " + alone, across(alone));
    }
    all.put(
        "Conv, over one of three axes",
        volumes(-1)
            .random("w", 4, 2, 3, 1, 1)
            .node("Conv", "v w", "y", "kernel_shape", new long[] {3, 1, 1}));
    String heads = RUNTIME + "MultiHeadAttention";
    all.put(heads, apart().node(heads, "x k v", "y", "num_heads", 2));
    all.put(heads + ", biased", apart().node(heads, "x k v b", "y", "num_heads", 4));
    all.put(
        heads + ", values of another size",
        rows()
            .random("w", 8, 4)
            .random("b", 20)
            .node("Tanh", "x", "k")
            .node("MatMul", "x w", "v")
            .node(heads, "x k v b    ", "y", "num_heads", 2));
    return all;
  }

  private static SmallModel skip() {
    return rows().random("g", 8).random("b", 8).random("c", 8).node("Tanh", "x", "skip");
  }

  private static SmallModel projected() {
    return rows().random("w", 8, 24).random("b", 24);
  }

  /** One channel of three axes. */
  private static SmallModel deep() {
    return images().longs("one", new long[] {1}, 1).node("Unsqueeze", "x one", "deep");
  }

  /** Two channels of three axes. */
  private static SmallModel volumes(int batch) {
    return new SmallModel(17, batch, 2, 60)
        .longs("s", new long[] {5}, batch, 2, 3, 4, 5)
        .node("Reshape", "x s", "v");
  }

  /** Convolves in two groups, along two axes. */
  private static SmallModel across(int alone) {
    long[] kernel = {2, 3, 2};
    long[] strides = {1, 2, 2};
    long[] pads = {1, 0, 2, 0, 1, 0};
    kernel[alone] = 1;
    strides[alone] = 1;
    pads[alone] = 0;
    pads[3 + alone] = 0;
    return volumes(BATCH)
        .random("w", 4, 1, kernel[0], kernel[1], kernel[2])
        .random("b", 4)
        .node(
            "Conv",
            "v w b",
            "y",
            "kernel_shape",
            kernel,
            "strides",
            strides,
            "pads",
            pads,
            "group",
            2);
  }

  private static void experimental(Map<String, SmallModel> all) {
    all.put("Affine", old().node("Affine", "x", "y", "alpha", 2f, "beta", .5f));
    all.put("Crop", old().node("Crop", "x", "y", "border", new long[] {1, 0, 2, 1}));
    all.put(
        "ImageScaler",
        old().node("ImageScaler", "x", "y", "scale", .5f, "bias", new float[] {1, -2, 3}));
    all.put(
        "ParametricSoftplus", old().node("ParametricSoftplus", "x", "y", "alpha", 2f, "beta", .5f));
    all.put("Scale", old().node("Scale", "x", "y", "scale", 3f));
    all.put("ScaledTanh", old().node("ScaledTanh", "x", "y", "alpha", 2f, "beta", .5f));
  }

  /** Images, in an opset that converters from Core ML write. */
  private static SmallModel old() {
    return new SmallModel(8, BATCH, 3, 5, 6);
  }

  /** Keys and values that are not the queries, and biases of the three. */
  private static SmallModel apart() {
    return rows().random("b", 24).node("Tanh", "x", "k").node("Neg", "x", "v");
  }

  @Test
  void everyOperatorHasAModel() {
    Set<String> tested = new TreeSet<>();
    Stream.of(all(), new QuantizedModels(false).all(), RecurrentTest.all())
        .flatMap(models -> models.keySet().stream())
        .map(n -> n.split(",")[0])
        .filter(n -> !n.isEmpty())
        .forEach(tested::add);
    assertThat(tested).containsExactlyElementsOf(Compositions.names());
  }

  @TestFactory
  Stream<DynamicTest> outputsAreOnnxRuntimes() {
    return all().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> outputs(e.getValue())));
  }

  private void outputs(SmallModel model) throws Exception {
    Path file = model.write(folder);
    Network network = Network.load(file);
    try (Device device = TestDevice.open(2);
        Session s = network.session(device, BATCH, SessionOptions.FORWARD)) {
      float[] x = QuantizedTest.gaussian(s.input().count(), 1, 2);
      device.write(s.input(), x);
      s.forward();
      long[] shape = new long[s.input().shape().rank()];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = s.input().shape().dim(i);
      }
      Compare.assertClose("y", device.read(s.output()), Ort.run(file, x, shape), 2e-6);
    }
  }

  /** What these operators may do beside, and ONNX's own do not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "mask",
        "causal",
        "caches",
        "what it may cache",
        "unknown activation",
        "no parameter",
        "other batches"
      })
  void whatNoOthersDoIsRefused(String what) throws Exception {
    SmallModel m =
        switch (what) {
          case "mask" ->
              projected()
                  .longs("m", new long[] {2}, 5, 3)
                  .node(RUNTIME + "Attention", "x w b m", "y", "num_heads", 2);
          case "causal" ->
              projected()
                  .node(RUNTIME + "Attention", "x w b", "y", "num_heads", 2, "unidirectional", 1);
          case "caches" ->
              apart()
                  .random("p", 2, 2, 3, 4)
                  .node(RUNTIME + "MultiHeadAttention", "x k v b   p p", "y", "num_heads", 2);
          case "what it may cache" ->
              projected().node(RUNTIME + "Attention", "x w b", "y present", "num_heads", 2);
          case "no parameter" -> gemm("activation", "LeakyRelu");
          case "unknown activation" -> conv("activation", "Elu");
          default -> rows().node(RUNTIME + "FusedMatMul", "x x", "y", "transBatchA", 1);
        };
    Path file = m.write(folder);
    assertThatThrownBy(() -> Network.load(file).inputShape())
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("(com.microsoft.")
        .hasMessageMatching(".*: the operator is supported (for|with) .* only");
  }

  @Test
  void layoutsOfOneProcessorAreToldFromOperators() throws Exception {
    Path file =
        images().random("w", 8, 3, 3, 3).node(RUNTIME + "nchwc.Conv", "x w", "y").write(folder);
    assertThatThrownBy(() -> Network.load(file).inputShape())
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith("optimisation level extended, not all");
  }
}
