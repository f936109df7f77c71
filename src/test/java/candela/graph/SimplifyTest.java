package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Dim;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Each pass alone, on graphs that it changes: outputs and gradients stay. */
class SimplifyTest {
  /** Of the largest value: folding changes the order of a few roundings. */
  private static final double TOLERANCE = 1e-5;

  private static final long[] SAME = {1, 1, 1, 1};
  private static final long[] TWO = {2, 2};

  @TempDir Path folder;

  private static SmallModel model() {
    return new SmallModel(15, 2, 3, 6, 5);
  }

  private static SmallModel conv(SmallModel m, String x, String y, long in, long out) {
    return m.random("w" + y, out, in, 3, 3)
        .random("b" + y, out)
        .node("Conv", x + " w" + y + " b" + y, y, "pads", SAME);
  }

  private static SmallModel norm(SmallModel m, String x, String y, long channels) {
    m.random("s" + y, channels).random("t" + y, channels);
    m.random("m" + y, channels).random("v" + y, channels);
    String parameters = " s%s t%s m%s v%s".replace("%s", y);
    return m.node("BatchNormalization", x + parameters, y);
  }

  /** e, the exponential of x, and s, which is e and one. */
  private static SmallModel sigmoid(SmallModel m, String x) {
    return m.scalar("one", 1).node("Exp", x, "e").node("Add", "e one", "s");
  }

  /** e, exponentials, and s, their sums. */
  private static SmallModel softmax(SmallModel m, long... axes) {
    return m.longs("axes", new long[] {axes.length}, axes)
        .node("Exp", "x", "e")
        .node("ReduceSum", "e axes", "s");
  }

  private static SmallModel layerNorm(SmallModel m) {
    return layerNorm(m, "x", "y");
  }

  private static SmallModel layerNorm(SmallModel m, String x, String y) {
    long[] last = {-1};
    return m.scalar("e", .01f)
        .node("ReduceMean", x, "m", "axes", last)
        .node("Sub", x + " m", "d")
        .node("Mul", "d d", "q")
        .node("ReduceMean", "q", "v", "axes", last)
        .node("Add", "v e", "w")
        .node("Sqrt", "w", "s")
        .node("Div", "d s", y);
  }

  /** A norm as Keras writes it. */
  private static SmallModel arithmetic(String difference) {
    return conv(model(), "x", "a", 3, 4)
        .random("m", 1, 4, 1, 1)
        .random("s", 1, 4, 1, 1)
        .random("t", 1, 4, 1, 1)
        .node("Sub", difference, "d")
        .node("Mul", "d s", "p")
        .node("Add", "p t", "n")
        .node("Relu", "n", "y");
  }

  private static SmallModel padded(String x, long... pads) {
    return padded(model(), x, pads);
  }

  /** A convolution with one row and column of zeros of its own behind a padding. */
  private static SmallModel padded(SmallModel m, String x, long... pads) {
    m.longs("pads", new long[] {pads.length}, pads).random("w", 4, 3, 3, 4);
    long[] own = {0, 1, 1, 0};
    return m.node("Pad", x + " pads", "p").node("Conv", "p w", "y", "pads", own);
  }

