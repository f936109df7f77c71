package candela.graph;

import static candela.graph.QuantizedModels.BATCH;
import static candela.graph.QuantizedModels.STEP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Device;
import candela.device.Unary;
import candela.graph.op.Elementwise;
import candela.rule.Composite;
import candela.rule.Presets;
import java.nio.file.Path;
import java.util.ArrayList;
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
  /** Of the largest gradient: values differ by some ten of the fine steps. */
  private static final double TOLERANCE = 2e-3;

  @TempDir Path folder;

  private final QuantizedModels models = new QuantizedModels(false);

  /** Where steps are fine, values hardly differ. */
  private final QuantizedModels fine = new QuantizedModels(true);

  @TestFactory
  Stream<DynamicTest> outputsAreOnnxRuntimes() {
    return models.all().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> outputs(e.getValue())));
  }

  private void outputs(SmallModel model) throws Exception {
    Path file = model.write(folder);
    Network network = Network.load(file);
    int batch = batch(network);
    try (Device device = TestDevice.open(2);
        Session s = network.session(device, batch, SessionOptions.FORWARD)) {
      float[] x = gaussian(s.input().count(), 1, 2);
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

  @TestFactory
  Stream<DynamicTest> gradientsAreThoseWithoutSteps() {
    return fine.all().entrySet().stream()
        .filter(e -> !e.getKey().contains("Dynamic"))
        .map(
            e -> DynamicTest.dynamicTest(e.getKey(), () -> gradient(e.getValue(), Rules.GRADIENT)));
  }

  /** Image and reference in turn, for those that compare the two. */
  @TestFactory
  Stream<DynamicTest> rulesPassTheSteps() {
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
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(), () -> gradient(fine.twoLayers(), e.getValue())));
  }

  /** What has been quantised is a gate all the same, and a signal none though it is clamped. */
  @Test
  void relevanceGoesPastQuantisedGates() throws Exception {
    Rules rules =
        Composite.EPSILON_PLUS.rules(new Composite.Numbers(0, 0, true, List.of(), List.of()));
    for (String product : new String[] {"d g", "g d"}) {
      SmallModel m =
          fine.input().node("DequantizeLinear", "xq xs xz", "d").node("Sigmoid", "d", "s");
      m.node("QuantizeLinear", "s ys yz", "sq").node("DequantizeLinear", "sq ys yz", "g");
      Graph graph =
          Network.load(m.node("Mul", product, "y").write(folder)).graph(BATCH, options(rules));
      float[] x = gaussian(graph.input().shape().count(), 3, 1);
      float[] relevance = gradient(graph, x, rules);
      assertThat(relevance).containsExactly(gaussian(x.length, 4, 1));
    }
  }

  private void gradient(SmallModel model, Rules rules) throws Exception {
    Network network = Network.load(model.write(folder));
    Graph stepped = network.graph(BATCH, options(rules));
    float[] x = gaussian(stepped.input().shape().count(), 3, 2);
    float[] expected = gradient(smooth(stepped), x, rules);
    float[] came = gradient(stepped, x, rules);
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

  private static float[] gradient(Graph graph, float[] x, Rules rules) {
    try (Device device = TestDevice.open(2);
        Session s = Session.open(graph, device, options(rules))) {
      float[] dy = gaussian(s.seed().count(), 4, 1);
      device.write(s.input(), x);
      s.forward();
      device.write(s.seed(), dy);
      s.backward(rules);
      return device.read(s.gradient());
    }
  }

  static float[] gaussian(int count, long seed, float size) {
    Random r = new Random(seed);
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] = (float) (size * r.nextGaussian());
    }
    return all;
  }

  /** For what flows back to x under the rules. */
  static SessionOptions options(Rules rules) {
    return rules == Rules.GRADIENT
        ? SessionOptions.GRADIENT
        : SessionOptions.withRules("", List.of(rules));
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
