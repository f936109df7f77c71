package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import candela.tensor.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients that pass activations by their values are those that pass them by bits. */
class GatesTest {
  private static final long WHOLE = 1L << 50;

  /** Two convolutions and a residual around the second; all read the first's activation. */
  private static ModelBuilder block(String activation, String more, Object... attributes) {
    Random random = new Random(3);
    ModelBuilder m = new ModelBuilder(12).input("x", -1, 3, 9, 8);
    for (String w : new String[] {"u", "v", "w"}) {
      int c = w.equals("u") ? 3 : 8;
      float[] values = new float[8 * c * 9];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian() / 4;
      }
      m.constant(w, Shape.of(8, c, 3, 3), values);
    }
    m.constant("lo", Shape.of(), 0f).constant("hi", Shape.of(), .5f);
    int[] pads = {1, 1, 1, 1};
    m.node("Conv", "x,u", "a", "pads", pads).node(activation, "a" + more, "b", attributes);
    m.node("Conv", "b,v", "c", "pads", pads).node(activation, "c" + more, "d", attributes);
    m.node("Conv", "d,w", "e", "pads", pads).node("Add", "e,b", "f").node("Relu", "f", "g");
    return m.node("GlobalAveragePool", "g", "h").node("Flatten", "h", "scores");
  }

  /** Gradients at the values of these names, and what is kept besides values. */
  private record Answer(List<float[]> gradients, long kept) {}

  private static Answer answer(
      Network network, int batch, Storage storage, boolean gating, String... names) {
    SessionOptions options = SessionOptions.withGradientAt(names);
    Session.Holding holding = new Session.Holding(storage, gating);
    try (Device device = TestDevice.open(2);
        Session s = Session.open(network.graph(batch, options), device, options, WHOLE, holding)) {
      Random random = new Random(7);
      device.write(s.input(), drawn(random, s.input().count()));
      float[] seed = drawn(random, s.seed().count());
      for (int run = 0; run < 3; run++) { // a card records the second and replays it in the third
        s.forward();
        device.write(s.seed(), seed);
        s.backward(Rules.GRADIENT);
      }
      List<float[]> gradients = new ArrayList<>();
      for (String name : names) {
        gradients.add(device.read(s.gradient(name)));
      }
      return new Answer(gradients, s.memory().kept());
    }
  }

  private static float[] drawn(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Bit for bit on the CPU; a card may have chosen another way for the two sums. */
  private static void same(String what, Answer byValue, Answer byBit) {
    for (int i = 0; i < byBit.gradients().size(); i++) {
      float[] wanted = byBit.gradients().get(i);
      float[] got = byValue.gradients().get(i);
      if (TestDevice.isCpu()) {
        assertThat(got).as(what).isEqualTo(wanted);
        continue;
      }
      Difference d = Difference.of(wanted, got);
      assertThat(d == null ? 0 : d.relative()).as(what).isLessThan(5e-3);
    }
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void ofEveryActivation(Storage storage) {
    List<OnnxModel> models =
        List.of(
            block("Relu", "").output("scores").model(),
            block("Clip", ",lo,hi").output("scores").model(),
            block("LeakyRelu", "", "alpha", .25f).output("scores").model());
    for (OnnxModel m : models) {
      Network network = Network.of(m);
      Answer byBit = answer(network, 3, storage, false, "");
      Answer byValue = answer(network, 3, storage, true, "");
      same(m.nodes().get(1).op() + " " + storage, byValue, byBit);
      // Three rows: of b and d nothing is left; f, whose mean is taken, keeps its bits.
      assertThat(byBit.kept()).isEqualTo(3 * 3 * 72);
      assertThat(byValue.kept()).isEqualTo(3 * 72);
    }
  }

  /** As DenseNet has them: behind a norm, read by one convolution, or by another node too. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void ofARectifierOnItsOwn(boolean shared) {
    ModelBuilder m = block("Sigmoid", "");
    m.node("Relu", "scores", "unused").node("Mul", "f,f", "square").node("Relu", "square", "r");
    m.node("Clip", "f,lo,hi", "p").node("Conv", "p,v", "q", "pads", new int[] {1, 1, 1, 1});
    m.node("Add", shared ? "q,p" : "q,r", "s").node("GlobalAveragePool", "s", "t");
    Network network = Network.of(m.node("Flatten", "t", "all").output("all").model());
    Answer byBit = answer(network, 2, Storage.FLOAT32, false, "");
    Answer byValue = answer(network, 2, Storage.FLOAT32, true, "");
    same("shared " + shared, byValue, byBit);
    // Shared, one node reads it twice, as its image and as the residual.
    assertThat(byBit.kept() - byValue.kept()).isEqualTo(shared ? 0 : 2 * 72);
  }

  /** A gradient that is asked for is that before the activation: nobody may have let it pass. */
  @Test
  void aGradientThatIsReadIsWhole() {
    Network network = Network.of(block("Relu", "").output("scores").model());
    Answer byBit = answer(network, 2, Storage.FLOAT32, false, "", "b", "d");
    Answer byValue = answer(network, 2, Storage.FLOAT32, true, "", "b", "d");
    same("at b and d", byValue, byBit);
    assertThat(byValue.kept()).isEqualTo(byBit.kept());
  }

  /**
   * A convolution to y of 3 channels, 9 x 8, its activation o, and p its pooling to 5 x 4 (one row
   * of which only the rounding up makes).
   */
  private static ModelBuilder pooled(String activation, String more, Object... attributes) {
    ModelBuilder m = block("Sigmoid", "").node("Conv", "x,k", "y", "pads", new int[] {1, 1, 1, 1});
    m.constant("k", Shape.of(3, 3, 3, 3), drawn(new Random(5), 81)).constant("l", Shape.of(), .4f);
    m.node(activation, "y" + more, "o", attributes);
    return pool(m, "o", "p");
  }

  private static ModelBuilder pool(ModelBuilder m, String x, String y) {
    int[] kernel = {3, 3};
    int[] pads = {1, 1, 0, 0};
    Object[] window = {"kernel_shape", kernel, "strides", new int[] {2, 2}, "pads", pads};
    m.node("MaxPool", x, y, window[0], window[1], window[2], window[3], window[4], window[5]);
    return m;
  }

  private static Network convolved(ModelBuilder m, String x) {
    m.node("Conv", x + ",u", "z", "pads", new int[] {1, 1, 1, 1})
        .node("GlobalAveragePool", "z", "g1");
    return Network.of(m.node("Flatten", "g1", "end").output("end").model());
  }

  /** Behind a pooling: how many fewer bytes two rows keep. The values are 9 x 8 x 3: 27 bytes. */
  private static long fewer(String what, Network n, Storage storage, String... names) {
    Answer byBit = answer(n, 2, storage, false, names);
    Answer byValue = answer(n, 2, storage, true, names);
    same(what + " " + storage, byValue, byBit);
    return byBit.kept() - byValue.kept();
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void behindAMaximumPooling(Storage storage) {
    Network relu = convolved(pooled("Relu", ""), "p");
    assertThat(fewer("ReLU", relu, storage, "")).isEqualTo(54);
    // Many equal maxima, at both ends.
    assertThat(fewer("clip", convolved(pooled("Clip", ",lo,l"), "p"), storage, "")).isEqualTo(54);
    Network leaky = convolved(pooled("LeakyRelu", "", "alpha", .3f), "p");
    assertThat(fewer("leaky", leaky, storage, "")).isZero();
    Network twice = convolved(pool(pooled("Relu", ""), "p", "q"), "q");
    assertThat(fewer("pooled twice", twice, storage, "")).isEqualTo(54);
    assertThat(fewer("held before", relu, storage, "", "o")).isZero();
    assertThat(fewer("held behind", relu, storage, "", "p")).isZero();
    assertThat(fewer("held between", twice, storage, "", "p")).isZero();
  }

  @ParameterizedTest
  @EnumSource(Storage.class)
  void behindAMaximumPoolingAmongOthers(Storage storage) {
    ModelBuilder m = pooled("Relu", "").node("Conv", "p,k", "q", "pads", new int[] {1, 1, 1, 1});
    m.node("Tanh", "q", "t").node("Sigmoid", "p", "r").node("Add", "t,r", "s");
    assertThat(fewer("two read the maxima", convolved(m, "s"), storage, "")).isEqualTo(54);
    m = pooled("Relu", "").node("Sigmoid", "p", "r").node("Conv", "p,k", "q", "pads", new int[4]);
    m.node("GlobalAveragePool", "q", "s").node("Add", "r,s", "t");
    assertThat(fewer("a convolution is not last", convolved(m, "t"), storage, "")).isZero();
    m = pooled("Relu", "").node("GlobalAveragePool", "o", "r").node("Add", "p,r", "s");
    assertThat(fewer("another reads it", convolved(m, "s"), storage, "")).isZero();
    m = pool(pooled("Relu", ""), "o", "q").node("Concat", "p,q", "s", "axis", 1);
    m.constant("t", Shape.of(3, 6, 3, 3), drawn(new Random(8), 162));
    m.node("Conv", "s,t", "r", "pads", new int[] {1, 1, 1, 1});
    assertThat(fewer("two poolings read it", convolved(m, "r"), storage, "")).isZero();
    m = pooled("Relu", "").node("Conv", "o,k", "q", "strides", new int[] {2, 2}, "pads", PADS);
    assertThat(fewer("read by both", convolved(m.node("Add", "p,q", "s"), "s"), storage, ""))
        .isZero();
  }

  private static final int[] PADS = {1, 1, 0, 0};

  /** As ResNet-50 begins: only what is behind the last sum, whose mean is taken, keeps bits. */
  @Test
  void aStemKeepsNoBits() {
    Random random = new Random(11);
    ModelBuilder m = new ModelBuilder(12).input("x", -1, 3, 32, 32);
    int[][] weights = {{16, 3, 7, 7}, {8, 16, 1, 1}, {8, 8, 3, 3}, {32, 8, 1, 1}, {32, 16, 1, 1}};
    for (int i = 0; i < weights.length; i++) {
      Shape shape = Shape.of(weights[i]);
      m.constant("w" + i, shape, drawn(random, shape.count()));
    }
    int[] two = {2, 2};
    int[] one = {1, 1, 1, 1};
    m.node("Conv", "x,w0", "c", "strides", two, "pads", new int[] {3, 3, 3, 3});
    m.node("Relu", "c", "y");
    m.node("MaxPool", "y", "p", "kernel_shape", new int[] {3, 3}, "strides", two, "pads", one);
    m.node("Conv", "p,w1", "c1").node("Relu", "c1", "r1").node("Conv", "r1,w2", "c2", "pads", one);
    m.node("Relu", "c2", "r2").node("Conv", "r2,w3", "c3").node("Conv", "p,w4", "down");
    m.node("Add", "c3,down", "sum").node("Relu", "sum", "r3").node("GlobalAveragePool", "r3", "g");
    Network stem = Network.of(m.node("Flatten", "g", "scores").output("scores").model());
    Answer byBit = answer(stem, 2, Storage.FLOAT32, false, "");
    Answer byValue = answer(stem, 2, Storage.FLOAT32, true, "");
    same("stem", byValue, byBit);
    // Two rows of a byte for each of 8 x 8 x 16 maxima, and of bits behind the sum.
    assertThat(byValue.kept()).isEqualTo(2 * (8 * 8 * 16 + 8 * 8 * 32 / 8));
  }

  /** Chains of convolutions, activations and poolings, some of them with a second reader. */
  @Test
  void drawnPoolings() {
    int fewer = 0;
    int networks = TestDevice.isCpu() ? 24 : 12; // a card chooses among ways for each
    for (int seed = 0; seed < networks; seed++) {
      Random random = new Random(seed);
      ModelBuilder m = new ModelBuilder(12).input("v0", -1, 3, 20, 17);
      m.constant("k", Shape.of(3, 3, 3, 3), drawn(random, 81));
      m.constant("lo", Shape.of(), -.2f).constant("hi", Shape.of(), .9f);
      m.constant("zero", Shape.of(), 0f);
      for (int i = 0; i < 9; i++) {
        String x = "v" + (random.nextInt(5) == 0 ? random.nextInt(i + 1) : i);
        String y = "v" + (i + 1);
        int[] pads = {random.nextInt(2), random.nextInt(2), random.nextInt(2), random.nextInt(2)};
        int[] kernel = {2 + random.nextInt(2), 2 + random.nextInt(2)};
        Object[] window = {"kernel_shape", kernel, "pads", pads, "ceil_mode", random.nextInt(2)};
        switch (random.nextInt(6)) {
          case 0, 1 -> m.node("Conv", x + ",k", y, "pads", new int[] {1, 1, 1, 1});
          case 2 -> m.node(random.nextBoolean() ? "Relu" : "LeakyRelu", x, y);
          case 3 -> m.node("Clip", x + (random.nextBoolean() ? ",lo,hi" : ",zero,hi"), y);
          default -> m.node("MaxPool", x, y, window);
        }
      }
      m.node("Conv", "v9,k", "v10", "pads", new int[] {1, 1, 1, 1});
      m.node("GlobalAveragePool", "v10", "mean");
      m.node("GlobalAveragePool", "v" + (1 + random.nextInt(9)), "other");
      String sum = random.nextBoolean() ? "mean" : "sum";
      m.node("Add", "mean,other", "sum");
      Network n = Network.of(m.node("Flatten", sum, "scores").output("scores").model());
      for (Storage storage : Storage.values()) {
        fewer += fewer("drawn " + seed, n, storage, "") > 0 ? 1 : 0;
      }
    }
    assertThat(fewer).isGreaterThan(networks);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void drawnNetworks(int batch) {
    int fewer = 0;
    int networks = TestDevice.isCpu() ? 40 : 20;
    for (int seed = 0; seed < networks; seed++) {
      Network trunk = Network.of(new DrawnTrunk(seed).model());
      Answer byBit = answer(trunk, batch, Storage.FLOAT32, false, "");
      Answer byValue = answer(trunk, batch, Storage.FLOAT32, true, "");
      same("trunk " + seed, byValue, byBit);
      fewer += byValue.kept() < byBit.kept() ? 1 : 0;
    }
    assertThat(fewer).isGreaterThan(TestDevice.isCpu() ? 6 : 1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"squeezenet1.1.onnx", "cifar10/resnet20_bn.onnx"})
  void publishedNetworks(String name) {
    OnnxModel model = OnnxModel.read(Shared.path("models/" + name));
    Network network = Network.of(model).channelsFirst();
    Answer byBit = answer(network, 2, Storage.FLOAT32, false, "");
    Answer byValue = answer(network, 2, Storage.FLOAT32, true, "");
    same(name, byValue, byBit);
    assertThat(byValue.kept()).isLessThan(byBit.kept() * 9 / 10);
  }
}
