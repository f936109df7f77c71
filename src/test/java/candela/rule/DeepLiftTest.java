package candela.rule;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.Graph;
import candela.graph.Network;
import candela.graph.Rules;
import candela.graph.SessionOptions;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.Matrix;
import candela.graph.op.Rectify;
import candela.onnx.ModelBuilder;
import candela.onnx.OnnxModel;
import candela.tensor.Shape;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Multipliers: against the definition in plain Java, and their sum on whole networks. */
class DeepLiftTest {
  private static final int PAIRS = 2;

  /** Images, each followed by a reference that is half zero. */
  private static float[] pairs(int pixels) {
    float[] x = Draft.numbers(new Random(31), 1, 2 * PAIRS * pixels);
    for (int p = 0; p < PAIRS; p++) {
      for (int i = 0; i < pixels; i += 2) {
        x[(2 * p + 1) * pixels + i] = 0;
      }
    }
    return x;
  }

  private static float[] seed(int classes) {
    float[] seed = new float[2 * PAIRS * classes];
    for (int r = 0; r < 2 * PAIRS; r++) {
      seed[r * classes + 1 + r / 2] = 1;
    }
    return seed;
  }

  @ParameterizedTest
  @EnumSource(Nets.class)
  void multipliersTimesDifferencesAddUpToTheDifferenceOfTheScores(Nets net) {
    Graph graph = net.graph(2 * PAIRS, true);
    float[] x = pairs(Nets.PIXELS);
    for (Rules rules :
        new Rules[] {Presets.deepLiftRescale(false), Presets.deepLiftRevealCancel(false)}) {
      Draft.Back back = Draft.run(graph, rules, x, seed(Nets.CLASSES));
      checkSums(net.toString(), back, x, Nets.PIXELS, Nets.CLASSES);
    }
  }

  private static void checkSums(String net, Draft.Back back, float[] x, int pixels, int classes) {
    for (int p = 0; p < PAIRS; p++) {
      double sum = 0;
      for (int i = 0; i < pixels; i++) {
        int at = 2 * p * pixels + i;
        sum += (double) back.input()[at] * ((double) x[at] - x[at + pixels]);
        assertThat(back.input()[at + pixels])
            .as("the reference's row has the same multiplier")
            .isEqualTo(back.input()[at]);
      }
      int score = 2 * p * classes + 1 + p;
      double delta = (double) back.scores()[score] - back.scores()[score + classes];
      assertThat(sum).as(net + ", pair " + p).isCloseTo(delta, Offset.offset(1e-4));
    }
  }

  /**
   * PyTorch's attention multiplies rows of tokens, then images, and turns them back for its sum.
   */
  @Test
  void tokensMayComeFirstInADenseLayer() {
    float[] w = Draft.numbers(new Random(33), 1, 16);
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", 2 * PAIRS, 5, 4)
            .constant("w", Shape.of(4, 4), w)
            .constant("scale", Shape.of(4), 1, 2, -1, .5f)
            .constant("rows", Shape.of(2), -1, 4)
            .constant("tokens", Shape.of(3), 5, -1, 4)
            .node("Transpose", "x", "first", "perm", new int[] {1, 0, 2})
            .node("Reshape", "first,rows", "flat")
            .node("Gemm", "flat,w", "dense")
            .node("Reshape", "dense,tokens", "many")
            .node("Transpose", "many", "back", "perm", new int[] {1, 0, 2})
            .node("Add", "back,x", "sum")
            .node("LayerNormalization", "sum,scale", "norm")
            .node("ReduceMean", "norm", "y", "axes", new int[] {1}, "keepdims", 0)
            .output("y")
            .model();
    Rules rules = Presets.deepLiftRescale(false);
    var options = SessionOptions.withRules("", List.of(rules));
    Graph graph = Network.of(model).graph(2 * PAIRS, options);
    float[] x = pairs(20);
    checkSums("attention", Draft.run(graph, rules, x, seed(4)), x, 20, 4);
  }

  /**
   * What is taken away from all lest they overflow is not the same for an image and its reference.
   */
  @ParameterizedTest
  @ValueSource(floats = {3, 200})
  void theLargestOfALogarithmOfASumTakesPart(float spread) {
    OnnxModel model =
        new ModelBuilder(17)
            .input("x", 2 * PAIRS, 5, 4)
            .constant("spread", Shape.of(1), spread)
            .node("Mul", "x,spread", "wide")
            .node("ReduceLogSumExp", "wide", "y", "axes", new int[] {1}, "keepdims", 0)
            .output("y")
            .model();
    for (Rules rules :
        new Rules[] {Presets.deepLiftRescale(false), Presets.deepLiftRevealCancel(false)}) {
      var options = SessionOptions.withRules("", List.of(rules));
      Graph graph = Network.of(model).graph(2 * PAIRS, options);
      float[] x = pairs(20);
      checkSums("logarithm of a sum", Draft.run(graph, rules, x, seed(4)), x, 20, 4);
    }
  }

