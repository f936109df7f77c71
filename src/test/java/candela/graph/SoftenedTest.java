package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.tensor.Shape;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SoftenedTest {
  /** Of float32. */
  private static final Offset<Float> ROUNDING = Offset.offset(2e-5f);

  private static final float[] X = {-3, -0.2f, 0, 0.1f, 5.9f, 6.2f, 40};

  private static ModelBuilder vector() {
    return new ModelBuilder(17).input("x", -1, X.length).output("y");
  }

  private static float[] run(OnnxModel model) {
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.of(model), device, 1)) {
      var logits = new Logits(device, X);
      pipeline.run(List.of(logits));
      return logits.result();
    }
  }

  private static double soft(double beta, double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x))) / beta;
  }

  @Test
  void aRectifierIsASoftplus() {
    OnnxModel model = vector().node("Relu", "x", "y").model();
    for (double beta : new double[] {0.5, 3, 100}) {
      float[] y = run(Softened.of(model, beta));
      for (int i = 0; i < X.length; i++) {
        assertThat(y[i]).as("x = " + X[i]).isCloseTo((float) soft(beta, X[i]), ROUNDING);
      }
    }
  }

  @Test
  void aClipFromZeroHasNoCornersEither() {
    OnnxModel inputs =
        vector()
            .constant("zero", Shape.of(), 0f)
            .constant("six", Shape.of(), 6f)
            .node("Clip", "x,zero,six", "y")
            .model();
    OnnxModel attributes =
        new ModelBuilder(7)
            .input("x", -1, X.length)
            .output("y")
            .node("Clip", "x", "y", "min", 0f, "max", 6f)
            .model();
    for (OnnxModel model : List.of(inputs, attributes)) {
      float[] y = run(Softened.of(model, 2));
      for (int i = 0; i < X.length; i++) {
        float expected = (float) (soft(2, X[i]) - soft(2, X[i] - 6));
        assertThat(y[i]).as("x = " + X[i]).isCloseTo(expected, ROUNDING);
      }
    }
  }

  @Test
  void otherOperatorsStay() {
    OnnxModel model =
        vector()
            .constant("low", Shape.of(), -1f)
            .constant("high", Shape.of(), 1f)
            .node("Clip", "x,low,high", "z")
            .node("Tanh", "z", "y")
            .model();
    assertThat(Softened.of(model, 2)).isSameAs(model);
  }
}
