package candela.device;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Kernels of a device against plain loops in doubles: one or two of every family that explanations
 * are made of, at sizes that are no multiples of what a vector holds. The tests hold all kernels
 * against such references; this is for the machine where Candela was installed.
 *
 * <p>For the thread that uses the device.
 */
public final class PlainCheck {
  /** Float32 rounding of some hundred terms of size 1, relative to 1 + |value|. */
  private static final double FLOAT32 = 2e-5;

  /** 45 products of factors rounded to 11 bits. */
  private static final double TF32 = 1e-2;

  private static final int PIXELS = 7 * 9;

  private final Device device;
  private final List<Memory> blocks = new ArrayList<>();

  /** What came and what was expected. */
  private record Found(float[] got, double[] wanted) {}

  /**
   * @param multiplies whether its factors may be rounded
   */
  private record Case(String name, boolean multiplies, Function<PlainCheck, Found> run) {}

  private static final List<Case> CASES =
      List.of(
          new Case("add", false, PlainCheck::add),
          new Case("average pool", false, c -> c.pool(false)),
          new Case("blur", false, PlainCheck::blur),
          new Case("convolution", true, PlainCheck::convolution),
          new Case("gaussian noise", false, PlainCheck::noise),
          new Case("layer norm", false, PlainCheck::layerNorm),
          new Case("matrix product", true, PlainCheck::product),
          new Case("max pool", false, c -> c.pool(true)),
          new Case("moments", false, PlainCheck::moments),
          new Case("occlude", false, PlainCheck::occlude),
          new Case("rectify", false, PlainCheck::rectify),
          new Case("reduce", false, PlainCheck::reduce),
          new Case("resample", false, PlainCheck::resample),
          new Case("score", false, PlainCheck::score),
          new Case("softmax", false, PlainCheck::softmax),
          new Case("strided copy", false, PlainCheck::copy));

  private PlainCheck(Device device) {
    this.device = device;
  }

  /** How many kernels there are. */
  public static int count() {
    return CASES.size();
  }

  /**
   * Runs all.
   *
   * @param say hears of each kernel that gives something else, in one sentence
   * @return how many do
   */
  public static int run(Device device, Consumer<String> say) {
    int faults = 0;
    for (Case c : CASES) {
      PlainCheck check = new PlainCheck(device);
      try {
        double allowed = c.multiplies() ? allowed(device.precision()) : FLOAT32;
        String fault = fault(c.run().apply(check), allowed);
        if (fault != null) {
          faults++;
          say.accept(c.name() + fault);
        }
      } finally {
        check.blocks.forEach(Memory::close);
      }
    }
    return faults;
  }

