package candela.device;

import static candela.device.Trial.each;
import static candela.device.Trial.numbers;

import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.device.Trial.Found;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;

/** Kernels that work on images and matrices, against plain loops. */
final class PlainImages {
  private static final int PIXELS = 7 * 9;

  private PlainImages() {}

  /** 3 × 3, stride 2, one pixel of padding, on 2 images of 7 × 9 with 5 channels. */
  static Found pool(Trial t, boolean max) {
    int c = 5;
    float[] x = numbers(1, 2 * PIXELS * c);
    int[] window = {3, 3, 2, 2, 1, 1, 1, 1, 4, 5};
    int n = 2 * 4 * 5 * c;
    MemorySegment y = t.out(n);
    if (max) {
      t.device
          .kernels()
          .pool()
          .maxPoolForward(Storage.FLOAT32, 2, 7, 9, c, window, t.in(x), y, MemorySegment.NULL, 1);
    } else {
      t.device
          .kernels()
          .pool()
          .averagePoolForward(Storage.FLOAT32, 2, 7, 9, c, window, 1, 1, false, 1, t.in(x), y);
    }
    return t.found(
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
  static Found copy(Trial t) {
    float[] x = numbers(1, 105);
    MemorySegment y = t.out(105);
    int[] to = {7, 1, 21};
    t.device
        .kernels()
        .move()
        .copyStrided(false, 3, new int[] {3, 7, 5}, new int[] {35, 5, 1}, to, t.in(x), y);
    return t.found(y, each(105, i -> x[i / 7 % 3 * 35 + i % 7 * 5 + i / 21]));
  }

  /** Rows of 7 pixels to 10, each a mixture of two. */
  static Found resample(Trial t) {
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
    MemorySegment y = t.out(150);
    t.device
        .kernels()
        .resample()
        .resample(false, 3, 7, 10, 5, t.in(first), t.in(index), t.in(weight), t.in(x), y);
    return t.found(
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

  static Found blur(Trial t) {
    float[] x = numbers(1, 2 * PIXELS);
    float[] weight = {0.25f, 0.5f, 1, 0.5f, 0.25f};
    MemorySegment y = t.out(2 * PIXELS);
    t.device.kernels().blur().blur(2, 7, 9, 2, t.in(weight), t.in(x), t.out(2 * PIXELS), y);
    return t.found(
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

  static Found occlude(Trial t) {
    float[] x = numbers(1, 3 * PIXELS);
    float[] fill = numbers(2, 3 * PIXELS);
    int[] window = {1, 2, 4, 9, 0, 0, 7, 1};
    MemorySegment y = t.out(2 * 3 * PIXELS);
    t.device.kernels().mask().occlude(2, 3, 7, 9, t.in(x), t.in(fill), t.in(window), y);
    return t.found(
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

  /** 3 × 3 over 5 channels, one pixel of padding, ReLU. */
  static Found convolution(Trial t) {
    int c = 5;
    int oc = 6;
    float[] x = numbers(1, 2 * PIXELS * c);
    float[] w = numbers(2, oc * c * 9);
    float[] bias = numbers(3, oc);
    Convolution shape = new Convolution(7, 9, c, oc, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, false, 0, 0);
    MemorySegment y = t.out(2 * PIXELS * oc);
    try (var plan =
        t.device.dense().convolution(shape, t.in(w), t.in(bias), Activation.RELU, false)) {
      plan.forward(2, t.in(x), MemorySegment.NULL, y, MemorySegment.NULL);
      return t.found(
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

  static Found product(Trial t) {
    int k = 45;
    int n = 33;
    float[] x = numbers(1, 7 * k);
    float[] w = numbers(2, k * n);
    float[] bias = numbers(3, n);
    MemorySegment y = t.out(7 * n);
    try (var plan = t.device.dense().matrix(k, n, false, t.in(w), t.in(bias), Activation.NONE)) {
      plan.forward(7, t.in(x), y, MemorySegment.NULL);
      return t.found(
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
