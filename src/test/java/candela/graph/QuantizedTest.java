package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.onnx.OnnxModel;
import candela.onnx.Quantized;
import candela.rule.Composite;
import candela.rule.Presets;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every operator on quantised tensors, between quantised inputs and numbers: outputs against ONNX
 * Runtime's integers, gradients against those without rounding.
 */
class QuantizedTest {
  private static final int INT8 = 3;
  private static final int UINT8 = 2;
  private static final int INT16 = 5;
  private static final int UINT16 = 4;
  private static final int INT32 = 6;
  private static final int BATCH = 2;

  /** Of what comes of the operators. */
  private static final float STEP = .07f;

  /** Of x too, where gradients are compared. */
  private static final float FINE = 1 / 4096f;

  /** Of the largest gradient: values differ by some ten of the fine steps. */
  private static final double TOLERANCE = 2e-3;

  private static final float[] WEIGHTS = {1, -2, 4, -8, 16};

  @TempDir Path folder;

  /** Whether levels have 16 bits, which ONNX Runtime's operators do not take. */
  private boolean fine;

  /** x as xq; ys and yz are scale and zero point of what comes of it. */
  private SmallModel model() {
    SmallModel m = new SmallModel(13, BATCH, 3, 5, 5);
    m.scalar("xs", fine ? FINE : .031f);
    m.integers("xz", fine ? UINT16 : UINT8, new long[0], fine ? 32_768 : 128);
    m.scalar("ys", fine ? FINE : STEP);
    m.integers("yz", fine ? INT16 : UINT8, new long[0], fine ? 3 : 131);
    return m.node("QuantizeLinear", "x xs xz", "xq");
  }

