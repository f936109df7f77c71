package candela.graph;

import static candela.graph.QuantizedModels.BATCH;
import static candela.graph.QuantizedModels.INT8;
import static candela.graph.QuantizedModels.UINT8;
import static candela.graph.QuantizedModels.filters;
import static candela.graph.QuantizedModels.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.rule.Presets;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What gradients, rules, scores, features and weights of quantised models are, by hand. */
class QuantizedGraphTest {
  private static final float[] WEIGHTS = {1, -2, 4, -8, 16};

  @TempDir Path folder;

  private final QuantizedModels models = new QuantizedModels(false);

  /** x, of one image, times 1, 2, 4 …, after what the nodes of m make of x: the scores are y. */
  private float[] slopes(SmallModel m, Rules rules, float... x) throws Exception {
    float[] w = new float[x.length * x.length];
    for (int i = 0; i < x.length; i++) {
      w[i * x.length + i] = weight(i);
    }
    m.floats("weights", new long[] {x.length, x.length}, w).node("MatMul", "d weights", "y");
    Network network = Network.load(m.write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, rules.paired() ? 2 : 1, QuantizedTest.options(rules))) {
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

  /** -27.499998 steps are 27, though 98.500002 levels are 98.5 in floats. */
  @Test
  void levelsAreRoundedBeforeTheZeroPointIsAdded() throws Exception {
    float below = Math.nextUp(-27.5f);
    for (String scale : new String[] {"one", "each"}) {
      SmallModel m = new SmallModel(13, 1, 2).scalar("one", 1).floats("each", new long[] {2}, 1, 1);
      m.integers("z", UINT8, new long[0], 126).integers("zs", UINT8, new long[] {2}, 126, 126);
      String read = scale.equals("one") ? "one z" : "each zs";
      m.node("QuantizeLinear", "x " + read, "q", "axis", 1);
      Network network = Network.load(m.node("Cast", "q", "y", "to", 1).write(folder));
      try (Device device = TestDevice.open(1);
          Session s = network.session(device, 1, SessionOptions.FORWARD)) {
        device.write(s.input(), new float[] {below, 129.6f});
        s.forward();
        assertThat(device.read(s.output())).containsExactly(99, 255);
      }
    }
  }

  /** As PyTorch writes a cast where constants are not folded. */
  @Test
  void aZeroPointThatIsComputedHasItsType() throws Exception {
    for (String z : new String[] {"z8", "cast", "cut"}) {
      SmallModel m = new SmallModel(13, 1, 3).scalar("s", 1).longs("z64", new long[0], 120);
      m.integers("z8", INT8, new long[0], 120).node("Cast", "z64", "cast", "to", INT8);
      m.integers("zs", INT8, new long[] {2}, 7, 120).longs("one", new long[] {1}, 1);
      m.longs("two", new long[] {1}, 2).node("Slice", "zs one two", "some");
      m.longs("none", new long[] {0}).node("Reshape", "some none", "cut");
      m.node("QuantizeLinear", "x s " + z, "q").node("DequantizeLinear", "q s " + z, "y");
      Network network = Network.load(m.write(folder));
      try (Device device = TestDevice.open(1);
          Session s = network.session(device, 1, SessionOptions.FORWARD)) {
        device.write(s.input(), new float[] {3, 9, -300});
        s.forward();
        assertThat(device.read(s.output())).as(z).containsExactly(3, 7, -248);
      }
    }
  }

  /** Of a cast, moved or not; what no cast tells the type of is refused. */
  @Test
  void aZeroPointOfTheImageHasTheTypeOfItsCast() throws Exception {
    Object[][] expected = {{INT8, -128f}, {UINT8, -0f}, {17, -288f}};
    for (Object[] e : expected) {
      for (String z : new String[] {"cast", "moved"}) {
        SmallModel m = zeroOfTheImage().node("Cast", "zero", "cast", "to", e[0]);
        m.longs("none", new long[] {0}).node("Reshape", "cast none", "moved");
        m.node("QuantizeLinear", "x s " + z, "q").node("Cast", "q", "y", "to", 1);
        Network network = Network.load(m.write(folder));
        try (Device device = TestDevice.open(1);
            Session s = network.session(device, 1, SessionOptions.FORWARD)) {
          device.write(s.input(), new float[] {3, 9, -300});
          s.forward();
          float least = (float) e[1];
          assertThat(device.read(s.output())).as("%s %s", e[0], z).containsExactly(3, 9, least);
        }
      }
    }
    SmallModel m = zeroOfTheImage().node("Cast", "zero", "a", "to", INT8);
    m.node("Add", "a a", "sum").node("QuantizeLinear", "x s sum", "y");
    assertThatThrownBy(() -> Network.load(m.write(folder)).graph(1, SessionOptions.FORWARD))
        .hasMessageContaining("no cast tells its type");
  }

  /** 200 as int8 is -56, and -128 as uint8 is 128. */
  @Test
  void levelsThatAreCastAreIntegers() throws Exception {
    Object[][] expected = {{UINT8, INT8, 100f, -56f, -0f}, {INT8, UINT8, 100f, 127f, 128f}};
    for (Object[] e : expected) {
      SmallModel m = new SmallModel(19, 1, 3).scalar("s", 1);
      m.integers("z", (int) e[0], new long[0], 0).node("QuantizeLinear", "x s z", "q");
      m.longs("same", new long[] {1}, -1).node("Reshape", "q same", "r");
      m.node("Cast", "r", "i", "to", e[1]).node("Cast", "i", "y", "to", 1);
      assertThat(scores(m, 100, 200, -300))
          .containsExactly((float) e[2], (float) e[3], (float) e[4]);
    }
  }

  @Test
  void constantsThatAreQuantisedAreOfTheirLevelsType() throws Exception {
    Object[][] expected = {{INT8, 100f, 17f, -56f}, {17, 96f, 16f, 192f}};
    for (Object[] e : expected) {
      SmallModel m = new SmallModel(21, 1, 3).scalar("s", 1).scalar("c", 3);
      m.node("QuantizeLinear", "c s", "q", "output_dtype", e[0]).node("Cast", "x", "i", "to", 6);
      m.node("CastLike", "i q", "l").node("Cast", "l", "y", "to", 1);
      assertThat(scores(m, 100, 17, 200)).containsExactly((float) e[1], (float) e[2], (float) e[3]);
    }
    SmallModel m = new SmallModel(21, 1, 3).scalar("s", 1).scalar("c", 3);
    m.node("QuantizeLinear", "c s", "z", "output_dtype", INT8).node("QuantizeLinear", "x s z", "q");
    m.node("DequantizeLinear", "q s z", "y");
    assertThat(scores(m, 100, 200, -300)).containsExactly(100, 124, -131);
  }

  /**
   * Levels that are floats are of numbers over the scale; twice the numbers are left as they are.
   */
  @Test
  void scoresOfFloatsThatAreRoundedAreTheNumbersBefore() throws Exception {
    for (String last : new String[] {"d", "p", "twice"}) {
      SmallModel m = new SmallModel(21, 1, 3).scalar("s", .03f).scalar("two", 2);
      m.floats("w", new long[] {3, 3}, 1, 0, 0, 0, 1, 0, 0, 0, 1).node("MatMul", "x w", "l");
      m.node("QuantizeLinear", "l s", "q", "output_dtype", 17);
      m.node("DequantizeLinear", "q s", "d")
          .node("Softmax", "d", "p")
          .node("Mul", "d two", "twice");
      Network network = Network.load(m.node("Identity", last, "y").write(folder));
      float[] expected = {1.01f, -20, .5f};
      try (Device device = TestDevice.open(1);
          Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
        device.write(s.input(), expected);
        s.forward();
        float[] twice = {1.92f, -26.88f, .96f};
        float[] logits = device.read(s.logits());
        assertThat(logits).as(last).containsExactly(last.equals("twice") ? twice : expected);
      }
    }
  }

  /** Twice the numbers are not the numbers; what a softmax reads then is what was rounded. */
  @Test
  void scoresThatAreScaledAfterRoundingAreLeftAsTheyAre() throws Exception {
    SmallModel m = new SmallModel(13, 1, 3).scalar("s", .5f).scalar("two", 2);
    m.node("QuantizeLinear", "x s", "q").node("DequantizeLinear", "q s", "d");
    m.node("Mul", "d two", "twice").node("Softmax", "twice", "y");
    Network network = Network.load(m.write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
      device.write(s.input(), new float[] {1.1f, 2.4f, 3});
      s.forward();
      assertThat(device.read(s.logits())).containsExactly(2, 5, 6);
    }
  }

  @Test
  void constantsOfAShapeAreOfTheirValuesType() {
    Object[][] expected = {
      {ElementType.INT8, -128f}, {ElementType.UINT4, -0f}, {ElementType.FLOAT8E4M3FN, -288f}
    };
    for (Object[] e : expected) {
      ElementType type = (ElementType) e[0];
      OnnxTensor zero =
          type.isFloating()
              ? OnnxTensor.of("", Shape.of(1), 0f).as(type)
              : OnnxTensor.of("", Shape.of(1), 0L).as(type);
      ModelBuilder m = new ModelBuilder(21).input("x", 1, 3).constant("s", Shape.of(1), 1f);
      m.constant("shape", Shape.of(1), 1L).node("ConstantOfShape", "shape", "z", "value", zero);
      m.node("QuantizeLinear", "x,s,z", "q").node("DequantizeLinear", "q,s,z", "y");
      float[] y = scores(Network.of(m.output("y").model()), 3, 9, -300);
      assertThat(y).as("%s", type).containsExactly(3, 9, (float) e[1]);
    }
  }

  private float[] scores(SmallModel m, float... x) throws Exception {
    return scores(Network.load(m.write(folder)), x);
  }

  private static float[] scores(Network network, float... x) {
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), x);
      s.forward();
      return device.read(s.output());
    }
  }

  /** Of constants, and of values at run time; 17 and 33 have more digits than that type. */
  @Test
  void whatChangesPlaceKeepsItsType() throws Exception {
    for (String x : new String[] {"c", "cast"}) {
      for (String like : new String[] {"turned", "twice", "some", "wide", "first", "tiled"}) {
        SmallModel m = new SmallModel(19, 1, 3).floats("f", new long[] {1, 3}, 1, 2, 3);
        m.integers("c", 17, new long[] {1, 3}, 0x38, 0x40, 0x44)
            .node("Cast", "x", "cast", "to", 17);
        m.node("Transpose", x, "turned", "perm", new long[] {1, 0});
        m.node("Concat", x + " " + x, "twice", "axis", 1);
        m.longs("one", new long[] {1}, 1).longs("two", new long[] {1}, 2);
        m.node("Slice", x + " one two one", "some").longs("wider", new long[] {2}, 5, 3);
        m.node("Expand", x + " wider", "wide").longs("zero", new long[0], 0);
        m.node("Gather", x + " zero", "first", "axis", 1);
        m.longs("times", new long[] {2}, 2, 2).node("Tile", x + " times", "tiled");
        m.node("CastLike", "x " + like, "l").node("Cast", "l", "y", "to", 1);
        assertThat(scores(m, 17, 33, -1000)).as(x + " " + like).containsExactly(16, 32, -448);
      }
    }
  }

  /** As wide as 1.5 times the largest number; what is in range keeps its gradient. */
  @Test
  void withoutSaturationWhatIsTooLargeIsNoNumber() throws Exception {
    float inf = Float.POSITIVE_INFINITY;
    Object[][] expected = {{17, 448f, Float.NaN}, {19, 57_344f, inf}, {20, 57_344f, Float.NaN}};
    for (Object[] e : expected) {
      SmallModel m = new SmallModel(19, 1, 4).node("Cast", "x", "f", "to", e[0], "saturate", 0);
      m.node("Cast", "f", "y", "to", 1);
      Network network = Network.load(m.write(folder));
      float most = (float) e[1];
      float none = (float) e[2];
      try (Device device = TestDevice.open(1);
          Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
        device.write(s.input(), new float[] {most, -1.5f * most, inf, 1});
        s.forward();
        assertThat(device.read(s.output())).containsExactly(most, -none, none, 1);
        device.write(s.seed(), new float[] {2, 2, 2, 2});
        s.backward(Rules.GRADIENT);
        assertThat(device.read(s.gradient())).containsExactly(2, 0, 0, 2);
      }
    }
  }

  private SmallModel zeroOfTheImage() {
    SmallModel m = new SmallModel(13, 1, 3).scalar("s", 1).scalar("nothing", 0);
    return m.node("Mul", "x nothing", "zeros").node("ReduceMax", "zeros", "zero", "keepdims", 0);
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
    Map<String, SmallModel> all = models.all();
    for (String name :
        List.of(
            "QLinearConv, biased",
            "ConvInteger",
            "com.microsoft.QGemm, biased",
            "com.microsoft.MatMulNBits, biased")) {
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
    SmallModel m = filters(models.input()).node("QLinearConv", "xq xs xz w ws wz ys yz", "c");
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
    SmallModel m = models.input().node("com.microsoft.QLinearSigmoid", "xq xs xz ys", "y");
    Path file = m.write(folder);
    assertThatThrownBy(() -> Network.load(file).graph(BATCH, SessionOptions.FORWARD))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(
            "(com.microsoft.QLinearSigmoid): the operator is supported channels first, with");
  }

  @Test
  void productsOfOtherBitsAndBlocksAreRefused() throws Exception {
    int[][] wrong = {
      {0, 16, 4, 75},
      {-4, 16, 4, 75},
      {1, 16, 4, 75},
      {3, 16, 4, 75},
      {16, 16, 4, 75},
      {4, 0, 4, 75},
      {4, 16, -4, 75},
      {4, 16, 4, 0}
    };
    for (int[] a : wrong) {
      SmallModel m = models.input().node("DequantizeLinear", "xq xs xz", "d");
      m.longs("flat", new long[] {2}, BATCH, 75).node("Reshape", "d flat", "rows");
      m.integers("w", UINT8, new long[] {4, 5, 8}, new int[160]).random("s", 20);
      m.node(
          "com.microsoft.MatMulNBits",
          "rows w s",
          "y",
          "bits",
          a[0],
          "block_size",
          a[1],
          "N",
          a[2],
          "K",
          a[3]);
      Path file = m.write(folder);
      assertThatThrownBy(() -> Network.load(file).graph(BATCH, SessionOptions.FORWARD))
          .as(Arrays.toString(a))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining(
              "the operator is supported with N, K, block_size and 2, 4 or 8 bits, without g_idx");
    }
  }

  @Test
  void onlyWhatIsReadMayHaveScalesBelowZero() throws Exception {
    for (float scale : new float[] {-.5f, 0, Float.POSITIVE_INFINITY}) {
      SmallModel written = new SmallModel(13, 1, 2).scalar("s", scale);
      Path file = written.node("QuantizeLinear", "x s", "y").write(folder);
      assertThatThrownBy(() -> Network.load(file).graph(1, SessionOptions.FORWARD))
          .hasMessageContaining("the scale must be a number above 0, is " + scale);
      SmallModel read = new SmallModel(13, 1, 2).scalar("s", scale);
      read.integers("q", INT8, new long[] {2}, 3, 4).node("DequantizeLinear", "q s", "w");
      Path other = read.node("Mul", "x w", "y").write(folder);
      if (Float.isFinite(scale)) {
        Network.load(other).graph(1, SessionOptions.FORWARD);
      } else {
        assertThatThrownBy(() -> Network.load(other).graph(1, SessionOptions.FORWARD))
            .hasMessageContaining("the scale must be a number, is " + scale);
      }
    }
  }

  /** Scales of so many levels are left to sessions, and the weights with them. */
  @Test
  void weightsWhoseScaleIsNotComputedStayQuantised() throws Exception {
    SmallModel m =
        new SmallModel(13, -1, 5)
            .random("many", 70_000)
            .node("Mul", "many many", "squares")
            .node("Cast", "squares", "levels", "to", 6)
            .node("Cast", "levels", "numbers", "to", 1)
            .node("ReduceMax", "numbers", "largest", "keepdims", 0)
            .scalar("one", 1)
            .node("Min", "largest one", "scale")
            .integers("q", INT8, new long[] {5, 2}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
            .node("DequantizeLinear", "q scale", "w")
            .node("MatMul", "x w", "y");
    Network network = Network.load(m.write(folder));
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[] {1, 0, 0, 0, 1});
      s.forward();
      assertThat(device.read(s.output())).containsExactly(10, 12);
    }
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
}
