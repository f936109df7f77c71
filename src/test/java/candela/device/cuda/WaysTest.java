package candela.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import candela.TestDevice;
import candela.device.Choices;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Dense.ConvolutionPlan;
import candela.device.Dense.Gating;
import candela.device.Device;
import candela.device.Devices;
import candela.device.Memory;
import candela.device.Precision;
import candela.reference.Convolving;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every way in which a card makes a convolution and its gradient in TF32, not only the one that is
 * the fastest here, against plain loops in doubles; also after the weights have changed.
 */
@Tag("kernel")
class WaysTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  private static final int ROWS = 2;

  /** Two factors of 11 significant bits each, of the sum of absolute products. */
  private static final double ROUNDED = 0x1p-9;

  private final List<Memory> memory = new ArrayList<>();
  private Device device;

  @BeforeEach
  void open() {
    assumeFalse(TestDevice.isCpu(), "skipped: needs a card, -Dcandela.device=cuda:0");
    device = Devices.open(TestDevice.name(), 1, Precision.TF32);
  }

  @AfterEach
  void close() {
    memory.forEach(Memory::close);
    if (device != null) {
      device.close();
    }
  }

  private static Convolution[] shapes() {
    return new Convolution[] {
      plain(9, 8, 8, 16, 3, 1, 1), // as the middle of a ResNet's block
      plain(9, 8, 8, 16, 3, 2, 1), // and where its size is halved
      plain(9, 8, 8, 16, 1, 2, 0), // on its shorter way
      plain(7, 6, 16, 8, 1, 1, 0), // a product
      plain(21, 22, 3, 16, 7, 2, 3), // a first layer
      plain(9, 9, 4, 8, 3, 1, 1), // few channels that tiles do as well
      plain(6, 5, 64, 68, 3, 1, 1), // parts of a sum
      plain(5, 5, 8, 16, 3, 1 << 24, 1), // strides whose product is beyond 32 bits
      plain(130, 128, 128, 8, 2, 5, 0), // a large gradient that tiles do not make
    };
  }

  private static Convolution plain(int h, int w, int c, int oc, int k, int stride, int pad) {
    return new Convolution(
        h, w, c, oc, k, k, stride, stride, 1, 1, pad, pad, pad, pad, 1, false, 0, 0);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void allAgree(Convolution k) {
    Choices choices = device.choices().orElseThrow();
    List<Expected> expected = List.of(Expected.of(k, 6), Expected.of(k, 7));
    agree(k, 0, expected);
    String shape = Arrays.toString(k.shape());
    List<String> names =
        choices.keys().stream()
            .filter(
                c -> c.contains(shape) && (c.startsWith("OUTPUT ") || c.startsWith("GRADIENT ")))
            .sorted()
            .toList();
    assertThat(names).anyMatch(c -> c.startsWith("OUTPUT "));
    boolean far = k.strideH() > 4;
    Predicate<String> gating = c -> c.startsWith("GRADIENT ") && c.contains(" gating");
    assertThat(names.stream().anyMatch(c -> c.startsWith("GRADIENT ") && !gating.test(c)))
        .isNotEqualTo(far);
    // there cuDNN alone may let it pass a ReLU, if it is large
    assertThat(names.stream().anyMatch(gating)).isEqualTo(!far || k.c() == 128);
    int most = 0;
    for (int way = 0; most == way; way++) {
      int number = way;
      names.forEach(c -> choices.use(c, number));
      agree(k, way, expected);
      // One that there is not is chosen anew.
      boolean some = names.stream().anyMatch(c -> choices.get(c).orElseThrow() == number);
      most += some ? 1 : 0;
    }
    assertThat(most).as("ways").isGreaterThan(1);
  }

  /** What a convolution with these weights gives: its sums, and those of absolute products. */
  private record Expected(
      float[] weights, double[] sums, double[] most, double[] gradient, double[] least) {
    static Expected of(Convolution k, int seed) {
      float[] w = numbers(seed, k.oc() * k.c() * k.kh() * k.kw());
      float[] x = numbers(1, ins(k));
      float[] dy = numbers(2, outs(k));
      return new Expected(
          w,
          forward(k, x, w, false),
          forward(k, x, w, true),
          backward(k, dy, w, false),
          backward(k, dy, w, true));
    }
  }

  private static int ins(Convolution k) {
    return ROWS * k.h() * k.w() * k.c();
  }

  private static int outs(Convolution k) {
    return ROWS * k.oh() * k.ow() * k.oc();
  }

  private void agree(Convolution k, int way, List<Expected> expected) {
    int outs = outs(k);
    int ins = ins(k);
    float[] x = numbers(1, ins);
    float[] dy = numbers(2, outs);
    float[] before = numbers(3, ins);
    float[] bias = numbers(4, k.oc());
    float[] residual = numbers(5, outs);
    MemorySegment weights = in(expected.getFirst().weights());
    MemorySegment by = in(bias);
    try (ConvolutionPlan relu = device.dense().convolution(k, weights, by, Activation.RELU, true);
        ConvolutionPlan none =
            device.dense().convolution(k, weights, NULL, Activation.NONE, false)) {
      for (int i = 0; i < expected.size(); i++) {
        Expected e = expected.get(i);
        if (i > 0) {
          device.copyIn(MemorySegment.ofArray(e.weights()), weights);
          relu.update();
          none.update();
        }
        String what = "way " + way + " of " + k + ", weights " + i;
        double[] sums = e.sums();
        double[] most = e.most().clone();
        MemorySegment y = in(new float[outs]);
        none.forward(ROWS, in(x), NULL, y, NULL);
        agree(what + ", forward", floats(y, outs), sums, most);
        MemorySegment sum = in(residual);
        MemorySegment bits = in(new float[outs]);
        relu.forward(ROWS, in(x), sum, sum, bits);
        double[] active = new double[outs];
        for (int o = 0; o < outs; o++) {
          active[o] = Math.max(0, sums[o] + bias[o % k.oc()] + residual[o]);
          most[o] += Math.abs(bias[o % k.oc()]) + Math.abs(residual[o]);
        }
        agree(what + ", bias, residual, ReLU", floats(sum, outs), active, most);

        double[] gradient = e.gradient().clone();
        double[] least = e.least().clone();
        MemorySegment dx = in(before);
        none.backward(ROWS, in(dy), NULL, false, dx, Gating.NONE, false, NULL);
        agree(what + ", gradient", floats(dx, ins), gradient, least);
        MemorySegment gated = in(before);
        Gating relus = new Gating(Activation.RELU, in(x));
        none.backward(ROWS, in(dy), NULL, false, gated, relus, false, NULL);
        double[] passed = gradient.clone();
        for (int p = 0; p < ins; p++) {
          passed[p] = x[p] > 0 ? gradient[p] : 0;
        }
        agree(what + ", gated", floats(gated, ins), passed, least);
        MemorySegment added = in(before);
        none.backward(ROWS, in(dy), NULL, true, added, relus, false, NULL);
        for (int p = 0; p < ins; p++) {
          gradient[p] = x[p] > 0 ? gradient[p] + before[p] : 0;
          least[p] += Math.abs(before[p]);
        }
        agree(what + ", added and gated", floats(added, ins), gradient, least);
      }
    }
    memory.forEach(Memory::close);
    memory.clear();
  }

  private static void agree(String what, float[] got, double[] wanted, double[] most) {
    for (int i = 0; i < got.length; i++) {
      double allowed = ROUNDED * most[i] + 1e-6;
      if (!(Math.abs(got[i] - wanted[i]) <= allowed)) { // a million assertions take their time
        assertThat((double) got[i]).as("%s at [%d]", what, i).isCloseTo(wanted[i], within(allowed));
      }
    }
  }

  /** The sums, or of absolute products. */
  private static double[] forward(Convolution k, float[] x, float[] w, boolean absolute) {
    return Convolving.forward(
        k.shape(), k.oh(), k.ow(), ROWS, doubles(x, absolute), doubles(w, absolute));
  }

  /** The transpose is a transposed convolution with the same weights. */
  private static double[] backward(Convolution k, float[] dy, float[] w, boolean absolute) {
    int[] s = k.shape();
    s[0] = k.oh();
    s[1] = k.ow();
    s[2] = k.oc();
    s[3] = k.c();
    s[15] = 1;
    return Convolving.forward(s, k.h(), k.w(), ROWS, doubles(dy, absolute), doubles(w, absolute));
  }

  private static double[] doubles(float[] values, boolean absolute) {
    double[] all = new double[values.length];
    Arrays.setAll(all, i -> absolute ? Math.abs(values[i]) : values[i]);
    return all;
  }

  private static float[] numbers(int seed, int n) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextFloat() * 2 - 1;
    }
    return values;
  }

  private MemorySegment in(float[] values) {
    Memory to = device.allocate(4L * values.length);
    memory.add(to);
    device.copyIn(MemorySegment.ofArray(values), to.segment());
    return to.segment();
  }

  private float[] floats(MemorySegment from, int n) {
    float[] values = new float[n];
    device.copyOut(from.asSlice(0, 4L * n), MemorySegment.ofArray(values));
    return values;
  }
}
