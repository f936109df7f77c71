package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeldChoicesTest {
  private static final Offset<Float> ROUNDING = Offset.offset(1e-5f);

  /** Score of class 0, and what the gradient of the row is. */
  private record Answer(float score, float[] gradient) {}

  private static Answer ask(Network network, float[] row) {
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 1, SessionOptions.GRADIENT)) {
      device.write(s.input(), row);
      s.forward();
      float score = s.score(ScoreKind.LOGIT, new long[] {0})[0];
      s.backward(Rules.GRADIENT);
      return new Answer(score, device.read(s.gradient()));
    }
  }

  private static Answer ask(OnnxModel model, float[] first, float[] second) {
    float[] row = Arrays.copyOf(first, 2 * first.length);
    System.arraycopy(second, 0, row, first.length, second.length);
    Answer a = ask(Network.of(model).withHeldChoices(), row);
    assertThat(Arrays.copyOfRange(a.gradient, first.length, row.length))
        .as("the second image only chooses")
        .containsOnly(0);
    return new Answer(a.score, Arrays.copyOf(a.gradient, first.length));
  }

  /** Of a few values, so that many are equal. */
  private static float[] few(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = r.nextInt(-2, 3);
    }
    return v;
  }

  private static float[] draw(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian();
    }
    return v;
  }

  /** By hand: 2 x 2 windows beside each other, each pixel its weight; the other's are counted. */
  @Test
  void aWindowTakesWhereTheOtherHasItsLargest() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 1, 2, 4)
            .output("y")
            .constant("w", Shape.of(2, 1), 1f, 10f)
            .node(
                "MaxPool", "x", "p", "kernel_shape", new int[] {2, 2}, "strides", new int[] {2, 2})
            .node("Flatten", "p", "f")
            .node("MatMul", "f,w", "y")
            .model();
    float[] first = {1, 2, 3, 4, 5, 6, 7, 8};
    float[] second = {0, 9, 5, 5, 0, 0, 5, 1};
    Answer a = ask(model, first, second);
    assertThat(a.score).isEqualTo(2 + 10 * 3);
    assertThat(a.gradient).containsExactly(0, 1, 10, 0, 0, 0, 0, 0);
  }

  /** Against loops; -1 stands for a file without that attribute. */
  @ParameterizedTest
  @CsvSource({
    "2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0",
    "3, 3, 2, 2, 1, 1, 0, 0, 0, 0, 1",
    "3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0",
    "3, 2, 1, 3, 1, 1, 0, 1, 2, 0, 0",
    "2, 3, 1, 2, 3, 2, 1, 1, 0, 2, 0",
    "1, 1, 2, 3, 1, 1, 0, 0, 0, 0, 0",
    "7, 6, 1, 1, 1, 1, 0, 0, 0, 0, 0",
  })
  void asLoopsHaveIt(
      int kh, int kw, int sh, int sw, int dh, int dw, int t, int l, int b, int r, int ceil) {
    int h = 7;
    int w = 6;
    int c = 3;
    Network pool =
        Network.of(pool(kh, kw, sh, sw, dh, dw, new int[] {t, l, b, r}, ceil, null).model());
    int[] out = pool.graph(1, SessionOptions.GRADIENT).outputs().get(0).shape().dims();
    Random random = new Random(3);
    float[] weights = draw(random, out[1]);
    OnnxModel model = pool(kh, kw, sh, sw, dh, dw, new int[] {t, l, b, r}, ceil, weights).model();
    float[] first = draw(random, c * h * w);
    float[] second = few(random, c * h * w);
    int oh = (h + t + b - (kh - 1) * dh - 1 + (ceil == 1 ? sh - 1 : 0)) / sh + 1;
    int ow = (w + l + r - (kw - 1) * dw - 1 + (ceil == 1 ? sw - 1 : 0)) / sw + 1;
    assertThat(out[1]).isEqualTo(c * oh * ow);
    double score = 0;
    double[] gradient = new double[first.length];
    for (int o = 0; o < out[1]; o++) {
      int best = -1;
      for (int i = 0; i < kh * kw; i++) {
        int y = o / ow % oh * sh - t + i / kw * dh;
        int x = o % ow * sw - l + i % kw * dw;
        int at = (o / ow / oh * h + y) * w + x;
        boolean inside = y >= 0 && y < h && x >= 0 && x < w;
        if (inside && (best < 0 || second[at] > second[best])) {
          best = at;
        }
      }
      score += weights[o] * first[best];
      gradient[best] += weights[o];
    }
    Answer a = ask(model, first, second);
    assertThat(a.score).isCloseTo((float) score, ROUNDING);
    for (int i = 0; i < first.length; i++) {
      assertThat(a.gradient[i]).as("pixel %d", i).isCloseTo((float) gradient[i], ROUNDING);
    }
  }

  private static ModelBuilder pool(
      int kh, int kw, int sh, int sw, int dh, int dw, int[] pads, int ceil, float[] weights) {
    var m =
        new ModelBuilder(17)
            .input("x", -1, 3, 7, 6)
            .output(weights == null ? "f" : "y")
            .node(
                "MaxPool",
                "x",
                "p",
                "kernel_shape",
                new int[] {kh, kw},
                "strides",
                new int[] {sh, sw},
                "dilations",
                new int[] {dh, dw},
                "pads",
                pads,
                "ceil_mode",
                ceil)
            .node("Flatten", "p", "f");
    return weights == null
        ? m
        : m.constant("w", Shape.of(weights.length, 1), weights).node("MatMul", "f,w", "y");
  }

  /** The largest of every channel, in one place and in two. */
  @ParameterizedTest
  @CsvSource({"GlobalMaxPool, 1", "ReduceMax, 1", "ReduceMin, -1"})
  void aReductionTakesTheMeanOfWhereTheOthersAre(String op, int sign) {
    Object[] axes =
        op.startsWith("Reduce") ? new Object[] {"axes", new int[] {2, 3}} : new Object[0];
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 2, 1, 3)
            .output("y")
            .constant("w", Shape.of(2, 1), 1f, 10f)
            .node(op, "x", "p", axes)
            .node("Flatten", "p", "f")
            .node("MatMul", "f,w", "y")
            .model();
    float[] first = {1, 2, 3, 4, 5, 9};
    float[] second = {0, sign * 9, 5 * sign, 7 * sign, 0, sign * 7};
    Answer a = ask(model, first, second);
    assertThat(a.score).isEqualTo(2 + 10 * 6.5f);
    assertThat(a.gradient).containsExactly(0, 1, 0, 5, 0, 5);
  }

  private static OnnxModel network(Random r) {
    return new ModelBuilder(17)
        .input("x", -1, 3, 9, 7)
        .output("y")
        .constant("k", Shape.of(5, 3, 3, 3), draw(r, 135))
        .constant("w", Shape.of(5, 4), draw(r, 20))
        .node("Conv", "x,k", "c", "pads", new int[] {1, 1, 1, 1})
        .node("Relu", "c", "r")
        .node(
            "MaxPool",
            "r",
            "p",
            "kernel_shape",
            new int[] {3, 3},
            "strides",
            new int[] {2, 2},
            "pads",
            new int[] {1, 1, 1, 1})
        .node("Sin", "p", "s")
        .node("GlobalMaxPool", "s", "g")
        .node("Flatten", "g", "f")
        .node("MatMul", "f,w", "y")
        .model();
  }

  @Test
  void ofAnImageAndItselfItIsTheNetwork() {
    Random r = new Random(5);
    OnnxModel model = network(r);
    float[] x = draw(r, 189);
    Answer plain = ask(Network.of(model), x);
    Answer held = ask(model, x, x);
    assertThat(held.score).isEqualTo(plain.score);
    assertThat(held.gradient).containsExactly(plain.gradient, ROUNDING);
  }

  /**
   * Far from the second image another choice would be made; that the slope is one line shows it.
   */
  @Test
  void whatIsHeldDoesNotJump() {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", -1, 1, 1, 2)
            .output("y")
            .node("MaxPool", "x", "p", "kernel_shape", new int[] {1, 2})
            .node("Flatten", "p", "y")
            .model();
    assertThat(ask(Network.of(model), new float[] {1, 5}).gradient).containsExactly(0, 1);
    assertThat(ask(model, new float[] {1, 5}, new float[] {2, 1}).gradient).containsExactly(1, 0);
  }
}
