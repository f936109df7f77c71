package candela.device;

import static candela.device.Trial.each;
import static candela.device.Trial.numbers;

import candela.device.Trial.Found;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/** Kernels that work on elements and rows, against plain loops. */
final class PlainElements {
  private PlainElements() {}

  static Found add(Trial t) {
    int n = 1003;
    float[] a = numbers(1, n);
    float[] b = numbers(2, n);
    MemorySegment y = t.out(n);
    t.device.kernels().elementwise().add(n, t.in(a), t.in(b), y);
    return t.found(y, each(n, i -> (double) a[i] + b[i]));
  }

  /** To half precision and back. */
  static Found convert(Trial t) {
    int n = 1003;
    float[] x = numbers(1, n);
    MemorySegment bits = t.out(n);
    MemorySegment y = t.out(n);
    Convert convert = t.device.kernels().convert();
    convert.convert(Storage.FLOAT32, Storage.FP16, false, 1, n, t.in(x), bits);
    convert.convert(Storage.FP16, Storage.FLOAT32, false, 1, n, bits, y);
    return t.found(y, each(n, i -> Float.float16ToFloat(Float.floatToFloat16(x[i]))));
  }

  static Found rectify(Trial t) {
    int n = 1003;
    float[] x = numbers(1, n);
    MemorySegment y = t.out(n);
    t.device
        .kernels()
        .elementwise()
        .rectifyForward(
            Storage.FLOAT32, 1, n, 0, Float.POSITIVE_INFINITY, t.in(x), y, MemorySegment.NULL);
    return t.found(y, each(n, i -> Math.max(x[i], 0)));
  }

  static Found reduce(Trial t) {
    int n = 333;
    int inner = 5;
    float[] x = numbers(1, 3 * n * inner);
    MemorySegment y = t.out(3 * inner);
    t.device.kernels().reduce().reduceForward(Reduction.MEAN, 3, n, inner, t.in(x), y);
    return t.found(
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

  static Found softmax(Trial t) {
    int n = 333;
    float[] x = numbers(1, 3 * n);
    MemorySegment y = t.out(3 * n);
    t.device.kernels().softmax().softmaxForward(false, 3, n, t.in(x), y);
    return t.found(y, each(3 * n, i -> Math.exp(x[i]) / sumOfExp(x, i / n, n)));
  }

  private static double sumOfExp(float[] x, int row, int n) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
      sum += Math.exp(x[row * n + k]);
    }
    return sum;
  }

  static Found score(Trial t) {
    int n = 33;
    float[] x = numbers(1, 3 * n);
    long[] target = {0, 7, 32};
    MemorySegment scores = t.out(3);
    MemorySegment seed = t.out(3 * n);
    t.device.kernels().score().score(1, 3, n, t.in(x), t.in(target), scores, seed);
    return t.found(
        seed,
        each(
            3 * n,
            i -> {
              double p = Math.exp(x[i]) / sumOfExp(x, i / n, n);
              double of = Math.exp(x[i / n * n + (int) target[i / n]]) / sumOfExp(x, i / n, n);
              return of * ((i % n == target[i / n] ? 1 : 0) - p);
            }));
  }

  static Found layerNorm(Trial t) {
    int n = 333;
    float[] x = numbers(1, 3 * n);
    float[] scale = numbers(2, n);
    float[] shift = numbers(3, n);
    MemorySegment y = t.out(3 * n);
    t.device
        .kernels()
        .norm()
        .layerNormForward(3, n, 1e-5f, t.in(x), t.in(scale), t.in(shift), y, MemorySegment.NULL);
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
    return t.found(y, wanted);
  }

  /** Sums in doubles, compared as floats. */
  static Found moments(Trial t) {
    int n = 333;
    float[] g = numbers(1, 3 * n);
    float[] weight = {0.5f, -1, 2};
    MemorySegment sum = t.put(MemorySegment.ofArray(new double[n]));
    t.device.kernels().noise().moments(3, n, t.in(weight), t.in(g), sum, MemorySegment.NULL);
    double[] got = new double[n];
    t.device.copyOut(sum, MemorySegment.ofArray(got));
    float[] rounded = new float[n];
    for (int i = 0; i < n; i++) {
      rounded[i] = (float) got[i];
    }
    return new Found(rounded, each(n, i -> 0.5 * g[i] - g[n + i] + 2.0 * g[2 * n + i]));
  }

  static Found noise(Trial t) {
    int n = 1003;
    float[] x = numbers(1, n);
    long[] sample = {0, 41};
    MemorySegment y = t.out(2 * n);
    t.device.kernels().noise().gaussianNoise(2, n, t.in(x), 0.5f, 7, t.in(sample), y);
    return t.found(y, each(2 * n, i -> x[i % n] + 0.5 * normal(7, sample[i / n], i % n)));
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
}
