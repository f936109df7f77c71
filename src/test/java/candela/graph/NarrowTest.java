package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.graph.op.Convert;
import candela.onnx.OnnxModel;
import candela.rule.Presets;
import candela.tensor.Storage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which values are held in 16 bits, and what comes of it. */
class NarrowTest {
  private static final Storage[] SIXTEEN = {Storage.BF16, Storage.FP16};

  @TempDir Path folder;

  /**
   * Two convolutions with a sum over the second, a pooling; then what cannot do so: a sigmoid, the
   * mean, a product.
   */
  private Network block() throws Exception {
    SmallModel m =
        new SmallModel(13, 1, 3, 9, 7)
            .random("w", 64, 3, 3, 3)
            .random("b", 64)
            .random("v", 64, 64, 3, 3)
            .random("u", 64, 5);
    m.node("Conv", "x w b", "c", "pads", new long[] {1, 1, 1, 1}).node("Relu", "c", "r");
    m.node("Conv", "r v", "d", "pads", new long[] {1, 1, 1, 1});
    m.node("Add", "d r", "s").node("Relu", "s", "t");
    m.node("MaxPool", "t", "p", "kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2});
    m.node("Sigmoid", "p", "g").node("GlobalAveragePool", "g", "a").node("Flatten", "a", "f");
    m.node("MatMul", "f u", "y");
    return Network.load(m.write(folder));
  }

  private static Session.Holding held(Storage storage) {
    return new Session.Holding(storage, false);
  }

  private static Set<Value> pinned(Graph g, String... names) {
    Set<Value> pinned = new HashSet<>(g.outputs());
    for (String name : names) {
      pinned.add(g.named().get(name).value());
    }
    return pinned;
  }

  /** "Conv bf16", in the order of the nodes; conversions by their names. */
  private static List<String> described(Graph g) {
    List<String> lines = new ArrayList<>();
    for (Node n : g.nodes()) {
      String what = n.op() instanceof Convert ? n.name().replaceAll("@\\d+", "") : n.op().type();
      lines.add(what + " " + n.output().storage());
    }
    return lines;
  }

  @Test
  void whatLiesBetweenConvolutionsIsNarrow() throws Exception {
    Graph g = block().graph(2, SessionOptions.GRADIENT);
    List<String> lines = described(Narrow.of(g, Storage.BF16, pinned(g)));
    int first = lines.indexOf("Conv bf16");
    assertThat(lines.get(first - 1)).as("%s", lines).endsWith("@bf16 bf16");
    assertThat(lines.subList(first, first + 5))
        .as("%s", lines)
        .containsExactly(
            "Conv bf16", "Conv bf16", "MaxPool bf16", "p@float32 float32", "SIGMOID float32");
    assertThat(lines.subList(first + 5, lines.size()))
        .isNotEmpty()
        .allMatch(l -> l.endsWith(" float32"));
    assertThat(Narrow.of(g, Storage.FLOAT32, pinned(g))).isSameAs(g);
  }

  @Test
  void whatIsReadByNameStaysFloat32AndAllOfItsReadersComeThroughIt() throws Exception {
    SessionOptions options = SessionOptions.withGradientAt("t");
    Graph g = block().graph(2, options);
    Value t = g.named().get("t").value();
    Graph narrow = Narrow.of(g, Storage.FP16, pinned(g, "t"));
    assertThat(t.storage()).isEqualTo(Storage.FLOAT32);
    Node made = narrow.producer(t);
    assertThat(made.op()).isInstanceOf(Convert.class);
    assertThat(narrow.producer(made.input(0)).op().type()).isEqualTo("Conv");
    assertThat(narrow.nodes().stream().filter(n -> n.inputs().contains(made.input(0))))
        .containsExactly(made);
  }

  static Stream<OnnxModel> models() {
    return Stream.of(
        OnnxModel.read(Shared.path("models/mnist-cntk.onnx")),
        OnnxModel.read(Shared.path("models/cifar10/resnet20_bn.onnx")),
        OnnxModel.read(Shared.path("models/light/light_densenet121.onnx")),
        OnnxModel.read(Shared.path("models/light/light_inception_v1.onnx")),
        OnnxModel.read(Shared.path("models/light/light_shufflenet.onnx")),
        OnnxModel.read(Shared.path("models/light/light_squeezenet.onnx")));
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyNodeHoldsAllAlikeAndReadsWhatIsThere(OnnxModel model) {
    Graph g = Network.of(model).graph(2, SessionOptions.GRADIENT);
    Graph narrow = Narrow.of(g, Storage.BF16, pinned(g));
    Set<Value> there = new HashSet<>(narrow.inputs());
    int narrowed = 0;
    int could = 0;
    for (Node n : narrow.nodes()) {
      List<Value> run = n.inputs().stream().filter(v -> v != null && !v.isConstant()).toList();
      assertThat(there).as(n.label()).containsAll(run);
      there.addAll(n.outputs());
      Set<Storage> held = new HashSet<>();
      run.forEach(v -> held.add(v.storage()));
      n.outputs().forEach(v -> held.add(v.storage()));
      boolean convert = n.op() instanceof Convert;
      assertThat(held).as(n.label()).hasSize(convert ? 2 : 1);
      boolean gains = n.op().width(n) == Op.Width.SIXTEEN;
      narrowed += gains && held.contains(Storage.BF16) ? 1 : 0;
      could += gains ? 1 : 0;
      if (n.op().width(n) == Op.Width.FLOAT32 && !convert) {
        assertThat(held).as(n.label()).containsExactly(Storage.FLOAT32);
      }
    }
    assertThat(there).containsAll(g.outputs());
    assertThat(narrowed).as("of %d", could).isGreaterThanOrEqualTo(could * 8 / 10).isPositive();
  }

  /** Little is computed with many elements, which would all be converted, before and after. */
  @Test
  void aSmallConvolutionAmongOtherOperatorsStaysFloat32() throws Exception {
    SmallModel m = new SmallModel(13, 1, 8, 16, 16).random("v", 8, 8, 1, 1).random("w", 8, 8, 1, 1);
    m.node("Sigmoid", "x", "a").node("Conv", "a v", "b").node("Sigmoid", "b", "c");
    m.node("Conv", "c w", "d").node("Sigmoid", "d", "y");
    Graph g = Network.load(m.write(folder)).graph(2, SessionOptions.GRADIENT);
    assertThat(described(Narrow.of(g, Storage.BF16, pinned(g)))).allMatch(l -> l.endsWith("32"));
  }

  private static Network resnet() {
    return Network.of(OnnxModel.read(Shared.path("models/cifar10/resnet20_bn.onnx")))
        .channelsFirst();
  }

  /** Logits, the gradient at the input, and that at the last feature map. */
  private static List<float[]> answers(Session s, float seed, Rules rules, String... names) {
    Random random = new Random(7);
    float[] x = new float[s.input().count()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    s.device().write(s.input(), x);
    for (int run = 0; run < 3; run++) { // a card records the second and replays it in the third
      s.forward();
    }
    List<float[]> all = new ArrayList<>(List.of(s.device().read(s.logits())));
    float[] seeds = new float[s.seed().count()];
    for (int i = 3; i < seeds.length; i += s.classes()) {
      seeds[i] = seed;
    }
    s.device().write(s.seed(), seeds);
    s.backward(rules);
    for (String name : names) {
      all.add(s.device().read(s.gradient(name)));
    }
    return all;
  }

  private static double difference(float[] a, float[] b) {
    double apart = 0;
    double whole = 0;
    for (int i = 0; i < a.length; i++) {
      apart += Math.pow((double) a[i] - b[i], 2);
      whole += Math.pow(b[i], 2);
    }
    return apart == 0 ? 0 : Math.sqrt(apart / whole);
  }

  /**
   * Each of the 19 convolutions rounds factors and sums by 2⁻⁹ or 2⁻¹² at most, independently. Of
   * gradients most of the difference is another: a unit whose sum is within that of zero lets its
   * gradient through on one side alone. The number of those goes with the rounding, what they add
   * up to with its root.
   */
  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void mapsAreThoseOfFloat32ToTheRounding(Storage storage) {
    double unit = storage == Storage.BF16 ? 0x1p-9 : 0x1p-12;
    String last = SessionOptions.LAST_FEATURES;
    SessionOptions options = SessionOptions.withGradientAt("", last);
    Graph graph = resnet().graph(5, options);
    try (Device device = TestDevice.open(2);
        Session whole = Session.open(graph, device, options, 1L << 50, held(Storage.FLOAT32));
        Session narrow = Session.open(graph, device, options, 1L << 50, held(storage))) {
      for (float seed : new float[] {1, 1e-5f}) {
        List<float[]> wanted = answers(whole, seed, Rules.GRADIENT, "", last);
        List<float[]> got = answers(narrow, seed, Rules.GRADIENT, "", last);
        assertThat(difference(got.get(0), wanted.get(0)))
            .as("logits")
            .isBetween(0.1 * unit, 8 * unit);
        assertThat(difference(got.get(1), wanted.get(1)))
            .as("gradient at the input")
            .isBetween(unit, 5 * Math.sqrt(unit));
        assertThat(difference(got.get(2), wanted.get(2)))
            .as("gradient at the last features")
            .isCloseTo(0, within(4 * unit));
      }
      assertThat(narrow.memory().values()).isLessThan(whole.memory().values() * 65 / 100);
      assertThat(narrow.memory().gradients()).isLessThan(whole.memory().gradients() * 65 / 100);
    }
  }

  /** Networks of all that can be narrow and of some that cannot, in every order. */
  @ParameterizedTest
  @EnumSource(
      value = Storage.class,
      names = {"BF16", "FP16"})
  void drawnNetworksGiveTheSameToTheRounding(Storage storage) {
    double unit = storage == Storage.BF16 ? 0x1p-9 : 0x1p-12;
    int narrow = 0;
    try (Device device = TestDevice.open(2)) {
      for (int seed = 0; seed < 40; seed++) {
        Graph graph = Network.of(new DrawnTrunk(seed).model()).graph(2, SessionOptions.GRADIENT);
        narrow += Narrow.of(graph, storage, pinned(graph)) == graph ? 0 : 1;
        List<List<float[]>> both = new ArrayList<>();
        for (Storage held : new Storage[] {Storage.FLOAT32, storage}) {
          try (Session s =
              Session.open(graph, device, SessionOptions.GRADIENT, 1L << 50, held(held))) {
            both.add(answers(s, 1, Rules.GRADIENT, ""));
          }
        }
        double logits = difference(both.get(1).get(0), both.get(0).get(0));
        double gradients = difference(both.get(1).get(1), both.get(0).get(1));
        assertThat(logits).as("logits of %d", seed).isLessThan(8 * unit);
        assertThat(gradients).as("gradient of %d", seed).isLessThan(10 * Math.sqrt(unit));
      }
    }
    assertThat(narrow).isGreaterThan(20);
  }

  @Test
  void slicesGiveTheSameBits() {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only, a card runs whole batches");
    SessionOptions options = SessionOptions.GRADIENT;
    Graph graph = resnet().graph(7, options);
    try (Device device = TestDevice.open(2);
        Session whole = Session.open(graph, device, options, 1L << 50, held(Storage.BF16));
        Session sliced = Session.open(graph, device, options, 1, held(Storage.BF16))) {
      assertThat(answers(sliced, 1, Rules.GRADIENT, ""))
          .usingRecursiveComparison()
          .isEqualTo(answers(whole, 1, Rules.GRADIENT, ""));
    }
  }

  @Test
  void otherRulesRunInFloat32() {
    Rules guided = Presets.guidedBackprop();
    SessionOptions options = SessionOptions.withRules("", List.of(guided));
    Graph graph = resnet().graph(2, options);
    List<List<float[]>> both = new ArrayList<>();
    try (Device device = TestDevice.open(2)) {
      for (Storage storage : new Storage[] {Storage.FLOAT32, Storage.BF16}) {
        try (Session s = Session.open(graph, device, options, 1L << 50, held(storage))) {
          both.add(answers(s, 1, guided, ""));
        }
      }
    }
    assertThat(both.get(1)).usingRecursiveComparison().isEqualTo(both.get(0));
  }

  @Test
  void aValueReadByNameIsTheRoundedOne() throws Exception {
    SessionOptions options = SessionOptions.withGradientAt("t");
    Graph graph = block().graph(2, options);
    for (Storage storage : SIXTEEN) {
      try (Device device = TestDevice.open(1);
          Session s = Session.open(graph, device, options, 1L << 50, held(storage))) {
        answers(s, 1, Rules.GRADIENT, "t");
        float[] t = device.read(s.value("t"));
        assertThat(t).hasSize(2 * 64 * 9 * 7);
        for (float v : t) {
          assertThat(significant(v)).isLessThanOrEqualTo(storage == Storage.BF16 ? 8 : 11);
        }
      }
    }
  }

  /** Bits from the first that is set to the last. */
  private static int significant(float v) {
    int mantissa = Float.floatToRawIntBits(v) & 0x7fffff | 0x800000;
    return v == 0 ? 0 : 24 - Integer.numberOfTrailingZeros(mantissa);
  }
}