  /** By pass, models on which it has something to do. */
  private static Map<String, List<SmallModel>> models() {
    Map<String, List<SmallModel>> all = new LinkedHashMap<>();
    all.put(
        "RemoveIdentity",
        List.of(
            model().node("Identity", "x", "i").node("Exp", "i", "y"),
            model().node("Tanh", "x", "t").node("Dropout", "t", "d").node("Add", "d t", "y")));
    all.put(
        "FoldConstants",
        List.of(
            model()
                .random("w", 100, 100)
                .node("Tanh", "w", "t")
                .longs("s", new long[] {1}, 10000)
                .node("Reshape", "t s", "f")
                .node("ReduceMean", "f", "c")
                .node("Mul", "x c", "y")));
    all.put(
        "CancelTransposes",
        List.of(
            conv(conv(model(), "x", "a", 3, 4).node("Relu", "a", "r"), "r", "y", 4, 2),
            conv(model(), "x", "a", 3, 3).node("Exp", "x", "e").node("Add", "a e", "y"),
            conv(model(), "x", "a", 3, 3)
                .node("GlobalAveragePool", "a", "g")
                .node("Mul", "a g", "y"),
            conv(model(), "x", "a", 3, 3).node("Concat", "x a", "y", "axis", 1)));
    all.put(
        "FoldPads",
        List.of(
            padded("x", 0, 0, 2, 1, 0, 0, 0, 1),
            padded("x", 0, 0, -1, 1, 0, 0, 1, 1),
            padded(model().node("Relu", "x", "r"), "r", 0, 0, 1, 0, 0, 0, 1, 2)));
    all.put(
        "ShrinkConstants",
        List.of(
            model()
                .random("c", 1, 3, 1, 1)
                .longs("s", new long[] {4}, 2, 3, 1, 1)
                .node("Expand", "c s", "e")
                .node("Add", "x e", "y")));
    all.put(
        "FoldScalars",
        List.of(
            model().scalar("c", 3).node("Mul", "x c", "m").node("Sub", "c m", "y"),
            model().scalar("c", 2).node("Pow", "x c", "y")));
    all.put(
        "RecogniseActivations", List.of(model().node("Sigmoid", "x", "s").node("Mul", "x s", "y")));
    all.put("RecogniseLayerNorm", List.of(layerNorm(model())));
    all.put(
        "RecogniseSigmoid",
        List.of(
            sigmoid(model().node("Neg", "x", "n"), "n")
                .node("Reciprocal", "s", "t")
                .node("Tanh", "t", "y"),
            sigmoid(model(), "x").node("Div", "one s", "t").node("Tanh", "t", "y"),
            sigmoid(model(), "x").node("Div", "e s", "t").node("Tanh", "t", "y")));
    all.put(
        "RecogniseSoftmax",
        List.of(
            softmax(model(), -1).node("Div", "e s", "y"),
            softmax(model(), 2, 3).node("Reciprocal", "s", "r").node("Mul", "r e", "y")));
    all.put(
        "JoinSigmoids",
        List.of(
            model()
                .scalar("one", 1)
                .node("Sigmoid", "x", "p")
                .node("Sub", "one p", "q")
                .node("Concat", "q p", "c", "axis", 1)
                .scalar("low", -1) // below all, so that the outputs' gradients are compared
                .node("Clip", "c low", "y")));
    all.put(
        "OneOfTwo",
        List.of(
            new SmallModel(13, 2, 3, 2)
                .longs("one", new long[] {1}, 1)
                .longs("two", new long[] {1}, 2)
                .node("Softmax", "x", "p")
                .node("Slice", "p one two two", "c")
                .scalar("low", -1)
                .node("Clip", "c low", "y")));
    all.put(
        "FuseProduct",
        List.of(
            model()
                .scalar("c", .5f)
                .node("Tanh", "x", "t")
                .node("Transpose", "t", "u", "perm", new long[] {0, 1, 3, 2})
                .node("Mul", "x c", "m")
                .node("MatMul", "m u", "y")));
    all.put("DeadCode", List.of(model().node("Exp", "x", "unread").node("Tanh", "x", "y")));
    all.put(
        "ChannelAffine",
        List.of(
            conv(model(), "x", "a", 3, 4)
                .random("c", 1, 4, 1, 1)
                .random("d", 1, 4, 1, 1)
                .node("Mul", "a c", "m")
                .node("Add", "d m", "y"),
            arithmetic("a m"),
            arithmetic("m a"),
            conv(model(), "x", "a", 3, 4).node("Neg", "a", "y"),
            conv(model(), "x", "a", 3, 4).scalar("c", -2).node("Mul", "a c", "y")));
    all.put(
        "FoldAffine",
        List.of(
            norm(conv(model(), "x", "a", 3, 4), "a", "y", 4),
            norm(conv(model(), "x", "a", 3, 4), "a", "n", 4).node("Relu", "n", "y"),
            norm(
                model().random("w", 3, 4, 2, 3).node("ConvTranspose", "x w", "a", "strides", TWO),
                "a",
                "y",
                4),
            norm(
                conv(model(), "x", "c", 3, 6)
                    .random("w", 6, 2, 3, 3)
                    .random("b", 6)
                    .node("ConvTranspose", "c w b", "a", "group", 3),
                "a",
                "y",
                6),
            norm(
                new SmallModel(15, 3, 6).random("w", 6, 4).node("Gemm", "x w", "a"), "a", "y", 4)));
    all.put(
        "FuseResidual",
        List.of(
            conv(model(), "x", "a", 3, 3).node("Add", "a x", "y"),
            conv(conv(model(), "x", "a", 3, 4), "x", "b", 3, 4).node("Add", "a b", "y"),
            conv(conv(model(), "x", "a", 3, 4), "a", "b", 4, 4)
                .node("Add", "a b", "s")
                .node("Relu", "s", "y")));
    all.put(
        "FuseActivation",
        List.of(
            conv(model(), "x", "a", 3, 4).node("Relu", "a", "y"),
            conv(model(), "x", "a", 3, 4).scalar("z", 0).scalar("q", 1).node("Clip", "a z q", "y"),
            conv(model(), "x", "a", 3, 4).node("LeakyRelu", "a", "y", "alpha", .3f),
            conv(model(), "x", "a", 3, 3).node("Add", "x a", "s").node("Relu", "s", "y"),
            new SmallModel(13, 3, 6)
                .random("w", 6, 4)
                .node("MatMul", "x w", "a")
                .node("Relu", "a", "y")));
    all.put(
        "FuseConcat",
        List.of(
            conv(conv(model(), "x", "a", 3, 2), "x", "b", 3, 5)
                .node("Relu", "a", "r")
                .node("Concat", "r b", "y", "axis", 1),
            conv(conv(model(), "x", "a", 3, 2), "x", "b", 3, 2)
                .node("Concat", "a x b", "c", "axis", 1)
                .node("Tanh", "c", "y")));
    return all;
  }

