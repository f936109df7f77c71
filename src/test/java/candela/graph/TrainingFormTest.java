package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.Dim;
import candela.onnx.ElementType;
import candela.onnx.ModelWriter;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import candela.train.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients of whole networks with respect to their parameters, in both uses of batch norms. */
class TrainingFormTest {
  private static final int BATCH = 3;

  @TempDir Path folder;

  private static float[] draw(int seed, int n) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }

  private static OnnxModel model(String name) {
    return Architectures.of(name, Shape.of(3, 16, 16), 5, 3);
  }

  private static void fill(Session s, OnnxModel model) {
    for (String name : TrainingForm.parameters(model, s.graph())) {
      s.device().write(s.input(name), model.initialisers().get(name).floats());
    }
    s.device().write(s.input(), draw(1, s.input().count()));
  }

  /** Sum over rows of the seed times the logits, in doubles. */
  private static double score(Session s, float[] seed) {
    s.forward();
    float[] z = s.device().read(s.logits());
    double sum = 0;
    for (int i = 0; i < z.length; i++) {
      sum += (double) z[i] * seed[i];
    }
    return sum;
  }

  /**
   * Along a direction of each parameter: the scores are exact to some 1e-6, the step makes that
   * 2e-3; 3 % for the few rectifiers and poolings whose choice changes within the step.
   */
  @ParameterizedTest
  @ValueSource(strings = {"cnn", "mlp", "resnet8", "inception-small", "vit-small"})
  void gradientsAreSlopes(String name) {
    OnnxModel model = model(name);
    for (boolean training : new boolean[] {true, false}) {
      try (Device device = TestDevice.open(2)) {
        Graph graph = TrainingForm.graph(Network.of(model), BATCH, training);
        List<String> learning = TrainingForm.differentiable(model, graph);
        assertThat(learning).isNotEmpty();
        try (Session s = Session.open(graph, device, new SessionOptions(learning, null))) {
          fill(s, model);
          float[] seed = draw(2, s.logits().count());
          s.forward();
          device.write(s.seed(), seed);
          s.backward(Rules.GRADIENT);
          List<float[]> gradients = learning.stream().map(p -> device.read(s.gradient(p))).toList();
          for (int i = 0; i < learning.size(); i++) {
            check(s, learning.get(i), gradients.get(i), seed, i);
          }
        }
      }
    }
  }

  private static void check(Session s, String name, float[] gradient, float[] seed, int number) {
    Tensor t = s.input(name);
    float[] at = s.device().read(t);
    SplittableRandom random = new SplittableRandom(100 + number);
    double length = 0;
    for (float g : gradient) {
      length += (double) g * g;
    }
    length = Math.sqrt(length);
    // Half along the gradient, so that the slope is not lost in rounding, half anywhere.
    double[] way = new double[at.length];
    double wanted = 0;
    for (int i = 0; i < way.length; i++) {
      double own = length == 0 ? 0 : gradient[i] / length;
      way[i] = own + random.nextGaussian() / Math.sqrt(way.length);
      wanted += way[i] * gradient[i];
    }
    double step = 5e-4;
    double[] scores = new double[2];
    for (int side = 0; side < 2; side++) {
      float[] moved = at.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) (way[i] * (side == 0 ? step : -step));
      }
      s.device().write(t, moved);
      scores[side] = score(s, seed);
    }
    s.device().write(t, at);
    double slope = (scores[0] - scores[1]) / (2 * step);
    assertThat(slope)
        .as("%s: slope along a direction", name)
        .isCloseTo(wanted, org.assertj.core.data.Offset.offset(3e-2 * Math.abs(wanted) + 4e-3));
  }

  /** With running statistics the training form computes what inference computes. */
  @ParameterizedTest
  @ValueSource(strings = {"cnn", "mlp", "resnet8", "inception-small", "vit-small"})
  void runningStatisticsAreInference(String name) throws Exception {
    OnnxModel model = model(name);
    try (Device device = TestDevice.open(2);
        Session s =
            Session.open(
                TrainingForm.graph(Network.of(model), BATCH, false),
                device,
                SessionOptions.FORWARD)) {
      fill(s, model);
      s.forward();
      float[] z = device.read(s.output());
      Path file = write(model, false);
      float[] wanted = Ort.run(file, draw(1, BATCH * 3 * 256), BATCH, 3, 16, 16);
      Compare.assertClose(name + " against ONNX Runtime", z, wanted, 1e-5);
      Network read = Network.load(file);
      try (Session plain = read.session(device, BATCH, SessionOptions.FORWARD)) {
        device.write(plain.input(), draw(1, plain.input().count()));
        plain.forward();
        Compare.assertClose(name + " read again", device.read(plain.output()), wanted, 1e-5);
      }
    }
  }

  /** Weights rounded to float16 change the scores by some 1e-3, and both runtimes agree on them. */
  @Test
  void halfWeightsAreReadByBoth() throws Exception {
    Path file = write(model("cnn"), true);
    float[] x = draw(1, BATCH * 3 * 256);
    float[] wanted = Ort.run(file, x, BATCH, 3, 16, 16);
    try (Device device = TestDevice.open(2);
        Session s = Network.load(file).session(device, BATCH, SessionOptions.FORWARD)) {
      device.write(s.input(), x);
      s.forward();
      Compare.assertClose("float16", device.read(s.output()), wanted, 1e-5);
    }
    assertThat(Files.size(file)).isLessThan(Files.size(write(model("cnn"), false)) * 2 / 3);
  }

  private Path write(OnnxModel model, boolean half) throws IOException {
    Path file = folder.resolve(model.name() + (half ? "-half" : "") + ".onnx");
    return Files.write(file, ModelWriter.bytes(model, Map.of(), half));
  }

  @Test
  void normsTakeSumsAndRectifiers() {
    Graph graph = TrainingForm.graph(Network.of(model("resnet8")), BATCH, true);
    List<String> kinds = graph.nodes().stream().map(n -> n.op().type()).toList();
    assertThat(kinds).doesNotContain("Rectify", "ADD");
    // 7 convolutions, 2 shortcuts.
    assertThat(kinds.stream().filter("BatchNorm"::equals)).hasSize(9);
  }

  /** Its products read weights through Reshape. */
  @Test
  void filesOfOthersCanBeTrained() {
    OnnxModel model = OnnxModel.read(candela.Shared.path("models/mnist-cntk.onnx"));
    Graph graph = TrainingForm.graph(Network.of(model), 1, true);
    List<String> floats =
        model.initialisers().values().stream()
            .filter(t -> !t.isInteger())
            .map(OnnxTensor::name)
            .toList();
    assertThat(TrainingForm.differentiable(model, graph))
        .containsExactlyInAnyOrderElementsOf(floats);
  }

  @Test
  void parametersThatCannotBeTrainedAreNamed() {
    var dims =
        List.<Dim>of(new Dim.Named("n"), new Dim.Fixed(2), new Dim.Fixed(3), new Dim.Fixed(3));
    var node =
        new OnnxNode(
            "norm", "InstanceNormalization", "", List.of("x", "s", "b"), List.of("y"), Map.of());
    var model =
        new OnnxModel(
            "m",
            "by hand",
            17,
            Map.of(),
            List.of(new OnnxValue("x", ElementType.FLOAT, dims)),
            List.of(new OnnxValue("y", ElementType.FLOAT, dims)),
            List.of(node),
            Map.of(
                "s", OnnxTensor.of("s", Shape.of(2), 1f, 1f),
                "b", OnnxTensor.of("b", Shape.of(2), 0f, 0f)),
            List.of(),
            Map.of());
    assertThatThrownBy(() -> TrainingForm.graph(Network.of(model), BATCH, true))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("m: node 'norm' (InstanceNorm): its parameters cannot be trained");
  }
}
