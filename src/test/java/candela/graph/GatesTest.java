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

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void drawnNetworks(int batch) {
    int fewer = 0;
    for (int seed = 0; seed < 40; seed++) {
      Network trunk = Network.of(new DrawnTrunk(seed).model());
      Answer byBit = answer(trunk, batch, Storage.FLOAT32, false, "");
      Answer byValue = answer(trunk, batch, Storage.FLOAT32, true, "");
      same("trunk " + seed, byValue, byBit);
      fewer += byValue.kept() < byBit.kept() ? 1 : 0;
    }
    assertThat(fewer).isGreaterThan(6);
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
