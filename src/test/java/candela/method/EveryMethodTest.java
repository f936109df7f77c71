package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every method on real networks, none of them with attention: few samples, but all operators. */
class EveryMethodTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "squeezenet1.1",
        "mobilenet_v2_1.0_224",
        "light/light_shufflenet",
        "cifar10/resnet20_bn"
      })
  void runsOnSharedNetworks(String name) {
    run(Network.load(Shared.path("models/" + name + ".onnx")));
  }

  @Test
  void runsOnAShippedRobustNetwork() throws IOException {
    Path file = folder.resolve("cnn-robust.onnx");
    try (InputStream in = Methods.class.getResourceAsStream("/candela/cnn-robust.onnx")) {
      Files.write(file, in.readAllBytes());
    }
    run(Network.load(file).channelsFirst());
  }

  private static void run(Network network) {
    Shape input = network.inputShape();
    Shape shape = Shape.of(input.dim(1), input.dim(2), input.dim(3));
    Random random = new Random(1);
    float[] x = new float[shape.count()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (random.nextGaussian() + Math.sin(i / 500.0));
    }
    var levels = new Levels(Collections.nCopies(3, -2f), Collections.nCopies(3, 2f));
    Subject subject = new Subject(shape, x, 1, levels);
    String first =
        network.model().nodes().stream()
            .filter(n -> n.op().equals("Conv"))
            .findFirst()
            .orElseThrow()
            .outputs()
            .get(0);
    try (Device device = TestDevice.open(0);
        var pipeline = new Pipeline(network, device, 8)) {
      List<String> all = new ArrayList<>();
      Methods.names().stream()
          .filter(n -> !n.contains("attention"))
          // at most 16 x 16 pixels are left out at once: of large images that takes long
          .filter(n -> !n.equals("pda") || shape.dim(1) <= 32)
          .forEach(n -> all.add(small(n, shape.dim(1), first)));
      int side = shape.dim(1) / 2;
      all.add("lime:preset=lime-g,samples=9,segments=9");
      all.add("sliding-patch:preset=sp-g,patch=%1$d,stride=%1$d".formatted(side));
      all.add("meaningful-perturbation:preset=mp-g,iterations=3");
      for (String name : all) {
        Method method = Methods.parse(name);
        try (var workspace = new Workspace(device)) {
          Probe<Attribution> probe = method.probe(subject, workspace);
          pipeline.run(List.of(probe));
          Attribution a = probe.result();
          assertThat(a.values()).as(name).hasSize(a.shape().count());
          assertThat(finite(a.values())).as(name).isTrue();
        }
      }
    }
  }

  /** A map of it, or a sentence that says why there is none; slopes have one. */
  @Test
  void anImageOfOnePixelIsNoFault() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 3, 1, 1)
            .output("y")
            .constant("w", Shape.of(2, 3, 1, 1), 1f, 2f, -1f, -2f, 1f, 3f)
            .node("Conv", "x,w", "c")
            .node("Relu", "c", "r")
            .node("GlobalAveragePool", "r", "g")
            .node("Flatten", "g", "y")
            .model();
    var levels = new Levels(Collections.nCopies(3, -2f), Collections.nCopies(3, 2f));
    var subject = new Subject(Shape.of(3, 1, 1), new float[] {1, 0.5f, -0.5f}, 0, levels);
    List<String> maps = new ArrayList<>();
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.of(model), device, 8)) {
      for (String name : Methods.names()) {
        for (boolean channels : new boolean[] {false, true}) {
          try (var own = new Workspace(device)) {
            Workspace workspace = channels ? own : own.ofMaps();
            Probe<Attribution> probe = Methods.parse(small(name, 1, "c")).probe(subject, workspace);
            pipeline.run(List.of(probe));
            assertThat(probe.result().map()).as(name).hasSize(1);
            maps.add(name);
          } catch (CandelaException e) {
            assertThat(e)
                .as(name)
                .hasMessageMatching(".*(no convolution of more than one pixel| expected).*");
          }
        }
      }
    }
    assertThat(maps)
        .contains("gradient", "input-x-gradient", "smoothgrad", "integrated-gradients", "lrp");
  }

  private static boolean finite(float[] values) {
    boolean finite = true;
    for (float v : values) {
      finite &= Float.isFinite(v);
    }
    return finite;
  }

  /** The method with few rows, for images of this side. */
  private static String small(String name, int side, String layer) {
    return switch (name) {
      case "anchors" -> "anchors:segments=4,rows=24,batchSize=6";
      case "blur-integrated-gradients" -> "blur-integrated-gradients:nSteps=2,maxSigma=3";
      case "deepshap" -> "deepshap:baselines=1";
      case "exact-shapley" -> "exact-shapley:grid=2";
      case "expected-gradients" -> "expected-gradients:samples=2,baselines=1";
      case "extremal-perturbation" -> "extremal-perturbation:maxIter=2";
      case "feature-ablation" -> "feature-ablation:grid=2";
      case "fgvis" -> "fgvis:iterations=2";
      case "fido" -> "fido:cells=7,nSteps=2,samples=2";
      case "guided-integrated-gradients" -> "guided-integrated-gradients:nSteps=3";
      case "partition-shap" -> "partition-shap:maxEvals=20";
      case "hierarchical-occlusion" -> "hierarchical-occlusion:cells=2,depth=2";
      case "hsic" -> "hsic:grid=2,samples=4";
      case "integrated-gradients" -> "integrated-gradients:nSteps=2";
      case "internal-influence" -> "internal-influence:nSteps=2";
      case "kernel-shap" -> "kernel-shap:grid=2";
      case "layer-conductance" -> "layer-conductance:nSteps=2";
      case "lime" -> "lime:samples=9,segments=9";
      case "meaningful-perturbation" -> "meaningful-perturbation:iterations=3";
      case "noise-tunnel" -> "noise-tunnel:samples=2,method=gradient";
      case "occlusion" -> "occlusion:window=%1$d,stride=%1$d".formatted(side / 2);
      case "optimal-infidelity" -> "optimal-infidelity:samples=20,segments=9";
      case "pda" -> "pda:window=%1$d,pad=0,samples=1,stride=%1$d".formatted(Math.min(8, side));
      case "rise" -> "rise:masks=4";
      case "score-cam" -> "score-cam:layer=" + layer;
      case "shapley-sampling" -> "shapley-sampling:grid=2,samples=1";
      case "sliding-patch" -> "sliding-patch:patch=%d,stride=%d".formatted(side / 2, side / 2);
      case "smoothgrad" -> "smoothgrad:samples=2";
      case "sobol-indices" -> "sobol-indices:grid=2,samples=2";
      case "xrai" -> "xrai:nSteps=2";
      default -> name;
    };
  }
}
