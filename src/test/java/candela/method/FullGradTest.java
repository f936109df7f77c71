package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.onnx.ModelBuilder;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Full gradients of a network with a residual block, against plain Java in doubles: u = s1 (w1 x +
 * b1) + t1, r = ReLU(u), v = r + s2 w2 r + t2, p = ReLU(v), z = w3 p + b3, whose ReLU's mean over
 * pixels goes through a fully connected layer. w1 and w2 are 3 × 3 with padding, w3 is 3 × 2 with
 * strides 2, 1.
 */
class FullGradTest {
  private static final int H = 6;
  private static final int W = 5;
  private static final int K = 4;
  private static final int LAST = 3;
  private static final int CLASSES = 2;
  private static final int ROWS = 2;
  private static final int COLUMNS = 4;

  /** Sums of a few dozen floats. */
  private static final double ROUNDING = 1e-5;

  private final Random random = new Random(3);

  private final class Net {
    final int colours;
    final float[] x;
    final float[] w1;
    final float[] b1 = Toy.draw(random, K);
    final float[][] norm1 = norm();
    final float[] w2 = Toy.draw(random, K * K * 9);
    final float[][] norm2 = norm();
    final float[] w3 = Toy.draw(random, LAST * K * 6);
    final float[] b3 = Toy.draw(random, LAST);
    final float[] w = Toy.draw(random, CLASSES * LAST);
    final float[] b = Toy.draw(random, CLASSES);

    Net(int colours) {
      this.colours = colours;
      x = Toy.draw(random, colours * H * W);
      w1 = Toy.draw(random, K * colours * 9);
    }

    /** Scale, shift, mean, variance. */
    private float[][] norm() {
      float[][] p = new float[4][];
      for (int i = 0; i < 4; i++) {
        p[i] = Toy.draw(random, K);
      }
      for (int k = 0; k < K; k++) {
        p[3][k] = .5f + p[3][k] * p[3][k];
      }
      return p;
    }

    Network network(boolean channelsLast) {
      ModelBuilder m = new ModelBuilder(17).output("y");
      String first = "x";
      if (channelsLast) {
        m.input("x", -1, H, W, colours).node("Transpose", "x", "t", "perm", new int[] {0, 3, 1, 2});
        first = "t";
      } else {
        m.input("x", -1, colours, H, W);
      }
      int[] pads = {1, 1, 1, 1};
      m.constant("w1", Shape.of(K, colours, 3, 3), w1).constant("b1", Shape.of(K), b1);
      m.node("Conv", first + ",w1,b1", "c1", "pads", pads);
      norm(m, "c1", "u", norm1).node("Relu", "u", "r");
      m.constant("w2", Shape.of(K, K, 3, 3), w2).node("Conv", "r,w2", "c2", "pads", pads);
      norm(m, "c2", "n2", norm2).node("Add", "r,n2", "v").node("Relu", "v", "p");
      m.constant("w3", Shape.of(LAST, K, 3, 2), w3).constant("b3", Shape.of(LAST), b3);
      m.node("Conv", "p,w3,b3", "z", "strides", new int[] {2, 1}).node("Relu", "z", "q");
      m.node("GlobalAveragePool", "q", "mean").node("Flatten", "mean", "row");
      m.constant("w", Shape.of(CLASSES, LAST), w).constant("b", Shape.of(CLASSES), b);
      m.node("Gemm", "row,w,b", "y", "transB", 1);
      return Network.of(m.model()).channelsFirst();
    }

    private static ModelBuilder norm(ModelBuilder m, String x, String y, float[][] p) {
      for (int i = 0; i < 4; i++) {
        m.constant(y + i, Shape.of(K), p[i]);
      }
      return m.node("BatchNormalization", x + ",%1$s0,%1$s1,%1$s2,%1$s3".formatted(y), y);
    }
  }

  /** What the definition gives, before it is one map: of input and layers [channels,h,w]. */
  private record Terms(double score, double[] input, double[] u, double[] v, double[] z) {}

  /** A convolution's geometry: pads on all sides, strides. */
  private record Conv(int from, int to, int kh, int kw, int pad, int down, int h, int w) {
    int rows() {
      return (h + 2 * pad - kh) / down + 1;
    }