  @Test
  void everyPassHasAModel() {
    Set<String> passes =
        Simplify.PASSES.stream()
            .map(p -> p.getClass().getSimpleName())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(models().keySet()).containsExactlyInAnyOrderElementsOf(passes);
  }

  @TestFactory
  Stream<DynamicTest> aloneItChangesTheGraphAndNothingElse() {
    return models().entrySet().stream()
        .flatMap(
            e ->
                e.getValue().stream()
                    .map(m -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getKey(), m))));
  }

  private void check(String pass, SmallModel small) throws Exception {
    OnnxModel model = OnnxModel.read(small.write(folder));
    int batch = ((Dim.Fixed) model.inputs().get(0).dims().orElseThrow().get(0)).size();
    Graph before = Import.graph(model, batch);
    for (Simplify.Pass p : Simplify.PASSES) {
      Graph after = p.apply(before, Set.of());
      if (p.getClass().getSimpleName().equals(pass)) {
        assertThat(after.nodes()).as("nodes").isNotEqualTo(before.nodes());
        same(before, after);
        return;
      }
      before = after;
    }
  }

  private static void same(Graph before, Graph after) {
    try (Device device = TestDevice.open(2);
        Session a = Session.open(before, device, SessionOptions.GRADIENT);
        Session b = Session.open(after, device, SessionOptions.GRADIENT)) {
      Compare.assertClose("gradient", gradient(device, b), gradient(device, a), TOLERANCE);
      Compare.assertClose("output", device.read(b.output()), device.read(a.output()), TOLERANCE);
    }
  }

  private static float[] gradient(Device device, Session s) {
    Random random = new Random(7);
    device.write(s.input(), draw(random, s.input().count()));
    s.forward();
    device.write(s.seed(), draw(random, s.seed().count()));
    s.backward(Rules.GRADIENT);
    return device.read(s.gradient());
  }

  private static float[] draw(Random random, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return v;
  }

  @Test
  void aNormOfPlainArithmeticBecomesPartOfItsConvolution() throws Exception {
    for (String difference : new String[] {"a m", "m a"}) {
      OnnxModel model = OnnxModel.read(arithmetic(difference).write(folder));
      Graph before = Import.graph(model, 2);
      Graph after = Simplify.all(before, Set.of());
      assertThat(after.nodes().stream().map(n -> n.op().type()))
          .containsExactlyInAnyOrder("Transpose", "Conv", "Transpose");
      same(before, after);
    }
  }

  /** As Swin merges its patches: a rule finds the same layer as where the model has it in one. */
  @Test
  void transposesDoNotMoveInBetweenWhatSpellsOutANorm() throws Exception {
    SmallModel patches =
        new SmallModel(13, 2, 4, 4, 6)
            .longs("pairs", new long[] {6}, 2, 2, 2, 2, 2, 6)
            .longs("merged", new long[] {4}, 2, 2, 2, 24)
            .node("Reshape", "x pairs", "p")
            .node("Transpose", "p", "t", "perm", new long[] {0, 1, 3, 4, 2, 5})
            .node("Reshape", "t merged", "u")
            .random("r", 24, 5);
    OnnxModel model =
        OnnxModel.read(layerNorm(patches, "u", "n").node("MatMul", "n r", "y").write(folder));
    Graph before = Import.graph(model, 2);
    Graph after = Simplify.forRules(before, Set.of(), Map.of());
    assertThat(after.nodes().stream().map(n -> n.op().type()))
        .contains("LayerNorm")
        .doesNotContain("Reduce");
    same(before, after);
  }

  @Test
  void aScalarThatIsTransposedIsRead() {
    OnnxModel model =
        new ModelBuilder(12)
            .input("x", 1, 3)
            .output("t")
            .output("y")
            .node("ReduceSum", "x", "s", "keepdims", 0)
            .node("Transpose", "s", "t")
            .node("Relu", "t", "y")
            .model();
    for (SessionOptions options : List.of(SessionOptions.FORWARD, SessionOptions.GRADIENT)) {
      assertThat(Network.of(model).graph(1, options).outputs()).hasSize(2);
    }
  }

  /** What is read twice, kept by name, or an output of the model is not fused away. */
  @Test
  void whatMustStayReadableStays() throws Exception {
    SmallModel small = conv(model(), "x", "a", 3, 3).node("Relu", "a", "r").node("Add", "r x", "y");
    OnnxModel model = OnnxModel.read(small.write(folder));
    Graph plain = Simplify.all(Import.graph(model, 2), Set.of());
    Graph kept = Simplify.all(Import.graph(model, 2), Set.of("a", "r"));
    assertThat(plain.named()).doesNotContainKey("a");
    assertThat(kept.named()).containsKeys("a", "r");
    same(plain, kept);
    try (Device device = TestDevice.open(1);
        Session s = Session.open(kept, device, SessionOptions.withGradientAt("", "a", "r"))) {
      float[] x = draw(new Random(2), s.input().count());
      device.write(s.input(), x);
      s.forward();
      float[] dy = draw(new Random(3), s.seed().count());
      device.write(s.seed(), dy);
      s.backward(Rules.GRADIENT);
      assertThat(device.read(s.gradient("r"))).isEqualTo(dy);
      float[] da = device.read(s.gradient("a"));
      for (int i = 0; i < dy.length; i++) {
        assertThat(da[i]).isIn(0f, dy[i]);
      }
    }
  }

  /** (x - mean) / deviation, scaled and shifted, as a model writes it itself. */
  @Test
  void batchNormWithAQuotientIsFolded() throws Exception {
    Path m =
        new SmallModel(13, 2, 3, 5, 4)
            .random("w", 3, 3, 1, 1)
            .random("mean", 3, 1, 1)
            .floats("deviation", new long[] {1, 3, 1, 1}, .5f, 2, -3)
            .random("scale", 3, 1, 1)
            .random("shift", 3, 1, 1)
            .node("Conv", "x w", "a")
            .node("Sub", "a mean", "b")
            .node("Div", "b deviation", "c")
            .node("Mul", "c scale", "d")
            .node("Add", "d shift", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Transpose", "Conv", "Transpose");
  }

  /** As tensordot is exported: rows of all tokens are multiplied, the bias comes behind. */
  @Test
  void aBiasBehindAReshapeIsFolded() throws Exception {
    assertThat(Rewritten.operators(tokens(5, 3))).containsExactly("Matrix");
  }

  /** A bias of each token is none of the layer's. */
  @Test
  void aBiasOfOtherChannelsStays() throws Exception {
    assertThat(Rewritten.operators(tokens(3, 5))).hasSize(2);
  }

  /** A layer of 3 channels on rows of 5 tokens, in this shape with a bias along its last axis. */
  private Path tokens(int tokens, int last) throws Exception {
    return new SmallModel(13, 2, 5, 4)
        .longs("rows", new long[] {2}, -1, 4)
        .longs("tokens", new long[] {3}, -1, tokens, last)
        .random("w", 4, 3)
        .random("bias", last)
        .node("Reshape", "x rows", "r")
        .node("MatMul", "r w", "p")
        .node("Reshape", "p tokens", "t")
        .node("Add", "t bias", "y")
        .write(folder);
  }

  /** One number for all channels, before and behind a batch normalisation too. */
  @Test
  void whatIsNegatedOrScaledIsFoldedIntoItsLayer() throws Exception {
    for (String last : List.of("Neg n", "Mul n c", "Add n c")) {
      String[] words = last.split(" ", 2);
      SmallModel m = norm(conv(model(), "x", "a", 3, 4).node("Neg", "a", "b"), "b", "n", 4);
      Path behind = m.scalar("c", -2).node(words[0], words[1], "y").write(folder);
      assertThat(Rewritten.operators(behind))
          .as(last)
          .containsExactly("Transpose", "Conv", "Transpose");
      Path dense =
          new SmallModel(15, 3, 6)
              .random("w", 6, 4)
              .scalar("c", -2)
              .node("MatMul", "x w", "n")
              .node(words[0], words[1], "y")
              .write(folder);
      assertThat(Rewritten.operators(dense)).as(last).containsExactly("Matrix");
    }
  }

  /** A step may turn where the product has other digits; a sign is exact. */
  @Test
  void whatAStepReadsIsScaledBehindItsLayer() throws Exception {
    for (String before : List.of("Mul a c", "Neg a")) {
      String[] words = before.split(" ", 2);
      Path m =
          conv(model(), "x", "a", 3, 3)
              .scalar("c", -2)
              .node(words[0], words[1], "b")
              .node("Floor", "b", "d")
              .node("Add", "d x", "y")
              .write(folder);
      List<String> operators = Rewritten.operators(m);
      assertThat(operators.contains("LINEAR")).as(before).isEqualTo(before.startsWith("Mul"));
      assertThat(operators).doesNotContain("NEG");
    }
  }

  /** Other numbers, of channels, more than the kernel reaches, or read by others as well. */
  @Test
  void paddingThatIsNotTheConvolutionsStays() throws Exception {
    assertThat(Rewritten.operators(padded("x", 0, 0, 1, 1, 0, 0, 0, 1).write(folder)))
        .doesNotContain("PadConstant");
    assertThat(Rewritten.operators(padded("x", 0, 0, 3, 0, 0, 0, 0, 0).write(folder)))
        .contains("PadConstant");
    SmallModel ones =
        model().longs("pads", new long[] {8}, 0, 0, 1, 1, 0, 0, 1, 1).scalar("one", 1);
    ones.node("Pad", "x pads one", "p").random("w", 4, 3, 3, 3).node("Conv", "p w", "y");
    assertThat(Rewritten.operators(ones.write(folder))).contains("PadConstant");
    SmallModel channels = model().longs("pads", new long[] {8}, 0, 1, 1, 1, 0, 0, 1, 1);
    channels.node("Pad", "x pads", "p").random("w", 4, 4, 3, 3).node("Conv", "p w", "y");
    assertThat(Rewritten.operators(channels.write(folder))).contains("PadConstant");
    SmallModel twice = model().longs("pads", new long[] {8}, 0, 0, 1, 1, 0, 0, 1, 1);
    twice.node("Pad", "x pads", "p").random("w", 4, 3, 3, 3).node("Conv", "p w", "c");
    twice.longs("axes", new long[] {3}, 1, 2, 3).node("ReduceSum", "p axes", "s");
    twice.node("Add", "c s", "y");
    assertThat(Rewritten.operators(twice.write(folder))).contains("PadConstant");
  }
}
