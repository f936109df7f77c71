package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComputedWeightsTest {
  @TempDir Path folder;

  private static ModelBuilder image() {
    return new ModelBuilder(17).input("x", -1, 1, 1, 2).output("y");
  }

  /** Weights 1, 5 less their mean, over their deviation. */
  private static ModelBuilder standardised() {
    return image()
        .constant("w", Shape.of(1, 1, 1, 2), 1f, 5f)
        .node("ReduceMean", "w", "mean")
        .node("Sub", "w,mean", "centred")
        .node("Mul", "centred,centred", "squares")
        .node("ReduceMean", "squares", "variance")
        .node("Sqrt", "variance", "deviation")
        .node("Div", "centred,deviation", "standard")
        .node("Conv", "x,standard", "y");
  }

  private static List<String> operators(OnnxModel model) {
    return model.nodes().stream().map(OnnxNode::op).toList();
  }

  @Test
  void standardisedWeightsComeInPlaceOfTheirNodes() {
    OnnxModel model = ComputedWeights.of(standardised().model());
    assertThat(operators(model)).containsExactly("Conv");
    assertThat(model.initialisers().keySet()).containsExactly("standard");
    assertThat(model.initialisers().get("standard").floats()).containsExactly(-1, 1);
  }

  /** Parameters are those of the file: they are drawn anew and trained before the arithmetic. */
  @Test
  void theModelOfANetworkKeepsTheFilesParameters() {
    Network network = Network.of(standardised().model());
    assertThat(network.model().initialisers().keySet()).containsExactly("w");
    WeightedLayers layers = WeightedLayers.of(network.model(), null);
    assertThat(layers.layers().getFirst().parameters().getFirst().name()).isEqualTo("w");
  }

  @Test
  void whatElseReadsAComputedWeightReadsTheSame() {
    OnnxModel model =
        ComputedWeights.of(
            image()
                .constant("w", Shape.of(2, 2), 1f, 2f, 3f, 4f)
                .constant("two", Shape.of(1), 2f)
                .node("Mul", "w,two", "doubled")
                .node("Neg", "doubled", "negative")
                .node("MatMul", "x,doubled", "m")
                .node("Add", "m,negative", "y")
                .model());
    assertThat(operators(model)).containsExactly("Neg", "MatMul", "Add");
    assertThat(model.initialisers().get("doubled").floats()).containsExactly(2, 4, 6, 8);
    assertThat(model.initialisers()).doesNotContainKeys("w", "two");
  }

  /** Rows of one matrix after the other may belong to images. */
  @Test
  void factorsOfHigherRankAreLeft() {
    OnnxModel model =
        image()
            .constant("w", Shape.of(1, 1, 2, 2), 1f, 2f, 3f, 4f)
            .constant("two", Shape.of(1), 2f)
            .node("Mul", "w,two", "doubled")
            .node("MatMul", "x,doubled", "y")
            .model();
    assertThat(ComputedWeights.of(model)).isSameAs(model);
  }

  @Test
  void aWeightThatIsAnOutputStaysOne() {
    OnnxModel model =
        image()
            .output("doubled")
            .constant("w", Shape.of(1, 1, 1, 2), 1f, 5f)
            .constant("two", Shape.of(1), 2f)
            .node("Mul", "w,two", "doubled")
            .node("Conv", "x,doubled", "y")
            .model();
    assertThat(ComputedWeights.of(model)).isSameAs(model);
  }

  @Test
  void weightsThatCannotBeComputedNameTheirNode() {
    OnnxModel model =
        image()
            .constant("w", Shape.of(1, 1, 1, 2), 1f, 5f)
            .constant("three", Shape.of(3), 1f, 2f, 3f)
            .node("Mul", "w,three", "scaled")
            .node("Conv", "x,scaled", "y")
            .model();
    assertThatThrownBy(() -> Network.of(model))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("node 'Mul.scaled' (Mul): ");
  }

  /** Were each weight computed from the start, it would be work of the chain's square. */
  @Test
  void chainsThatManyLayersReadAreComputedOnce() {
    ModelBuilder b = image().constant("w0", Shape.of(1, 1, 1, 1), 1f);
    StringBuilder sum = new StringBuilder();
    for (int i = 0; i < 9000; i++) {
      b.node("Neg", "w" + i, "w" + (i + 1)).node("Conv", "x,w" + (i + 1), "c" + i);
      sum.append(i == 0 ? "" : ",").append("c").append(i);
    }
    OnnxModel model = ComputedWeights.of(b.node("Sum", sum.toString(), "y").model());
    assertThat(model.nodes()).hasSize(9001);
    assertThat(model.initialisers().get("w8999").floats()).containsExactly(-1);
    assertThat(model.initialisers().get("w9000").floats()).containsExactly(1);
  }

  @Test
  void aFileMayComputeMoreTheMoreItHolds() {
    for (int held : new int[] {0, 1 << 20}) {
      ModelBuilder b = image().constant("w", Shape.of(held), new float[held]);
      Elements elements = Elements.of(b.node("Relu", "x", "y").model());
      elements.make((1 << 29) + 32L * held);
      assertThatThrownBy(() -> elements.make(1)).isInstanceOf(CandelaException.class);
    }
  }

  /** A model of standardised weights, against ONNX Runtime. */
  @Test
  void outputsAreThoseOfOnnxRuntime() throws Exception {
    Path file =
        new SmallModel(17, -1, 3, 5, 6)
            .random("w", 4, 3, 3, 3)
            .random("gain", 4, 1, 1, 1)
            .longs("rows", new long[] {3}, 1, 4, -1)
            .longs("filters", new long[] {4}, 4, 3, 3, 3)
            .floats("ones", new long[] {4}, 1, 1, 1, 1)
            .floats("zeros", new long[] {4}, 0, 0, 0, 0)
            .node("Reshape", "w rows", "r")
            .node("InstanceNormalization", "r ones zeros", "n")
            .node("Reshape", "n filters", "f")
            .node("Mul", "f gain", "standard")
            .node("Conv", "x standard", "y")
            .write(folder);
    float[] x = new float[2 * 90];
    for (int i = 0; i < x.length; i++) {
      x[i] = i * 37 % 23 - 11;
    }
    Network network = Network.load(file);
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 2, SessionOptions.FORWARD)) {
      device.write(s.input(), x);
      s.forward();
      Compare.assertClose("y", device.read(s.output()), Ort.run(file, x, 2, 3, 5, 6), 1e-5);
    }
  }
}
