package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The ONNX project's networks without their weights: as they are, and with weights at random. */
class LightNetworksTest {
  static final List<String> NAMES =
      List.of(
          "bvlc_alexnet",
          "densenet121",
          "inception_v1",
          "inception_v2",
          "resnet50",
          "shufflenet",
          "squeezenet",
          "vgg19",
          "zfnet512");

  private static final List<String> LONG = List.of("vgg19", "zfnet512");

  private static final Shape IMAGE = Shape.of(3, 224, 224);

  /** Points of a line. */
  private static final int POINTS = 7;

  /**
   * Distance of two points in each pixel, at most. The score moves by some 1e-4 of itself; float32
   * carries 1e-7.
   */
  private static final float STEP = 2e-4f;

  /**
   * Of the change that gradients of this size make. Between two points the derivative jumps at
   * kinks, which costs up to 3 % on these networks; a term that a backward forgets costs all.
   */
  private static final double SLACK = 0.05;

  @TempDir Path folder;

  /**
   * The input is the ONNX project's: arange(n) / n. Sums of up to 25,088 equal float32 products.
   */
  @ParameterizedTest
  @FieldSource("NAMES")
  void theExpectedOutputsComeOut(String name) {
    Path file = Shared.path("models/light/light_" + name + ".onnx");
    float[] x = new float[IMAGE.count()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) ((double) i / x.length);
    }
    OnnxTensor expected =
        OnnxTensor.read(Shared.path("models/light/light_" + name + "_output_0.pb"));
    try (Device device = TestDevice.open(0);
        Session s = Network.load(file).session(device, 1, SessionOptions.FORWARD)) {
      device.write(s.input(), x);
      s.forward();
      assertThat(s.output().shape()).isEqualTo(expected.shape());
      Compare.assertClose(name, device.read(s.output()), expected.floats(), 1e-5);
    }
  }

  @ParameterizedTest
  @FieldSource("NAMES")
  void withRandomWeightsOutputsEqualOnnxRuntimeAndGradientsFiniteDifferences(String name)
      throws Exception {
    Path file = Redrawn.write(Shared.path("models/light/light_" + name + ".onnx"), folder, 7);
    float[] image = random(11, 1, 0, 1);
    try (Device device = TestDevice.open(0);
        Session s = Network.load(file).session(device, POINTS, SessionOptions.GRADIENT)) {
      // Changes of every pixel for itself, and of tiles of 32 x 32; networks that take long have
      // one of them, as they have no operators of their own.
      for (int tile : LONG.contains(name) ? new int[] {32} : new int[] {1, 32}) {
        float[] points = line(image, random(13, tile, -STEP, STEP));
        device.write(s.input(), points);
        s.forward();
        long[] target = new long[POINTS];
        Arrays.fill(target, 7);
        float[] scores = s.score(ScoreKind.LOGIT, target);
        s.backward(Rules.GRADIENT);
        compareChange(name, scores, points, device.read(s.gradient()));
      }
      List<float[]> expected = Ort.outputs(file, false, image, 1, 3, 224, 224);
      assertThat(s.graph().outputs()).hasSameSizeAs(expected);
      for (int k = 0; k < expected.size(); k++) {
        float[] y = device.read(s.output(s.graph().outputs().get(k).name()));
        int classes = y.length / POINTS;
        float[] first = Arrays.copyOf(y, classes);
        Compare.assertClose(name + " output " + k, first, expected.get(k), 1e-4);
      }
    }
  }

  /** [3,224,224], the same number in each tile. */
  private static float[] random(long seed, int tile, float from, float to) {
    SplittableRandom random = new SplittableRandom(seed);
    int side = 224 / tile;
    float[] tiles = new float[3 * side * side];
    for (int i = 0; i < tiles.length; i++) {
      tiles[i] = (float) random.nextDouble(from, to);
    }
    float[] x = new float[IMAGE.count()];
    for (int i = 0; i < x.length; i++) {
      x[i] = tiles[(i / (224 * 224) * side + i / 224 % 224 / tile) * side + i % 224 / tile];
    }
    return x;
  }

  /** x, x + step, x + 2 step, …, one after another. */
  private static float[] line(float[] x, float[] step) {
    float[] points = new float[POINTS * x.length];
    for (int i = 0; i < points.length; i++) {
      points[i] = x[i % x.length] + i / x.length * step[i % x.length];
    }
    return points;
  }

  /**
   * From the first point to the last, the score must change as the derivatives along the way say:
   * the trapezium rule over the points. Along the line the score is continuous and its derivative
   * jumps at the kinks of ReLU and max pooling, so that the derivative at one point would not do.
   */
  private static void compareChange(
      String name, float[] scores, float[] points, float[] gradients) {
    int n = points.length / POINTS;
    double change = 0;
    double size = 0;
    for (int r = 0; r < POINTS - 1; r++) {
      double sum = 0;
      double squares = 0;
      for (int i = r * n; i < (r + 1) * n; i++) {
        double term = ((double) points[i + n] - points[i]) * (gradients[i] + gradients[i + n]) / 2;
        sum += term;
        squares += term * term;
      }
      change += sum;
      size += Math.abs(sum) + Math.sqrt(squares);
    }
    double difference = (double) scores[POINTS - 1] - scores[0];
    assertThat(Math.abs(difference - change))
        .as("%s: score changes by %s, by its gradients %s", name, difference, change)
        .isLessThan(SLACK * size);
  }
}