  private static SmallModel read(SmallModel m, String levels) {
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
  private static SmallModel filters(SmallModel m) {
    m.integers("w", INT8, new long[] {4, 3, 3, 3}, levels(108, 60, 1));
    m.floats("ws", new long[] {4}, 1 / 1024f, 1 / 2048f, 1 / 512f, 1 / 1024f);
    return m.integers("wz", INT8, new long[] {4}, 0, 0, 0, 0);
  }

  /** u, a row for each channel, as y, a row for each image. */
  private static SmallModel rows(SmallModel m) {
    return m.longs("rows", new long[] {2}, BATCH, -1).node("Reshape", "u rows", "y");
  }

  private Map<String, SmallModel> models() {
    Map<String, SmallModel> all = new LinkedHashMap<>();
    long[] pads = {1, 0, 1, 2};
    long[] strides = {2, 1};
    all.put(
        "QLinearConv, biased",
        read(
            filters(model())
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
        read(filters(model()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c"), "c"));
    SmallModel right = model().integers("w", UINT8, new long[] {5, 4}, levels(20, 90, 170, 2));
    right.scalar("ws", 1 / 64f).integers("wz", UINT8, new long[0], 127);
    all.put("QLinearMatMul", read(right.node("QLinearMatMul", "xq xs xz w ws wz ys yz", "c"), "c"));
    SmallModel conv = model().integers("w", UINT8, new long[] {4, 3, 2, 2}, levels(48, 0, 40, 3));
    conv.integers("wz", UINT8, new long[0], 20).scalar("s", 1 / 512f);
    conv.node("ConvInteger", "xq w xz wz", "i", "pads", pads).node("Cast", "i", "f", "to", 1);
    all.put("ConvInteger", conv.node("Mul", "f s", "y"));
    SmallModel product = model().integers("w", UINT8, new long[] {5, 4}, levels(20, 0, 40, 4));
    product.integers("wz", UINT8, new long[] {4}, 20, 10, 30, 0).scalar("s", 1 / 512f);
    product.node("MatMulInteger", "xq w xz wz", "i").node("Cast", "i", "f", "to", 1);
    all.put("MatMulInteger", product.node("Mul", "f s", "y"));
    SmallModel plain = model().integers("w", UINT8, new long[] {5, 4}, levels(20, 0, 40, 5));
    plain.node("MatMulInteger", "xq w", "i").node("Cast", "i", "f", "to", 1);
    all.put("MatMulInteger, no zero points", plain.scalar("s", 1e-4f).node("Mul", "f s", "y"));
    SmallModel of = new SmallModel(13, 1, 3, 5, 5);
    of.node("DynamicQuantizeLinear", "x", "q s z").node("DequantizeLinear", "q s z", "y");
    all.put("DynamicQuantizeLinear", of);
    String runtime = "com.microsoft.";
    all.put(
        runtime + "DequantizeLinear", model().node(runtime + "DequantizeLinear", "xq xs xz", "y"));
    all.put(
        runtime + "QuantizeLinear",
        read(model().node(runtime + "QuantizeLinear", "x ys yz", "c"), "c"));
    for (String op : new String[] {"QLinearAdd", "QLinearMul"}) {
      SmallModel m = model().node("Tanh", "x", "e");
      m.node("QuantizeLinear", "e ys yz", "eq").node(runtime + op, "xq xs xz eq ys yz ys yz", "c");
      all.put(runtime + op, read(m, "c"));
    }
    all.put(
        runtime + "QLinearSigmoid",
        read(model().node(runtime + "QLinearSigmoid", "xq xs xz ys yz", "c"), "c"));
    SmallModel leaky = model();
    leaky.node(runtime + "QLinearLeakyRelu", "xq xs xz ys yz", "c", "alpha", .25f);
    all.put(runtime + "QLinearLeakyRelu", read(leaky, "c"));
    SmallModel softmax = model();
    softmax.node(runtime + "QLinearSoftmax", "xq xs xz zs zz", "c", "axis", 3, "opset", 13);
    softmax.scalar("zs", fine ? 1 / 65_536f : 1 / 256f);
    softmax.integers("zz", fine ? UINT16 : UINT8, new long[0], 0);
    all.put(runtime + "QLinearSoftmax", softmax.node("DequantizeLinear", "c zs zz", "y"));
    SmallModel global = model();
    global.node(runtime + "QLinearGlobalAveragePool", "xq xs xz ys yz", "c", "channels_last", 0);
    all.put(runtime + "QLinearGlobalAveragePool", read(global, "c"));
    SmallModel pool = model();
    pool.node(
        runtime + "QLinearAveragePool",
        "xq xs xz ys yz",
        "c",
        "kernel_shape",
        new long[] {3, 2},
        "strides",
        strides);
    all.put(runtime + "QLinearAveragePool", read(pool, "c"));
    SmallModel joined = model().node("Tanh", "x", "t").node("QuantizeLinear", "t ys yz", "tq");
    joined.node(runtime + "QLinearConcat", "ys yz xq xs xz tq ys yz", "c", "axis", 1);
    all.put(runtime + "QLinearConcat", read(joined, "c"));
    for (int transposed = 0; transposed < 2; transposed++) {
      long[] shape = transposed == 0 ? new long[] {25, 4} : new long[] {4, 25};
      SmallModel m =
          model().longs("flat", new long[] {2}, BATCH * 3, 25).node("Reshape", "xq flat", "rq");
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
    SmallModel moved = model().node("MaxPool", "xq", "p", "kernel_shape", new long[] {2, 2});
    moved.node("Transpose", "p", "t", "perm", new long[] {0, 2, 3, 1});
    all.put(", levels that are moved", moved.node("DequantizeLinear", "t xs xz", "y"));
    return all;
  }

  @Test
  void everyOperatorHasAModel() {
    assertThat(models().keySet().stream().map(n -> n.split(",")[0]).filter(n -> !n.isEmpty()))
        .containsAll(Quantized.names());
  }

  @TestFactory
  Stream<DynamicTest> outputsAreOnnxRuntimes() {
    return models().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> outputs(e.getValue())));
  }

  private void outputs(SmallModel model) throws Exception {
    Path file = model.write(folder);
    Network network = Network.load(file);
    int batch = batch(network);
    try (Device device = TestDevice.open(2);
        Session s = network.session(device, batch, SessionOptions.FORWARD)) {
      float[] x = new float[s.input().count()];
      Random r = new Random(1);
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (2 * r.nextGaussian());
      }
      device.write(s.input(), x);
      s.forward();
      float[] came = device.read(s.output());
      float[] expected = Ort.run(file, x, batch, 3, 5, 5);
      assertThat(came).hasSameSizeAs(expected);
      int others = 0;
      double largest = 0;
      for (int i = 0; i < came.length; i++) {
        largest = Math.max(largest, Math.abs(expected[i]));
      }
      for (int i = 0; i < came.length; i++) {
        double d = Math.abs(came[i] - expected[i]);
        // Where a sum lies half between two levels, its last digits choose.
        assertThat(d).as("element %d", i).isLessThanOrEqualTo(STEP * 1.001);
        others += d > 1e-6 * largest ? 1 : 0;
      }
      assertThat(others).isLessThanOrEqualTo(came.length / 50);
    }
  }

  /** Steps are fine there, so that values hardly differ. */
  @TestFactory
  Stream<DynamicTest> gradientsAreThoseWithoutSteps() {
    fine = true;
    return models().entrySet().stream()
        .filter(e -> !e.getKey().equals("DynamicQuantizeLinear"))
        .map(
            e -> DynamicTest.dynamicTest(e.getKey(), () -> gradient(e.getValue(), Rules.GRADIENT)));
  }

  /** Image and reference in turn, for those that compare the two. */
  @TestFactory
  Stream<DynamicTest> rulesPassTheSteps() {
    fine = true;
    return Map.of(
            "DeepLIFT, rescale",
            Presets.deepLiftRescale(false),
            "DeepLIFT, reveal-cancel",
            Presets.deepLiftRevealCancel(false),
            "guided backpropagation",
            Presets.guidedBackprop(),
            "excitation backpropagation",
            Presets.excitationBackprop(false))
        .entrySet()
        .stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> gradient(twoLayers(), e.getValue())));
  }

  /** A convolution, a rectifier and another convolution, quantised between. */
  private SmallModel twoLayers() {
    SmallModel m = filters(model()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c");
    m.node("DequantizeLinear", "c ys yz", "d").node("Relu", "d", "r");
    m.integers("v", INT8, new long[] {5, 4, 3, 3}, levels(180, 60, 7)).scalar("vs", 1 / 256f);
    m.integers("vz", INT8, new long[0], 0).node("QuantizeLinear", "r ys yz", "rq");
    return read(m.node("QLinearConv", "rq ys yz v vs vz ys yz", "e"), "e");
  }

  /** What has been quantised is a gate all the same, and a signal none though it is clamped. */
  @Test
  void relevanceGoesPastQuantisedGates() throws Exception {
    fine = true;
    Rules rules =
        Composite.EPSILON_PLUS.rules(new Composite.Numbers(0, 0, true, List.of(), List.of()));
    for (String product : new String[] {"d g", "g d"}) {
      SmallModel m = model().node("DequantizeLinear", "xq xs xz", "d").node("Sigmoid", "d", "s");
      m.node("QuantizeLinear", "s ys yz", "sq").node("DequantizeLinear", "sq ys yz", "g");
      Graph graph =
          Network.load(m.node("Mul", product, "y").write(folder))
              .graph(BATCH, SessionOptions.withRules("", List.of(rules)));
      float[] x = new float[graph.input().shape().count()];
      Random r = new Random(3);
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) r.nextGaussian();
      }
      float[] relevance = gradient(graph, x, SessionOptions.withRules("", List.of(rules)), rules);
      Random seed = new Random(4);
      for (float v : relevance) {
        assertThat(v).isEqualTo((float) seed.nextGaussian());
      }
    }
  }

