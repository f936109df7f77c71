package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.device.Device;
import candela.device.Devices;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Maps of four photos on SqueezeNet against those of Captum 0.8 on PyTorch 2.13. */
class ReferenceTest {
  /** Relative L2 over the sampled values that the project promises. */
  private static final double PROMISED = 1e-3;

  private static final Map<String, Method> METHODS = methods();

  private static Map<String, Method> methods() {
    var methods = new LinkedHashMap<String, Method>();
    methods.put("gradient", new Gradient());
    methods.put("input_x_gradient", new InputXGradient());
    methods.put(
        "integrated_gradients n_steps=50 gausslegendre baseline=0", new IntegratedGradients());
    methods.put(
        "occlusion window=53 stride=24 baseline=0 logit averaged",
        new Occlusion(53, 24, Baseline.ZERO, 0, Occlusion.Overlap.MEAN, ScoreKind.LOGIT));
    methods.put("feature_ablation grid=7x7 baseline=0 logit", new FeatureAblation());
    return methods;
  }

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
    try (Device device = Devices.open("cpu", 0);
        var pipeline = new Pipeline(Network.load(model), device, 16);
        var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      METHODS.values().forEach(m -> probes.add(m.probe(subject, workspace)));
      pipeline.run(probes);
      int i = 0;
      for (String name : METHODS.keySet()) {
        JsonNode expected = reference.get("maps").get(name);
        double error = error(probes.get(i++).result().values(), expected);
        System.out.printf("%s %s: relative L2 %.1e%n", photo, name, error);
        assertThat(error).as(name).isLessThan(PROMISED);
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
