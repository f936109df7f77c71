package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.graph.Network;
import candela.graph.SessionOptions;
import candela.graph.TrainingForm;
import candela.graph.op.Conv;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitecturesTest {
  private static final Shape IMAGENET = Shape.of(3, 224, 224);

  private static List<String> names() {
    return Architectures.names();
  }

  /** Trainable parameters of a model: running statistics of batch norms are left out. */
  private static long parameters(OnnxModel model) {
    return model.initialisers().values().stream()
        .filter(t -> !t.name().endsWith(".mean") && !t.name().endsWith(".variance"))
        .mapToLong(t -> t.shape().count())
        .sum();
  }

  /**
   * torchvision's counts for 1,000 classes (GoogLeNet without auxiliary heads). ResNet-20: 269,722
   * with the parameter-free shortcuts of its authors; projections have 16 * 32 + 64 and 32 * 64 +
   * 128 more.
   */
  @ParameterizedTest
  @CsvSource({
    "densenet121,7978856",
    "efficientnet-b0,5288548",
    "googlenet,6624904",
    "mobilenetv2,3504872",
    "resnet18,11689512",
    "resnet50,25557032",
  })
  void parametersAreAsPublished(String name, long wanted) {
    OnnxModel model = Architectures.of(name, IMAGENET, 1000, 1);
    assertThat(parameters(model)).isEqualTo(wanted);
  }

  /** 138,357,544 at 224 pixels, where the first product reads 7 x 7 places; here it reads one. */
  @Test
  void vgg16IsAsPublished() {
    OnnxModel model = Architectures.of("vgg16", Shape.of(3, 32, 32), 1000, 1);
    assertThat(parameters(model)).isEqualTo(138_357_544L - 48 * 512 * 4096);
  }

  @Test
  void cifarNetworksAreAsPublished() {
    OnnxModel resNet20 = Architectures.of("resnet20", Shape.of(3, 32, 32), 10, 1);
    assertThat(parameters(resNet20)).isEqualTo(269_722 + 576 + 2176);
    // MLPerf Tiny counts 78,666: with 2 * 240 running statistics and 336 biases of convolutions,
    // without norms behind the shortcuts, which have 2 * 96 parameters here.
    OnnxModel resNet8 = Architectures.of("resnet8", Shape.of(3, 32, 32), 10, 1);
    assertThat(parameters(resNet8)).isEqualTo(78_666 - 2 * 240 - 336 + 2 * 96);
  }

  /**
   * Every convolution of the real network is here, as often, with the same sizes; DenseNet's scores
   * are one there.
   */
  @ParameterizedTest
  @CsvSource({"resnet50,light_resnet50.onnx", "densenet121,light_densenet121.onnx"})
  void convolutionsAreThoseOfTheLightModels(String name, String file) {
    OnnxModel light = OnnxModel.read(Shared.path("models/light/" + file));
    OnnxModel own = Architectures.of(name, IMAGENET, 1000, 1);
    assertThat(kernels(own)).isEqualTo(kernels(light));
  }

  /** torchvision's branches that should be 5 x 5 are 3 x 3, and so are these. */
  @Test
  void googLeNetIsInceptionV1WithSmallerKernels() {
    OnnxModel light = OnnxModel.read(Shared.path("models/light/light_inception_v1.onnx"));
    Map<String, Integer> wanted = new HashMap<>();
    kernels(light).forEach((k, n) -> wanted.merge(k.replace("x5x5", "x3x3"), n, Integer::sum));
    assertThat(kernels(Architectures.of("googlenet", IMAGENET, 1000, 1))).isEqualTo(wanted);
  }

  private static Map<String, Integer> kernels(OnnxModel model) {
    Map<String, Integer> counts = new HashMap<>();
    var graph = Network.of(model).graph(1, SessionOptions.FORWARD);
    graph.nodes().stream()
        .filter(n -> n.op() instanceof Conv && n.input(1).shape().dim(0) != 1000)
        .forEach(n -> counts.merge(n.input(1).shape().toString(), 1, Integer::sum));
    return counts;
  }

  @ParameterizedTest
  @MethodSource("names")
  void allOfThemCanBeTrained(String name) {
    boolean large = !name.contains("small") && !name.matches("cnn|mlp|resnet8|resnet20|vgg16");
    OnnxModel model =
        Architectures.of(name, large ? Shape.of(3, 64, 64) : Shape.of(3, 32, 32), 3, 1);
    var graph = TrainingForm.graph(Network.of(model), 2, true);
    assertThat(TrainingForm.parameters(model, graph))
        .containsExactlyInAnyOrderElementsOf(model.initialisers().keySet());
    assertThat(graph.outputs().getFirst().shape()).isEqualTo(Shape.of(2, 3));
  }

  /** He et al. 2015, by fan-out: variance 2 / (16 * 9); the seed alone decides. */
  @Test
  void weightsAreDrawnBySeed() {
    OnnxTensor w = weights(1);
    float[] values = w.floats();
    double square = 0;
    for (float v : values) {
      square += (double) v * v / values.length;
    }
    assertThat(square).isBetween(0.85 * 2 / 144, 1.15 * 2 / 144);
    assertThat(weights(1).floats()).isEqualTo(values);
    assertThat(weights(2).floats()).isNotEqualTo(values);
  }

  private static OnnxTensor weights(long seed) {
    OnnxModel model = Architectures.of("resnet8", Shape.of(3, 32, 32), 10, seed);
    return model.initialisers().values().stream()
        .filter(t -> t.shape().equals(Shape.of(16, 16, 3, 3)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void unknownNamesAndSmallImagesAreRefused() {
    assertThatThrownBy(() -> Architectures.of("alexnet", IMAGENET, 10, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("one of cnn, densenet121")
        .hasMessageEndingWith("got 'alexnet'");
    assertThatThrownBy(() -> Architectures.of("vgg16", Shape.of(3, 16, 16), 10, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("larger images expected, 16x16 are too small");
  }
}
