package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class MaskTest {
  /** top, left, bottom, right of each window; some reach outside, one is empty. */
  private static int[] windows(int count, int h, int w) {
    var random = new Random(count);
    int[] k = new int[4 * count];
    for (int j = 0; j < count; j++) {
      k[4 * j] = random.nextInt(h + 2) - 2;
      k[4 * j + 1] = random.nextInt(w + 2) - 2;
      k[4 * j + 2] = k[4 * j] + (j == 0 ? 0 : 1 + random.nextInt(h));
      k[4 * j + 3] = k[4 * j + 1] + 1 + random.nextInt(w);
    }
    return k;
  }

  private static boolean covers(int[] k, int j, int y, int x) {
    return y >= k[4 * j] && y < k[4 * j + 2] && x >= k[4 * j + 1] && x < k[4 * j + 3];
  }

  @Test
  void blendGoesFromFillToImage() {
    int rows = 3;
    int n = 1203;
    for (boolean named : new boolean[] {false, true}) {
      int features = named ? 7 : 401;
      float[] x = numbers(1, n);
      float[] fill = numbers(2, n);
      float[] weight = numbers(3, rows * features);
      weight[0] = 1;
      weight[1] = 0;
      int[] feature = new int[n];
      double[] wanted = new double[rows * n];
      for (int i = 0; i < n; i++) {
        feature[i] = named ? (i * 5 + i / 3) % features : i % features;
      }
      for (int i = 0; i < wanted.length; i++) {
        double w = weight[i / n * features + feature[i % n]];
        wanted[i] = fill[i % n] + w * ((double) x[i % n] - fill[i % n]);
      }
      agree(
          "blend",
          Rig.run(
              "blend",
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                MemorySegment of = named ? rig.in(feature) : MemorySegment.NULL;
                rig.kernels()
                    .mask()
                    .blend(rows, n, features, rig.in(weight), of, rig.in(x), rig.in(fill), y);
                return rig.floats(y);
              }),
          wanted);
    }
  }

  @Test
  void gridMasksAreEnlargedAndCutOut() {
    for (int[] s : new int[][] {{3, 4, 9, 7}, {2, 1, 3, 3}, {2, 7, 33, 224}}) {
      int cells = s[1];
      int h = s[2];
      int w = s[3];
      int per = cells * cells + 2;
      float[] u = new float[s[0] * per];
      var random = new Random(4);
      for (int i = 0; i < u.length; i++) {
        u[i] = random.nextFloat();
      }
      double[] wanted = new double[s[0] * h * w];
      int tall = Math.ceilDiv(h, cells);
      int wide = Math.ceilDiv(w, cells);
      for (int i = 0; i < wanted.length; i++) {
        int row = i / (h * w) * per;
        int down = i / w % h + (int) (u[row + cells * cells] * tall);
        int across = i % w + (int) (u[row + cells * cells + 1] * wide);
        double y = (down + .5) * cells / ((cells + 1) * tall) - .5;
        double x = (across + .5) * cells / ((cells + 1) * wide) - .5;
        for (int a = 0; a < cells; a++) {
          for (int b = 0; b < cells; b++) {
            double near = near(y, a, cells) * near(x, b, cells);
            wanted[i] += u[row + a * cells + b] < .4f ? near : 0;
          }
        }
      }
      agree(
          "grid_mask",
          Rig.run(
              "grid_mask",
              rig -> {
                MemorySegment mask = rig.out(wanted.length);
                rig.kernels().mask().gridMask(s[0], cells, h, w, .4f, rig.in(u), mask);
                return rig.floats(mask);
              }),
          wanted);
    }
  }

  /** The tent around cell a, the outer cells reaching on. */
  private static double near(double at, int a, int cells) {
    double inside = Math.clamp(at, 0, cells - 1);
    return Math.max(0, 1 - Math.abs(inside - a));
  }

  /** Odd sizes: cells reach beyond the edge. Forward by its formula, backward by differences. */
  @Test
  void smoothMaximaAndTheirGradients() {
    int h = 11;
    int w = 17;
    int step = 3;
    int radius = 2;
    float sigma = 4;
    float sharp = 5;
    int across = Math.ceilDiv(w, step);
    int cells = Math.ceilDiv(h, step) * across;
    int span = (2 * radius + 1) * step;
    float[] reach = new float[span * span];
    for (int i = 0; i < reach.length; i++) {
      double off = radius * step + (step - 1) / 2.0;
      double d = Math.hypot(i / span - off, i % span - off) / sigma - .5;
      reach[i] = (float) Math.exp(-2 * Math.pow(Math.max(d, 0), 2));
    }
    float[] p = numbers(5, cells);
    p[3] = 0;
    float[] dy = numbers(6, h * w);
    double[] y = new double[h * w];
    double[] dp = new double[cells];
    double[] start = new double[cells];
    for (int i = 0; i < cells; i++) {
      start[i] = p[i];
    }
    for (int i = 0; i < y.length; i++) {
      y[i] = smooth(start, i / w, i % w, step, across, radius, sigma, sharp);
    }
    for (int c = 0; c < cells; c++) {
      for (int i = 0; i < y.length; i++) {
        double[] up = start.clone();
        double[] down = start.clone();
        up[c] += 1e-5;
        down[c] -= 1e-5;
        double rise = smooth(up, i / w, i % w, step, across, radius, sigma, sharp);
        double fall = smooth(down, i / w, i % w, step, across, radius, sigma, sharp);
        dp[c] += dy[i] * (rise - fall) / 2e-5;
      }
    }
    agree(
        "smooth_max",
        Rig.run(
            "smooth_max",
            rig -> {
              MemorySegment to = rig.out(h * w);
              MemorySegment total = rig.out(h * w);
              rig.kernels()
                  .mask()
                  .smoothMax(h, w, step, radius, sharp, rig.in(reach), rig.in(p), to, total);
              return rig.floats(to);
            }),
        y);
    agree(
        "smooth_max_backward",
        Rig.run(
            "smooth_max_backward",
            rig -> {
              MemorySegment in = rig.in(p);
              MemorySegment to = rig.out(h * w);
              MemorySegment total = rig.out(h * w);
              MemorySegment back = rig.out(cells);
              var mask = rig.kernels().mask();
              MemorySegment near = rig.in(reach);
              mask.smoothMax(h, w, step, radius, sharp, near, in, to, total);
              mask.smoothMaxBackward(
                  h, w, step, radius, sharp, near, in, to, total, rig.in(dy), back);
              return rig.floats(back);
            }),
        dp);
  }

  private static double smooth(
      double[] p,
      int row,
      int column,
      int step,
      int across,
      int radius,
      double sigma,
      double sharp) {
    double sum = 0;
    double weighted = 0;
    for (int c = 0; c < p.length; c++) {
      int i = c / across;
      int j = c % across;
      if (Math.abs(i - row / step) <= radius && Math.abs(j - column / step) <= radius) {
        double d =
            Math.hypot((i + .5) * step - .5 - row, (j + .5) * step - .5 - column) / sigma - .5;
        double v = p[c] * Math.exp(-2 * Math.pow(Math.max(d, 0), 2));
        sum += Math.exp(sharp * v);
        weighted += v * Math.exp(sharp * v);
      }
    }
    return weighted / sum;
  }

  @Test
  void occludeFillsTheWindowInEveryChannel() {
    for (int[] s : new int[][] {{1, 1, 1, 1}, {3, 3, 7, 5}, {7, 1, 3, 33}, {5, 3, 67, 601}}) {
      int h = s[2];
      int w = s[3];
      int image = s[1] * h * w;
      int[] k = windows(s[0], h, w);
      float[] x = numbers(1, image);
      float[] fill = numbers(2, image);
      double[] wanted = new double[s[0] * image];
      for (int i = 0; i < wanted.length; i++) {
        boolean inside = covers(k, i / image, i / w % h, i % w);
        wanted[i] = (inside ? fill : x)[i % image];
      }
      String what = "occlude " + Arrays.toString(s);
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                rig.kernels()
                    .mask()
                    .occlude(s[0], s[1], h, w, rig.in(x), rig.in(fill), rig.in(k), y);
                return rig.floats(y);
              }),
          wanted,
          0);
    }
  }

  @Test
  void theMapIsTheSumOrMeanOfTheScoresThatCoverAPixel() {
    for (int[] s : new int[][] {{0, 3, 3}, {1, 1, 1}, {7, 5, 7}, {33, 33, 7}, {60, 40, 601}}) {
      int h = s[1];
      int w = s[2];
      int[] k = windows(s[0], h, w);
      double[] score = Rig.doubles(numbers(3, s[0]));
      for (boolean average : new boolean[] {false, true}) {
        double[] wanted = new double[h * w];
        for (int i = 0; i < wanted.length; i++) {
          int count = 0;
          for (int j = 0; j < s[0]; j++) {
            if (covers(k, j, i / w, i % w)) {
              wanted[i] += score[j];
              count++;
            }
          }
          wanted[i] /= average && count > 0 ? count : 1;
        }
        Rig.run(
            "occlusion_map",
            rig -> {
              MemorySegment map = rig.outDoubles(h * w);
              rig.kernels().mask().occlusionMap(s[0], h, w, rig.in(k), rig.in(score), average, map);
              assertThat(rig.readDoubles(map))
                  .as("%d windows on [%d,%d]", s[0], h, w)
                  .isEqualTo(wanted);
              return new float[0];
            });
      }
    }
  }

  @Test
  void oneFeatureIsReplacedInEachRow() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      float[] x = numbers(1, n);
      float[] fill = numbers(2, n);
      int[] feature = new Random(3).ints(n, 0, 4).toArray();
      int[] off = {2, -1, 0};
      double[] wanted = new double[3 * n];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = (feature[i % n] == off[i / n] ? fill : x)[i % n];
      }
      agree(
          "select_features [3," + n + "]",
          Rig.run(
              "select_features",
              rig -> {
                MemorySegment y = rig.out(3 * n);
                rig.kernels()
                    .mask()
                    .selectFeatures(3, n, rig.in(x), rig.in(fill), rig.in(feature), rig.in(off), y);
                return rig.floats(y);
              }),
          wanted,
          0);
    }
  }

  @Test
  void whatIsNotVisibleIsFilled() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      float[] x = numbers(1, n);
      float[] fill = numbers(2, n);
      int features = 5;
      int[] feature = new Random(3).ints(n, 0, features).toArray();
      byte[] on = new byte[3 * features];
      new Random(n).ints(3, 0, on.length).forEach(i -> on[i] = 1);
      double[] wanted = new double[3 * n];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = (on[i / n * features + feature[i % n]] != 0 ? x : fill)[i % n];
      }
      agree(
          "select_visible [3," + n + "]",
          Rig.run(
              "select_visible",
              rig -> {
                MemorySegment y = rig.out(3 * n);
                MemorySegment seen = rig.in(on);
                rig.kernels()
                    .mask()
                    .selectVisible(
                        3, n, features, rig.in(x), rig.in(fill), rig.in(feature), seen, y);
                return rig.floats(y);
              }),
          wanted,
          0);
    }
  }

  @Test
  void theFirstOfTheOrderAreFilled() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      float[] x = numbers(1, n);
      float[] fill = numbers(2, n);
      int[] rank = new int[n];
      for (int i = 0; i < n; i++) {
        rank[i] = (int) (i * 7L % n);
      }
      int[] count = {0, n / 2, n};
      double[] wanted = new double[3 * n];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = (rank[i % n] < count[i / n] ? fill : x)[i % n];
      }
      agree(
          "select_ranked [3," + n + "]",
          Rig.run(
              "select_ranked",
              rig -> {
                MemorySegment y = rig.out(3 * n);
                rig.kernels()
                    .mask()
                    .selectRanked(3, n, rig.in(x), rig.in(fill), rig.in(rank), rig.in(count), y);
                return rig.floats(y);
              }),
          wanted,
          0);
    }
  }
}
