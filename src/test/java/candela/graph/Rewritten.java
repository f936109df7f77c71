package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** A model before and after simplification: what it became, and that it computes the same. */
final class Rewritten {
  /** Sums of some hundred float32 products in another order. */
  private static final double TOLERANCE = 1e-5;

  private Rewritten() {}

  private record Answer(float[] output, float[] gradient) {}

  /**
   * The operators of the simplified graph, after outputs and gradients at x were held against those
   * of the graph as imported.
   */
  static List<String> operators(Path model) {
    int batch = 2;
    OnnxModel read = OnnxModel.read(model);
    Graph plain = Import.graph(read, batch);
    Graph simple = Simplify.all(plain, Set.of());
    try (Device device = TestDevice.open(1)) {
      Answer expected = answer(plain, device);
      Answer came = answer(simple, device);
      Compare.assertClose("outputs", came.output, expected.output, TOLERANCE);
      Compare.assertClose("gradients", came.gradient, expected.gradient, TOLERANCE);
    }
    return simple.nodes().stream().filter(n -> !n.op().isView()).map(n -> n.op().type()).toList();
  }

  private static Answer answer(Graph graph, Device device) {
    SplittableRandom random = new SplittableRandom(3);
    try (Session s = Session.open(graph, device, SessionOptions.GRADIENT)) {
      device.write(s.input(), random(random, s.input()));
      s.forward();
      float[] y = device.read(s.output());
      assertThat(y).as("a test of nothing").isNotEmpty();
      device.write(s.seed(), random(random, s.seed()));
      s.backward(Rules.GRADIENT);
      return new Answer(y, device.read(s.gradient()));
    }
  }

  private static float[] random(SplittableRandom random, Tensor like) {
    float[] values = new float[like.count()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-2, 2);
    }
    return values;
  }
}
