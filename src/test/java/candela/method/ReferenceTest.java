package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Maps of four photos on SqueezeNet against those of Captum 0.8 on PyTorch 2.13. */
class ReferenceTest {
  /** Relative L2 over the sampled values that the project promises. */
  private static final double PROMISED = 1e-3;

  /** A method, and the map of the reference that it must give. */
  private record Case(String map, Method method) {}

  private static final List<Case> CASES =
      List.of(
          new Case("gradient", new Gradient()),
          new Case("input_x_gradient", new InputXGradient()),
          new Case(
              "integrated_gradients n_steps=50 gausslegendre baseline=0",
              new IntegratedGradients()),
          new Case(
              "occlusion window=53 stride=24 baseline=0 logit averaged",
              new Occlusion(
                  53,
                  24,
                  Fill.ZERO,
                  Inpainter.DEFAULT,
                  0,
                  Occlusion.Overlap.MEAN,
                  ScoreKind.LOGIT)),
          new Case("feature_ablation grid=7x7 baseline=0 logit", new FeatureAblation()),
          new Case("deconvnet", new DeconvNet()),
          new Case("guided_backprop", new GuidedBackprop()),
          new Case("deep_lift rescale baseline=0", Methods.parse("deeplift:pooling=captum")),
          // LRP-0 of a network of ReLUs, maxima and averages is input times gradient
          new Case("input_x_gradient", Methods.parse("lrp:composite=epsilon,epsilon=0")));

  @ParameterizedTest
  @ValueSource(strings = {"0039", "0115", "0121", "0644"})
  void mapsAgreeWithCaptums(String photo) throws IOException {
    Path folder = Shared.path("reference/squeezenet1.1");
    Path model = Shared.path("models/squeezenet1.1.onnx");
    JsonNode reference = new ObjectMapper().readTree(folder.resolve(photo + ".json").toFile());
    Subject subject =
        new Subject(
            Shape.of(3, 224, 224),
            npy(folder.resolve(photo + "-input.npy"), 3 * 224 * 224),
            reference.get("target").asInt());
    try (Device device = TestDevice.open(0);
        var pipeline = new Pipeline(Network.load(model), device, 16);
        var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      CASES.forEach(c -> probes.add(c.method().probe(subject, workspace)));
      pipeline.run(probes);
      for (int i = 0; i < CASES.size(); i++) {
        Case c = CASES.get(i);
        JsonNode expected = reference.get("maps").get(c.map());
        double error = error(probes.get(i).result().values(), expected);
        System.out.printf(
            "%s %s: relative L2 %.1e to %s%n", photo, Methods.name(c.method()), error, c.map());
        assertThat(error).as(c.toString()).isLessThan(PROMISED);
      }
    }
  }

  /** Captum repeats a plane for every channel where we give one. */
  private static double error(float[] values, JsonNode expected) {
    double difference = 0;
    double size = 0;
    JsonNode positions = expected.get("positions");
    for (int i = 0; i < positions.size(); i++) {
      double e = expected.get("values").get(i).asDouble();
      double d = values[positions.get(i).asInt() % values.length] - e;
      difference += d * d;
      size += e * e;
    }
    return Math.sqrt(difference / size);
  }

  /** The last n floats of the file. */
  private static float[] npy(Path file, int n) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    float[] values = new float[n];
    ByteBuffer.wrap(bytes, bytes.length - 4 * n, 4 * n)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }
}