  private static double allowed(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> FLOAT32;
      case TF32, FP16 -> TF32;
      case BF16 -> 8 * TF32;
    };
  }

  private static String fault(Found f, double tolerance) {
    for (int i = 0; i < f.wanted().length; i++) {
      double wanted = f.wanted()[i];
      if (!(Math.abs(f.got()[i] - wanted) <= tolerance * (1 + Math.abs(wanted)))) {
        return String.format(Locale.ROOT, "[%d]: %.7g expected, is %.7g", i, wanted, f.got()[i]);
      }
    }
    return null;
  }

  private MemorySegment put(MemorySegment host) {
    Memory memory = device.allocate(host.byteSize());
    blocks.add(memory);
    device.copyIn(host, memory.segment());
    return memory.segment();
  }

  private MemorySegment in(float... values) {
    return put(MemorySegment.ofArray(values));
  }

  private MemorySegment in(int... values) {
    return put(MemorySegment.ofArray(values));
  }

  private MemorySegment in(long... values) {
    return put(MemorySegment.ofArray(values));
  }

  /** Full of NaN: what is left out shows. */
  private MemorySegment out(int n) {
    float[] nan = new float[n];
    Arrays.fill(nan, Float.NaN);
    return in(nan);
  }

  private Found found(MemorySegment got, double[] wanted) {
    float[] values = new float[wanted.length];
    device.copyOut(got.asSlice(0, 4L * values.length), MemorySegment.ofArray(values));
    return new Found(values, wanted);
  }

  /** In -2..2. */
  private static float[] numbers(int seed, int n) {
    var random = new SplittableRandom(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-2, 2);
    }
    return x;
  }

  private interface Element {
    double at(int i);
  }

  private static double[] each(int n, Element f) {
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      y[i] = f.at(i);
    }
    return y;
  }

  private Found add() {
    int n = 1003;
    float[] a = numbers(1, n);
    float[] b = numbers(2, n);
    MemorySegment y = out(n);
    device.kernels().elementwise().add(n, in(a), in(b), y);
    return found(y, each(n, i -> (double) a[i] + b[i]));
  }

  private Found rectify() {
    int n = 1003;
    float[] x = numbers(1, n);
    MemorySegment y = out(n);
    device
        .kernels()
        .elementwise()
        .rectifyForward(
            Storage.FLOAT32, 1, n, 0, Float.POSITIVE_INFINITY, in(x), y, MemorySegment.NULL);
    return found(y, each(n, i -> Math.max(x[i], 0)));
  }

  private Found reduce() {
    int n = 333;
    int inner = 5;
    float[] x = numbers(1, 3 * n * inner);
    MemorySegment y = out(3 * inner);
    device.kernels().reduce().reduceForward(Reduction.MEAN, 3, n, inner, in(x), y);
    return found(
        y,
        each(
            3 * inner,
            i -> {
              double sum = 0;
              for (int k = 0; k < n; k++) {
                sum += x[(i / inner * n + k) * inner + i % inner];
              }
              return sum / n;
            }));
  }

  private Found softmax() {
    int n = 333;
    float[] x = numbers(1, 3 * n);
    MemorySegment y = out(3 * n);
    device.kernels().softmax().softmaxForward(false, 3, n, in(x), y);
    return found(y, each(3 * n, i -> Math.exp(x[i]) / sumOfExp(x, i / n, n)));
  }

  private static double sumOfExp(float[] x, int row, int n) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
      sum += Math.exp(x[row * n + k]);
    }
    return sum;
  }

  private Found score() {
    int n = 33;
    float[] x = numbers(1, 3 * n);
    long[] target = {0, 7, 32};
    MemorySegment scores = out(3);
    MemorySegment seed = out(3 * n);
    device.kernels().score().score(1, 3, n, in(x), in(target), scores, seed);
    return found(
        seed,
        each(
            3 * n,
            i -> {
              double p = Math.exp(x[i]) / sumOfExp(x, i / n, n);
              double t = Math.exp(x[i / n * n + (int) target[i / n]]) / sumOfExp(x, i / n, n);
              return t * ((i % n == target[i / n] ? 1 : 0) - p);
            }));
  }

  private Found layerNorm() {
    int n = 333;
    float[] x = numbers(1, 3 * n);
    float[] scale = numbers(2, n);
    float[] shift = numbers(3, n);
    MemorySegment y = out(3 * n);
    device
        .kernels()
        .norm()
        .layerNormForward(3, n, 1e-5f, in(x), in(scale), in(shift), y, MemorySegment.NULL);
    double[] wanted = new double[3 * n];
    for (int r = 0; r < 3; r++) {
      double mean = 0;
      double square = 0;
      for (int k = 0; k < n; k++) {
        mean += x[r * n + k] / (double) n;
      }
      for (int k = 0; k < n; k++) {
        square += Math.pow(x[r * n + k] - mean, 2) / n;
      }
      for (int k = 0; k < n; k++) {
        wanted[r * n + k] = (x[r * n + k] - mean) / Math.sqrt(square + 1e-5) * scale[k] + shift[k];
      }
    }
    return found(y, wanted);
  }

  /** 3 × 3, stride 2, one pixel of padding, on 2 images of 7 × 9 with 5 channels. */
  private Found pool(boolean max) {
    int c = 5;
    float[] x = numbers(1, 2 * PIXELS * c);
    int[] window = {3, 3, 2, 2, 1, 1, 1, 1, 4, 5};
    int n = 2 * 4 * 5 * c;
    MemorySegment y = out(n);
    if (max) {
      device
          .kernels()
          .pool()
          .maxPoolForward(Storage.FLOAT32, 2, 7, 9, c, window, in(x), y, MemorySegment.NULL, 1);
    } else {
      device
          .kernels()
          .pool()
          .averagePoolForward(Storage.FLOAT32, 2, 7, 9, c, window, 1, 1, false, 1, in(x), y);
    }
    return found(
        y,
        each(
            n,
            i -> {
              double most = Double.NEGATIVE_INFINITY;
              double sum = 0;
              int count = 0;
              for (int tap = 0; tap < 9; tap++) {
                int row = i / c / 5 % 4 * 2 - 1 + tap / 3;
                int column = i / c % 5 * 2 - 1 + tap % 3;
                if (row >= 0 && row < 7 && column >= 0 && column < 9) {
                  double v = x[(i / c / 20 * PIXELS + row * 9 + column) * c + i % c];
                  most = Math.max(most, v);
                  sum += v;
                  count++;
                }
              }
              return max ? most : sum / count;
            }));
  }

  /** [3,7,5] to [5,3,7]. */
  private Found copy() {
    float[] x = numbers(1, 105);
    MemorySegment y = out(105);
    int[] to = {7, 1, 21};
    device
        .kernels()
        .move()
        .copyStrided(false, 3, new int[] {3, 7, 5}, new int[] {35, 5, 1}, to, in(x), y);
    return found(y, each(105, i -> x[i / 7 % 3 * 35 + i % 7 * 5 + i / 21]));
  }

  /** Rows of 7 pixels to 10, each a mixture of two. */
  private Found resample() {
    float[] x = numbers(1, 3 * 7 * 5);
    int[] first = new int[11];
    int[] index = new int[20];
    float[] weight = new float[20];
    for (int j = 0; j < 10; j++) {
      first[j + 1] = 2 * j + 2;
      index[2 * j] = j * 7 / 10;
      index[2 * j + 1] = Math.min(6, j * 7 / 10 + 1);
      weight[2 * j] = 1 - j / 16f;
      weight[2 * j + 1] = j / 16f;
    }
    MemorySegment y = out(150);
    device
        .kernels()
        .resample()
        .resample(false, 3, 7, 10, 5, in(first), in(index), in(weight), in(x), y);
    return found(
        y,
        each(
            150,
            i -> {
              int j = i / 5 % 10;
              int row = i / 50 * 35 + i % 5;
              return (double) weight[2 * j] * x[row + index[2 * j] * 5]
                  + (double) weight[2 * j + 1] * x[row + index[2 * j + 1] * 5];
            }));
  }

  private Found blur() {
    float[] x = numbers(1, 2 * PIXELS);
    float[] weight = {0.25f, 0.5f, 1, 0.5f, 0.25f};
    MemorySegment y = out(2 * PIXELS);
    device.kernels().blur().blur(2, 7, 9, 2, in(weight), in(x), out(2 * PIXELS), y);
    return found(
        y,
        each(
            2 * PIXELS,
            i -> {
              double sum = 0;
              double all = 0;
              for (int tap = 0; tap < 25; tap++) {
                int row = i / 9 % 7 - 2 + tap / 5;
                int column = i % 9 - 2 + tap % 5;
                if (row >= 0 && row < 7 && column >= 0 && column < 9) {
                  double by = (double) weight[tap / 5] * weight[tap % 5];
                  sum += by * x[i / PIXELS * PIXELS + row * 9 + column];
                  all += by;
                }
              }
              return sum / all;
            }));
  }

  private Found occlude() {
    float[] x = numbers(1, 3 * PIXELS);
    float[] fill = numbers(2, 3 * PIXELS);
    int[] window = {1, 2, 4, 9, 0, 0, 7, 1};
    MemorySegment y = out(2 * 3 * PIXELS);
    device.kernels().mask().occlude(2, 3, 7, 9, in(x), in(fill), in(window), y);
    return found(
        y,
        each(
            2 * 3 * PIXELS,
            i -> {
              int w = i / (3 * PIXELS) * 4;
              int row = i / 9 % 7;
              int column = i % 9;
              boolean inside =
                  row >= window[w]
                      && row < window[w + 2]
                      && column >= window[w + 1]
                      && column < window[w + 3];
              return (inside ? fill : x)[i % (3 * PIXELS)];
            }));
  }

  /** Sums in doubles, compared as floats. */
  private Found moments() {
    int n = 333;
    float[] g = numbers(1, 3 * n);
    float[] weight = {0.5f, -1, 2};
    MemorySegment sum = put(MemorySegment.ofArray(new double[n]));
    device.kernels().noise().moments(3, n, in(weight), in(g), sum, MemorySegment.NULL);
    double[] got = new double[n];
    device.copyOut(sum, MemorySegment.ofArray(got));
    float[] rounded = new float[n];
    for (int i = 0; i < n; i++) {
      rounded[i] = (float) got[i];
    }
    return new Found(rounded, each(n, i -> 0.5 * g[i] - g[n + i] + 2.0 * g[2 * n + i]));
  }

  private Found noise() {
    int n = 1003;
    float[] x = numbers(1, n);
    long[] sample = {0, 41};
    MemorySegment y = out(2 * n);
    device.kernels().noise().gaussianNoise(2, n, in(x), 0.5f, 7, in(sample), y);
    return found(y, each(2 * n, i -> x[i % n] + 0.5 * normal(7, sample[i / n], i % n)));
  }

  /** By Box and Muller, as native/candela.h says. */
  private static double normal(long seed, long sample, int element) {
    int[] word = new int[4];
    Philox.fill(seed, sample, element / 4, word);
    int pair = element % 4 / 2 * 2;
    double radius = Math.sqrt(-2 * Math.log(uniform(word[pair])));
    double angle = 2 * Math.PI * uniform(word[pair + 1]);
    return radius * (element % 2 == 0 ? Math.cos(angle) : Math.sin(angle));
  }

  /** The middle of one of 2²⁴ steps, as a float has it. */
  private static double uniform(int word) {
    return ((float) (word >>> 8) + 0.5f) * 0x1p-24f;
  }

  /** 3 × 3 over 5 channels, one pixel of padding, ReLU. */
  private Found convolution() {
    int c = 5;
    int oc = 6;
    float[] x = numbers(1, 2 * PIXELS * c);
    float[] w = numbers(2, oc * c * 9);
    float[] bias = numbers(3, oc);
    Convolution shape = new Convolution(7, 9, c, oc, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, false, 0, 0);
    MemorySegment y = out(2 * PIXELS * oc);
    try (var plan = device.dense().convolution(shape, in(w), in(bias), Activation.RELU, false)) {
      plan.forward(2, in(x), MemorySegment.NULL, y, MemorySegment.NULL);
      return found(
          y,
          each(
              2 * PIXELS * oc,
              i -> {
                double sum = bias[i % oc];
                for (int tap = 0; tap < 9; tap++) {
                  int row = i / oc / 9 % 7 - 1 + tap / 3;
                  int column = i / oc % 9 - 1 + tap % 3;
                  boolean inside = row >= 0 && row < 7 && column >= 0 && column < 9;
                  for (int k = 0; k < c && inside; k++) {
                    int pixel = i / oc / PIXELS * PIXELS + row * 9 + column;
                    sum += (double) x[pixel * c + k] * w[(i % oc * c + k) * 9 + tap];
                  }
                }
                return Math.max(sum, 0);
              }));
    }
  }

  private Found product() {
    int k = 45;
    int n = 33;
    float[] x = numbers(1, 7 * k);
    float[] w = numbers(2, k * n);
    float[] bias = numbers(3, n);
    MemorySegment y = out(7 * n);
    try (var plan = device.dense().matrix(k, n, false, in(w), in(bias), Activation.NONE)) {
      plan.forward(7, in(x), y, MemorySegment.NULL);
      return found(
          y,
          each(
              7 * n,
              i -> {
                double sum = bias[i % n];
                for (int j = 0; j < k; j++) {
                  sum += (double) x[i / n * k + j] * w[j * n + i % n];
                }
                return sum;
              }));
    }
  }
}