  /** Captum's pooling loses multipliers where windows overlap, and is exact where none do. */
  @Test
  void captumsPoolingIsNotComplete() {
    float[] x = pairs(Nets.PIXELS);
    Graph with = Nets.PLAIN.graph(2 * PAIRS, true);
    assertThat(Draft.run(with, Presets.deepLiftRescale(true), x, seed(4)).input())
        .isNotEqualTo(Draft.run(with, Presets.deepLiftRescale(false), x, seed(4)).input());
    Graph without = Nets.RESIDUAL.graph(2 * PAIRS, true);
    assertThat(Draft.run(without, Presets.deepLiftRescale(true), x, seed(4)).input())
        .isEqualTo(Draft.run(without, Presets.deepLiftRescale(false), x, seed(4)).input());
  }

  private static final int[] WIDTHS = {6, 5, 4, 3};

  /** Dense layers of these widths with ReLU between. */
  @Test
  void multipliersAreThoseOfTheDefinition() {
    Draft d = new Draft(41, 2 * PAIRS, WIDTHS[0]);
    Random random = new Random(42);
    float[][] w = new float[3][];
    float[][] b = new float[3][];
    Value y = d.input();
    for (int l = 0; l < 3; l++) {
      w[l] = Draft.numbers(random, 1, WIDTHS[l] * WIDTHS[l + 1]);
      b[l] = Draft.numbers(random, .5, WIDTHS[l + 1]);
      Value weights = d.constant(w[l], WIDTHS[l], WIDTHS[l + 1]);
      Value bias = d.constant(b[l], WIDTHS[l + 1]);
      y = d.add(new Matrix(false, Activation.NONE), y, weights, bias);
      if (l < 2) {
        y = d.add(new Rectify(0, Float.POSITIVE_INFINITY), y);
      }
    }
    float[] x = pairs(WIDTHS[0]);
    for (boolean reveal : new boolean[] {false, true}) {
      Rules rules = reveal ? Presets.deepLiftRevealCancel(false) : Presets.deepLiftRescale(false);
      float[] got = Draft.run(d.graph(), rules, x, seed(WIDTHS[3])).input();
      for (int p = 0; p < PAIRS; p++) {
        double[] wanted = multipliers(w, b, x, 2 * p * WIDTHS[0], 1 + p, reveal);
        for (int i = 0; i < WIDTHS[0]; i++) {
          assertThat((double) got[2 * p * WIDTHS[0] + i])
              .as("pair %d, input %d, reveal-cancel %s", p, i, reveal)
              .isCloseTo(wanted[i], Offset.offset(1e-4));
        }
      }
    }
  }

  /** Pre-activations and activations of image (0) and reference (1), by layer. */
  private record Values(double[][][] z, double[][][] a) {
    static Values of(float[][] w, float[][] b, float[] x, int from) {
      double[][][] z = new double[2][3][];
      double[][][] a = new double[2][4][];
      for (int k = 0; k < 2; k++) {
        a[k][0] = new double[WIDTHS[0]];
        for (int i = 0; i < WIDTHS[0]; i++) {
          a[k][0][i] = x[from + k * WIDTHS[0] + i];
        }
        for (int l = 0; l < 3; l++) {
          int n = WIDTHS[l + 1];
          z[k][l] = new double[n];
          a[k][l + 1] = new double[n];
          for (int j = 0; j < n; j++) {
            z[k][l][j] = b[l][j];
            for (int i = 0; i < WIDTHS[l]; i++) {
              z[k][l][j] += a[k][l][i] * w[l][i * n + j];
            }
            a[k][l + 1][j] = l < 2 ? Math.max(z[k][l][j], 0) : z[k][l][j];
          }
        }
      }
      return new Values(z, a);
    }
  }

  /** The definition, unit by unit, in doubles. */
  private static double[] multipliers(
      float[][] w, float[][] b, float[] x, int from, int target, boolean reveal) {
    Values v = Values.of(w, b, x, from);
    double[] m = new double[WIDTHS[3]];
    m[target] = 1;
    for (int l = 2; l >= 0; l--) {
      int n = WIDTHS[l + 1];
      double[] rise = m.clone();
      double[] fall = m.clone();
      for (int j = 0; j < n && l < 2; j++) {
        double up = 0;
        double down = 0;
        for (int i = 0; i < WIDTHS[l]; i++) {
          double c = (v.a[0][l][i] - v.a[1][l][i]) * w[l][i * n + j];
          up += Math.max(c, 0);
          down += Math.min(c, 0);
        }
        double start = v.a[1][l + 1][j];
        double end = v.a[0][l + 1][j];
        double high = Math.max(v.z[1][l][j] + up, 0);
        double low = Math.max(v.z[1][l][j] + down, 0);
        double ratio = (end - start) / (v.z[0][l][j] - v.z[1][l][j]);
        rise[j] *= !reveal ? ratio : up == 0 ? 0 : (high - start + end - low) / 2 / up;
        fall[j] *= !reveal ? ratio : down == 0 ? 0 : (low - start + end - high) / 2 / down;
      }
      double[] below = new double[WIDTHS[l]];
      for (int i = 0; i < below.length; i++) {
        double d = v.a[0][l][i] - v.a[1][l][i];
        for (int j = 0; j < n; j++) {
          float weight = w[l][i * n + j];
          double up = weight > 0 ? rise[j] : fall[j];
          double down = weight > 0 ? fall[j] : rise[j];
          below[i] += weight * (d > 0 ? up : d < 0 ? down : (up + down) / 2);
        }
      }
      m = below;
    }
    return m;
  }
}