  private void gradient(SmallModel model, Rules rules) throws Exception {
    Network network = Network.load(model.write(folder));
    boolean plain = rules == Rules.GRADIENT;
    SessionOptions options =
        plain ? SessionOptions.GRADIENT : SessionOptions.withRules("", List.of(rules));
    Graph stepped = network.graph(BATCH, options);
    float[] x = new float[stepped.input().shape().count()];
    Random r = new Random(3);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (2 * r.nextGaussian());
    }
    float[] expected = gradient(smooth(stepped), x, options, rules);
    float[] came = gradient(stepped, x, options, rules);
    double largest = 0;
    for (float e : expected) {
      largest = Math.max(largest, Math.abs(e));
    }
    assertThat(largest).isPositive();
    for (int i = 0; i < x.length; i++) {
      assertThat((double) came[i])
          .as("element %d", i)
          .isCloseTo(expected[i], within(TOLERANCE * largest));
    }
  }

  /** The same with steps so narrow that there are none. */
  private static Graph smooth(Graph g) {
    List<Node> nodes = new ArrayList<>();
    int steps = 0;
    for (Node n : g.nodes()) {
      Op op = n.op();
      if (op instanceof Elementwise e && e.kind() == Unary.QUANTIZE) {
        op = new Elementwise(Unary.QUANTIZE, e.alpha() / 65_536, 0);
        steps++;
      }
      nodes.add(new Node(n.name(), op, n.inputs(), n.outputs()));
    }
    assertThat(steps).isPositive();
    return new Graph(g.name(), g.inputs(), g.outputs(), nodes, g.named());
  }

  private static float[] gradient(Graph graph, float[] x, SessionOptions options, Rules rules) {
    try (Device device = TestDevice.open(2);
        Session s = Session.open(graph, device, options)) {
      Random r = new Random(4);
      float[] dy = new float[s.seed().count()];
      for (int i = 0; i < dy.length; i++) {
        dy[i] = (float) r.nextGaussian();
      }
      device.write(s.input(), x);
      s.forward();
      device.write(s.seed(), dy);
      s.backward(rules);
      return device.read(s.gradient());
    }
  }

  /** x, of one image, times 1, 2, 4 …, after what the nodes of m make of x: the scores are y. */
  private float[] slopes(SmallModel m, Rules rules, float... x) throws Exception {
    float[] w = new float[x.length * x.length];
    for (int i = 0; i < x.length; i++) {
      w[i * x.length + i] = weight(i);
    }
    m.floats("weights", new long[] {x.length, x.length}, w).node("MatMul", "d weights", "y");
    boolean plain = rules == Rules.GRADIENT;
    SessionOptions options =
        plain ? SessionOptions.GRADIENT : SessionOptions.withRules("", List.of(rules));
    Network network = Network.load(m.write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, rules.paired() ? 2 : 1, options)) {
      float[] rows = Arrays.copyOf(x, s.input().count());
      Arrays.fill(rows, x.length, rows.length, .3f);
      device.write(s.input(), rows);
      s.forward();
      float[] ones = new float[s.seed().count()];
      Arrays.fill(ones, 1);
      device.write(s.seed(), ones);
      s.backward(rules);
      float[] slopes = Arrays.copyOf(device.read(s.gradient()), x.length);
      for (int i = 0; i < slopes.length; i++) {
        slopes[i] += 0; // -0 as 0
      }
      return slopes;
    }
  }

  private static float weight(int i) {
    return (i % 2 == 0 ? 1 : -1) * (1 << i);
  }

  @Test
  void scalesOfTheImageAreConstantsToTheGradient() throws Exception {
    SmallModel m = new SmallModel(13, 1, 5).node("DynamicQuantizeLinear", "x", "q s z");
    m.node("DequantizeLinear", "q s z", "d");
    assertThat(slopes(m, Rules.GRADIENT, 0, .5f, 1, 1, 1)).containsExactly(WEIGHTS);
    m = new SmallModel(13, 1, 5).node("DynamicQuantizeLinear", "x", "q s z");
    m.node("DequantizeLinear", "q s z", "d");
    assertThat(slopes(m, Rules.GRADIENT, -2.1f, -2.1f, .4f, 2.6f, 2.6f)).containsExactly(WEIGHTS);
  }

  @Test
  void scalesOfTheImageAreOfOneImage() throws Exception {
    SmallModel m = new SmallModel(13, -1, 5).node("DynamicQuantizeLinear", "x", "q s z");
    Network network = Network.load(m.node("DequantizeLinear", "q s z", "y").write(folder));
    assertThat(network.graph(1, SessionOptions.FORWARD).outputs()).hasSize(1);
    assertThatThrownBy(() -> network.graph(2, SessionOptions.FORWARD))
        .isInstanceOf(OnlyBatch.class);
  }

  /** The first and the last level are not beyond the range. */
  @Test
  void theEndsOfTheRangePassTheGradient() throws Exception {
    for (String scale : new String[] {"one", "each"}) {
      SmallModel m = new SmallModel(13, 1, 5).scalar("one", .5f);
      m.floats("each", new long[] {5}, .5f, .5f, .5f, .5f, .5f).node("Neg", "x", "n");
      m.node("QuantizeLinear", "n " + scale, "q", "axis", 1);
      m.node("DequantizeLinear", "q " + scale, "e", "axis", 1).node("Neg", "e", "d");
      float[] passed = slopes(m, Rules.GRADIENT, -.1f, -.2f, -127.4f, -127.6f, -127.9f);
      assertThat(passed).containsExactly(1, -2, 4, -8, 0);
    }
  }

  /** Neither an image from 0 up nor a gate is rectified by being quantised. */
  @Test
  void onlyReluIsRectified() throws Exception {
    for (String before : new String[] {"", "Sigmoid"}) {
      SmallModel m = new SmallModel(13, 1, 5).scalar("s", 1 / 256f);
      m = before.isEmpty() ? m : m.node(before, "x", "b");
      m.integers("z", UINT8, new long[0], 0);
      m.node("QuantizeLinear", (before.isEmpty() ? "x" : "b") + " s z", "q");
      m.node("DequantizeLinear", "q s z", "d");
      float[] guided = slopes(m, Presets.guidedBackprop(), .5f, .2f, .3f, .4f, .6f);
      for (int i = 0; i < guided.length; i++) {
        assertThat(Math.signum(guided[i])).isEqualTo(Math.signum(WEIGHTS[i]));
      }
    }
    SmallModel relu = new SmallModel(13, 1, 5).scalar("s", 1 / 256f).node("Neg", "x", "n");
    relu.integers("z", UINT8, new long[0], 0).node("QuantizeLinear", "n s z", "q");
    relu.node("DequantizeLinear", "q s z", "d");
    assertThat(slopes(relu, Presets.guidedBackprop(), -.5f, -.2f, -.3f, .4f, -.6f))
        .containsExactly(-1, 0, -4, 0, -16);
  }

  @Test
  void fgVisDefendsActivationsAlone() throws Exception {
    SmallModel m = new SmallModel(13, -1, 5).scalar("s", 1 / 64f);
    m.integers("z", UINT8, new long[0], 100).node("QuantizeLinear", "x s z", "q");
    m.node("DequantizeLinear", "q s z", "d");
    assertThat(slopes(m, Presets.fgVis(), .5f, .2f, .3f, .4f, .6f)).containsExactly(WEIGHTS);
  }

  @Test
  void weightsAndBiasesAreFloatsOnceRead() throws Exception {
    Map<String, SmallModel> all = models();
    for (String name :
        List.of("QLinearConv, biased", "ConvInteger", "com.microsoft.QGemm, biased")) {
      OnnxModel model = Network.load(all.get(name).write(folder)).model();
      List<WeightedLayers.Role> roles =
          WeightedLayers.of(model, null).layers().getFirst().parameters().stream()
              .map(WeightedLayers.Parameter::role)
              .toList();
      assertThat(roles).as(name).contains(WeightedLayers.Role.WEIGHT);
      assertThat(roles.contains(WeightedLayers.Role.BIAS)).isEqualTo(name.contains("biased"));
    }
  }

  @Test
  void mapsOfFeaturesAreNumbersAndNotLevels() throws Exception {
    SmallModel m = filters(model()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c");
    m.node("MaxPool", "c", "p", "kernel_shape", new long[] {3, 3});
    Network network = Network.load(read(m, "p").write(folder));
    String features = network.features().orElseThrow();
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, BATCH, SessionOptions.withGradientAt(features))) {
      float[] x = new float[s.input().count()];
      device.write(s.input(), x);
      s.forward();
      // of an image of zeros; its level would be the zero point
      assertThat(device.read(s.value(features))).containsOnly(0);
    }
  }

  @Test
  void scoresOfAModelThatGivesLevelsAreNumbers() throws Exception {
    SmallModel m = new SmallModel(13, 1, 2).scalar("s", .01f).integers("z", UINT8, new long[0], 3);
    m.floats("w", new long[] {2, 2}, 1, 0, 0, 1).node("MatMul", "x w", "l");
    Network network = Network.load(m.node("QuantizeLinear", "l s z", "y").write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[] {2, 3});
      s.forward();
      assertThat(device.read(s.output())).containsExactly(203, 255);
      assertThat(device.read(s.logits())).containsExactly(2, 3);
    }
  }

  @Test
  void aBlockMayBeLongerThanTheAxis() throws Exception {
    SmallModel m = new SmallModel(21, 2, 5).floats("s", new long[] {2, 1}, .5f, .25f);
    m.node("QuantizeLinear", "x s", "q", "axis", 1, "block_size", 1_000_000_000);
    Network network =
        Network.load(
            m.node("DequantizeLinear", "q s", "y", "axis", 1, "block_size", 5).write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 2, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[] {1, 2, 3, 4, 5, 1, 2, 3, 4, 500});
      s.forward();
      assertThat(device.read(s.output())).containsExactly(1, 2, 3, 4, 5, 1, 2, 3, 4, 63.75f);
    }
  }

  @Test
  void aLevelsTypeThatOnlyTheInputTellsIsRefused() throws Exception {
    SmallModel m = model().node("com.microsoft.QLinearSigmoid", "xq xs xz ys", "y");
    Path file = m.write(folder);
    assertThatThrownBy(() -> Network.load(file).graph(BATCH, SessionOptions.FORWARD))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("not supported so: with channels last");
  }

  /** Both beyond the largest level: the output tells them apart no more, their scores do. */
  @Test
  void scoresAreWhatIsQuantised() throws Exception {
    for (boolean softmax : new boolean[] {false, true}) {
      SmallModel m = new SmallModel(13, 1, 2).scalar("s", .01f).integers("z", INT8, new long[0], 0);
      m.floats("w", new long[] {2, 2}, 1, 0, 0, 1).node("MatMul", "x w", "l");
      m.node("QuantizeLinear", "l s z", "q");
      m.longs("rows", new long[] {2}, 1, -1).node("Reshape", "q rows", "r");
      m.node("DequantizeLinear", "r s z", softmax ? "d" : "y");
      Network network =
          Network.load((softmax ? m.node("Softmax", "d", "y", "axis", 1) : m).write(folder));
      try (Device device = TestDevice.open(1);
          Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
        device.write(s.input(), new float[] {2, 3});
        s.forward();
        assertThat(device.read(s.logits())).containsExactly(2, 3);
        float same = softmax ? .5f : 1.27f;
        assertThat(device.read(s.output())).containsExactly(same, same);
        s.score(ScoreKind.LOGIT, new long[] {1});
        s.backward(Rules.GRADIENT);
        assertThat(device.read(s.gradient())).containsExactly(0, 1);
      }
    }
  }

  private static int batch(Network network) {
    try {
      network.graph(BATCH, SessionOptions.FORWARD);
      return BATCH;
    } catch (OnlyBatch e) {
      return 1;
    }
  }
}
