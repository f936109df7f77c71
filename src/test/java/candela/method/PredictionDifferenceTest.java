package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.onnx.ModelBuilder;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is drawn in the place of a window. */
class PredictionDifferenceTest {
  private static final int H = 9;
  private static final int W = 7;
  private static final int PIXELS = H * W;

  /**
   * 24 patches, and 128 pixels around each window: those tell what was in it, which is all that is
   * drawn, however far from 0 the image is.
   */
  @ParameterizedTest
  @ValueSource(floats = {0, 200})
  void whatTheSurroundingsTellIsNoEvidence(float far) {
    Random random = new Random(3);
    float[] x = new float[PIXELS];
    float[] w = new float[2 * PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      x[i] = far + Math.round(8 + 4 * (Math.sin(.7 * (i / W)) + Math.cos(.9 * (i % W)))) / 16384f;
      w[2 * i] = 1024 * random.nextInt(-3, 4);
    }
    var model =
        new ModelBuilder(17)
            .input("x", 1, 1, H, W)
            .constant("far", Shape.of(1), far)
            .constant("w", Shape.of(PIXELS, 2), w)
            .node("Sub", "x,far", "near")
            .node("Flatten", "near", "pixels")
            .node("MatMul", "pixels,w", "y")
            .output("y")
            .model();
    var subject = new Subject(Shape.of(1, H, W), x, 0);
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.of(model), device, 8);
        var workspace = new Workspace(device)) {
      Probe<Attribution> probe =
          Methods.parse("pda:window=4,pad=4,stride=2,samples=3").probe(subject, workspace);
      pipeline.run(List.of(probe));
      assertThat(probe.result().values()).containsExactly(new float[PIXELS], Offset.offset(1e-3f));
    }
  }
}