    int columns() {
      return w + 2 * pad - kw + 1;
    }

    /** y += w x, or backwards x += wᵀ y. */
    void run(float[] weights, double[] x, double[] y, boolean back) {
      for (int o = 0; o < to; o++) {
        for (int i = 0; i < rows() * columns(); i++) {
          for (int t = 0; t < from * kh * kw; t++) {
            int r = i / columns() * down + t / kw % kh - pad;
            int c = i % columns() + t % kw - pad;
            if (r < 0 || r >= h || c < 0 || c >= w) {
              continue;
            }
            int in = (t / (kh * kw) * h + r) * w + c;
            int out = o * rows() * columns() + i;
            double weight = weights[o * from * kh * kw + t];
            if (back) {
              x[in] += weight * y[out];
            } else {
              y[out] += weight * x[in];
            }
          }
        }
      }
    }
  }

  private static double scale(float[][] norm, int k) {
    return norm[0][k] / Math.sqrt(norm[3][k] + 1e-5f);
  }

  private static double[] reference(float[] x) {
    double[] r = new double[x.length];
    for (int i = 0; i < r.length; i++) {
      r[i] = x[i];
    }
    return r;
  }

  private static double[] relu(double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = Math.max(x[i], 0);
    }
    return y;
  }

  private static Terms terms(Net net, int target) {
    int n = H * W;
    int m = ROWS * COLUMNS;
    Conv one = new Conv(net.colours, K, 3, 3, 1, 1, H, W);
    Conv two = new Conv(K, K, 3, 3, 1, 1, H, W);
    Conv three = new Conv(K, LAST, 3, 2, 0, 2, H, W);
    double[] x = reference(net.x);
    double[] u = new double[K * n];
    one.run(net.w1, x, u, false);
    double[] first = new double[K];
    for (int k = 0; k < K; k++) {
      double s = scale(net.norm1, k);
      first[k] = s * net.b1[k] + net.norm1[1][k] - s * net.norm1[2][k];
      for (int i = k * n; i < (k + 1) * n; i++) {
        u[i] = s * u[i] + first[k];
      }
    }
    double[] r = relu(u);
    double[] v = new double[K * n];
    two.run(net.w2, r, v, false);
    double[] second = new double[K];
    for (int k = 0; k < K; k++) {
      double s = scale(net.norm2, k);
      second[k] = net.norm2[1][k] - s * net.norm2[2][k];
      for (int i = k * n; i < (k + 1) * n; i++) {
        v[i] = s * v[i] + second[k] + r[i];
      }
    }
    double[] z = new double[LAST * m];
    three.run(net.w3, relu(v), z, false);
    double score = net.b[target];
    double[] dz = new double[z.length];
    for (int i = 0; i < z.length; i++) {
      z[i] += net.b3[i / m];
      double slope = net.w[target * LAST + i / m] / (double) m;
      score += slope * Math.max(z[i], 0);
      dz[i] = z[i] > 0 ? slope : 0;
    }
    double[] dv = new double[v.length];
    three.run(net.w3, dv, dz, true);
    double[] scaled = new double[v.length];
    double[] du = new double[u.length];
    for (int i = 0; i < v.length; i++) {
      dv[i] = v[i] > 0 ? dv[i] : 0;
      scaled[i] = dv[i] * scale(net.norm2, i / n);
      du[i] = dv[i];
    }
    two.run(net.w2, du, scaled, true);
    double[] dc = new double[u.length];
    for (int i = 0; i < u.length; i++) {
      du[i] = u[i] > 0 ? du[i] : 0;
      dc[i] = du[i] * scale(net.norm1, i / n);
    }
    double[] dx = new double[x.length];
    one.run(net.w1, dx, dc, true);
    return new Terms(
        score,
        product(dx, x, 1),
        product(du, first, n),
        product(dv, second, n),
        product(dz, reference(net.b3), m));
  }

  /** Of so many in a row the same factor. */
  private static double[] product(double[] slope, double[] factor, int row) {
    double[] p = new double[slope.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = slope[i] * factor[i / row];
    }
    return p;
  }

  private static double sum(double[]... all) {
    double sum = 0;
    for (double[] terms : all) {
      for (double t : terms) {
        sum += t;
      }
    }
    return sum;
  }

  /** ψ of terms [channels,h,w], added to a map. */
  private static void add(double[] terms, int h, int w, boolean rescale, float[] map) {
    double least = Double.MAX_VALUE;
    double most = 0;
    for (double t : terms) {
      least = Math.min(least, Math.abs(t));
      most = Math.max(most, Math.abs(t));
    }
    for (int i = 0; i < map.length; i++) {
      double r = Math.clamp((i / W + .5) * h / H - .5, 0, h - 1);
      double c = Math.clamp((i % W + .5) * w / W - .5, 0, w - 1);
      double sum = 0;
      for (int k = 0; k < terms.length; k += h * w) {
        for (int corner = 0; corner < 4; corner++) {
          int y = Math.min((int) r + corner / 2, h - 1);
          int x = Math.min((int) c + corner % 2, w - 1);
          double down = corner / 2 == 0 ? 1 - r % 1 : r % 1;
          double across = corner % 2 == 0 ? 1 - c % 1 : c % 1;
          double m = Math.abs(terms[k + y * w + x]);
          sum += down * across * (rescale ? (m - least) / (most - least) : m);
        }
      }
      map[i] += (float) sum;
    }
  }

  private static List<Attribution> maps(Network network, String method, Net net, int batch) {
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(network, device, batch);
        var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      for (int target = 0; target < CLASSES; target++) {
        Subject subject = new Subject(Shape.of(net.colours, H, W), net.x, target);
        probes.add(Methods.parse(method).probe(subject, workspace));
      }
      pipeline.run(probes);
      return probes.stream().map(Probe::result).toList();
    }
  }

  @ParameterizedTest
  @CsvSource({"3, false", "1, false", "3, true", "1, true"})
  void itIsTheDefinition(int colours, boolean channelsLast) {
    Net net = new Net(colours);
    Network network = net.network(channelsLast);
    for (boolean rescale : new boolean[] {true, false}) {
      for (int batch : new int[] {1, 2, 3}) {
        List<Attribution> maps = maps(network, "full-grad:rescale=" + rescale, net, batch);
        for (int target = 0; target < CLASSES; target++) {
          Terms t = terms(net, target);
          float[] wanted = new float[H * W];
          add(t.input, H, W, rescale, wanted);
          add(t.u, H, W, rescale, wanted);
          add(t.v, H, W, rescale, wanted);
          add(t.z, ROWS, COLUMNS, rescale, wanted);
          Attribution a = maps.get(target);
          String what = "rescale " + rescale + ", batch " + batch + ", class " + target;
          assertThat(a.shape()).isEqualTo(Shape.of(1, H, W));
          assertThat(Maps.distance(a.values(), wanted)).as(what).isLessThan(ROUNDING);
        }
      }
    }
  }

  /** But for the bias of the fully connected layer, which the notes lack. */
  @Test
  void itsTermsAddUpToTheScore() {
    Net net = new Net(3);
    for (int target = 0; target < CLASSES; target++) {
      Terms t = terms(net, target);
      double biases = sum(t.u, t.v, t.z);
      assertThat(sum(t.input) + biases + net.b[target]).isCloseTo(t.score, within(1e-12));
      var notes = maps(net.network(false), "full-grad", net, 1).get(target).notes();
      assertThat(notes.get("score")).isCloseTo(t.score, within(ROUNDING));
      assertThat(notes.get("inputTerm")).isCloseTo(sum(t.input), within(ROUNDING));
      assertThat(notes.get("biasTerms")).isCloseTo(biases, within(ROUNDING));
      assertThat(notes).containsEntry("layers", 3.0);
    }
  }

  private static Offset<Double> within(double most) {
    return Offset.offset(most);
  }

  @Test
  void mapsOfManySizesAreNotAdded() {
    assertThatThrownBy(() -> Methods.parse("full-grad:upsampling=none"))
        .hasMessage("full-grad: upsampling: bilinear, nearest expected, got 'none'");
  }
}
