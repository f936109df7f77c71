package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.tensor.Shape;
import java.util.List;
import java.util.Map;
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
      return logits.result().logits();
    }
  }

  private static double soft(double beta, double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(beta * x))) / beta;
  }

  @Test
  void aRectifierIsASoftplus() {
    OnnxModel model = vector().node("Relu", "x", "y").model();
    for (double beta : new double[] {0.5, 3, 100}) {
      float[] y = run(Softened.of(model, beta).model());
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
      float[] y = run(Softened.of(model, 2).model());
      for (int i = 0; i < X.length; i++) {
        float expected = (float) (soft(2, X[i]) - soft(2, X[i] - 6));
        assertThat(y[i]).as("x = " + X[i]).isCloseTo(expected, ROUNDING);
      }
    }
  }

  @Test
  void aClipNeedsNoMaximum() {
    OnnxModel inputs =
        vector().constant("zero", Shape.of(), 0f).node("Clip", "x,zero,", "y").model();
    OnnxModel attribute =
        new ModelBuilder(7)
            .input("x", -1, X.length)
            .output("y")
            .node("Clip", "x", "y", "min", 0f)
            .model();
    OnnxModel largest =
        vector()
            .constant("zero", Shape.of(), 0f)
            .constant("most", Shape.of(), Float.MAX_VALUE)
            .node("Clip", "x,zero,most", "y")
            .model();
    for (OnnxModel model : List.of(inputs, attribute, largest)) {
      float[] y = run(Softened.of(model, 3).model());
      for (int i = 0; i < X.length; i++) {
        assertThat(y[i]).as("x = " + X[i]).isCloseTo((float) soft(3, X[i]), ROUNDING);
      }
    }
  }

  /** As exporters write 0 and 6. */
  @Test
  void boundsAreFoundHoweverTheFileGivesThem() {
    List<ModelBuilder> all =
        List.of(
            vector()
                .node("Constant", "", "low", "value_float", 0f)
                .node("Constant", "", "high", "value_floats", new float[] {6}),
            vector()
                .node("Constant", "", "low", "value_int", 0)
                .node("Constant", "", "high", "value_ints", new int[] {6}),
            vector()
                .node("Constant", "", "none", "value_int", 0)
                .node("Cast", "none", "low", "to", 1)
                .constant("six", Shape.of(1), 6L)
                .node("Identity", "six", "same")
                .node("Cast", "same", "high", "to", 1),
            vector()
                .node("Constant", "", "low", "value", OnnxTensor.of("", Shape.of(), 0f))
                .node("Constant", "", "high", "value", OnnxTensor.of("", Shape.of(), 6L)));
    for (int m = 0; m < all.size(); m++) {
      float[] y = run(Softened.of(all.get(m).node("Clip", "x,low,high", "y").model(), 2).model());
      for (int i = 0; i < X.length; i++) {
        float expected = (float) (soft(2, X[i]) - soft(2, X[i] - 6));
        assertThat(y[i]).as("model %d, x = %s", m, X[i]).isCloseTo(expected, ROUNDING);
      }
    }
  }

  @Test
  void leakyRectifiersAreStraightAndSoft() {
    float[] alphas = {-1, 0, 0.01f, 0.3f, 0.5f, 1, 2};
    OnnxModel usual = vector().node("LeakyRelu", "x", "y").model();
    OnnxModel leaky = vector().node("LeakyRelu", "x", "y", "alpha", 0.3f).model();
    OnnxModel one = vector().constant("a", Shape.of(1), 0.3f).node("PRelu", "x,a", "y").model();
    OnnxModel each =
        vector().constant("a", Shape.of(X.length), alphas).node("PRelu", "x,a", "y").model();
    for (double beta : new double[] {0.5, 20}) {
      for (int i = 0; i < X.length; i++) {
        check(usual, beta, i, 0.01f);
        check(leaky, beta, i, 0.3f);
        check(one, beta, i, 0.3f);
        check(each, beta, i, alphas[i]);
      }
    }
  }

  private static void check(OnnxModel model, double beta, int i, float alpha) {
    assertThat(run(Softened.of(model, beta).model())[i])
        .as("x = %s, alpha = %s", X[i], alpha)
        .isCloseTo((float) (alpha * X[i] + (1 - alpha) * soft(beta, X[i])), ROUNDING);
  }

  /** The names that would be given, and some of those that come next. */
  @Test
  void noNameIsGivenTwice() {
    OnnxModel model =
        vector()
            .constant("softened.beta", Shape.of(), 7f)
            .constant("softened.inverse", Shape.of(), 5f)
            .constant("y.alpha", Shape.of(), 3f)
            .constant("y.rest'", Shape.of(), 2f)
            .node("Mul", "x,softened.beta", "y.steep")
            .node("Mul", "y.steep,softened.inverse", "y.soft")
            .node("Add", "y.soft,y.alpha", "y.straight")
            .node("Add", "y.straight,y.rest'", "y.bent")
            .node("LeakyRelu", "y.bent", "y", "alpha", 0.25f)
            .model();
    OnnxModel soft = Softened.of(model, 2).model();
    float[] y = run(soft);
    for (int i = 0; i < X.length; i++) {
      double z = 35.0 * X[i] + 5;
      assertThat(y[i])
          .as("x = " + X[i])
          .isCloseTo((float) (0.25 * z + 0.75 * soft(2, z)), Offset.offset(2e-4f));
    }
    List<String> values = soft.nodes().stream().flatMap(n -> n.outputs().stream()).toList();
    assertThat(values)
        .doesNotHaveDuplicates()
        .doesNotContainAnyElementsOf(soft.initialisers().keySet());
    assertThat(soft.nodes()).extracting(OnnxNode::name).doesNotHaveDuplicates();
  }

  /** Sizes are clipped, too, and stay what they are. */
  @Test
  void integersStay() {
    OnnxModel model =
        vector()
            .node("Shape", "x", "shape")
            .constant("zero", Shape.of(), 0L)
            .node("Clip", "shape,zero,", "size")
            .node("Relu", "size", "same")
            .node("Reshape", "x,same", "z")
            .node("Relu", "z", "y")
            .model();
    Softened soft = Softened.of(model, 2);
    assertThat(soft.rectifiers()).isEqualTo(1);
    assertThat(soft.corners()).isEmpty();
    assertThat(run(soft.model())[3]).isCloseTo((float) soft(2, X[3]), ROUNDING);
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
    assertThat(Softened.of(model, 2).model()).isSameAs(model);
  }

  @Test
  void cornersThatAreLeftAreCounted() {
    OnnxModel model =
        vector()
            .constant("low", Shape.of(), -1f)
            .node("HardSwish", "x", "a")
            .node("Clip", "a,low,", "b")
            .node("HardSwish", "b", "c")
            .node("HardSigmoid", "c", "d")
            .node("Elu", "d", "e")
            .node("Elu", "e", "f", "alpha", 0.5f)
            .node("Relu", "f", "g")
            .node("Sigmoid", "g", "y")
            .model();
    Softened soft = Softened.of(model, 2);
    assertThat(soft.rectifiers()).isEqualTo(1);
    assertThat(soft.corners())
        .containsExactly(
            Map.entry("Clip", 1),
            Map.entry("Elu", 1),
            Map.entry("HardSigmoid", 1),
            Map.entry("HardSwish", 2));
  }
}
