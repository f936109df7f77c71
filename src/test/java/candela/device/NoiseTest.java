package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class NoiseTest {
  private static float[] gaussian(int n, float[] x, float sigma, long seed, long... samples) {
    return Rig.run(
        "gaussian_noise",
        rig -> {
          MemorySegment y = rig.out(samples.length * n);
          rig.kernels()
              .noise()
              .gaussianNoise(samples.length, n, rig.in(x), sigma, seed, rig.in(samples), y);
          return rig.floats(y);
        });
  }

  private static float[] uniform(int n, float lo, float hi, long seed, long... samples) {
    return Rig.run(
        "uniform_noise",
        rig -> {
          MemorySegment y = rig.out(samples.length * n);
          rig.kernels().noise().uniformNoise(samples.length, n, lo, hi, seed, rig.in(samples), y);
          return rig.floats(y);
        });
  }

  private static double moment(float[] x, int order) {
    double sum = 0;
    for (float v : x) {
      sum += Math.pow(v, order);
    }
    return sum / x.length;
  }

  @Test
  void wordsAreThoseOfThePaper() {
    // Random123's known answer: key 0, counter 0 gives 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    long[] words = {0x6627e8d5L, 0xe169c58dL, 0xbc57ac4cL, 0x9b00dbd8L};
    double[] wanted = new double[4];
    for (int i = 0; i < 4; i++) {
      wanted[i] = ((words[i] >> 8) + 0.5) / (1 << 24);
    }
    agree("uniform_noise [1,4]", uniform(4, 0, 1, 0, 0), wanted, 1e-7);
    double[] normal = new double[4];
    for (int i = 0; i < 4; i += 2) {
      double radius = Math.sqrt(-2 * Math.log(wanted[i]));
      normal[i] = radius * Math.cos(2 * Math.PI * wanted[i + 1]);
      normal[i + 1] = radius * Math.sin(2 * Math.PI * wanted[i + 1]);
    }
    agree("gaussian_noise [1,4]", gaussian(4, new float[4], 1, 0, 0), normal, 1e-5);
  }

  /** Box and Muller in doubles, of the same uniforms. */
  @Test
  void gaussianNoiseIsTheNormalOfItsUniforms() {
    int n = 100_003;
    double[] wanted = new double[n];
    int[] words = new int[4];
    for (int i = 0; i < n; i++) {
      Philox.fill(-5, 1L << 33, i / 4, words);
      int pair = i % 4 / 2 * 2;
      double radius = Math.sqrt(-2 * Math.log(uniform(words[pair])));
      double angle = 2 * Math.PI * uniform(words[pair + 1]);
      wanted[i] = radius * (i % 2 == 0 ? Math.cos(angle) : Math.sin(angle));
    }
    double tolerance = TestDevice.isCpu() ? 2e-6 : 1e-5;
    agree("gaussian_noise", gaussian(n, new float[n], 1, -5, 1L << 33), wanted, tolerance);
  }

  private static double uniform(int word) {
    return ((word >>> 8) + 0.5f) * 0x1p-24f;
  }

  @Test
  void gaussianNoiseHasTheMomentsOfANormal() {
    int n = 200_000;
    float[] z = gaussian(n, new float[n], 1, 7, 3);
    // Six standard errors: sqrt(1, 2, 15, 96) / sqrt(n).
    double e = 6 / Math.sqrt(n);
    assertThat(moment(z, 1)).isCloseTo(0, within(e));
    assertThat(moment(z, 2)).isCloseTo(1, within(e * Math.sqrt(2)));
    assertThat(moment(z, 3)).isCloseTo(0, within(e * Math.sqrt(15)));
    assertThat(moment(z, 4)).isCloseTo(3, within(e * Math.sqrt(96)));
  }

  @Test
  void uniformNoiseFillsItsRange() {
    int n = 200_000;
    float[] u = uniform(n, -1, 3, 7, 3);
    for (float v : u) {
      assertThat(v).isBetween(-1f, 3f);
    }
    // Six standard errors of mean 1 and variance 4/3.
    assertThat(moment(u, 1)).isCloseTo(1, within(6 * Math.sqrt(4 / 3.0 / n)));
    assertThat(moment(u, 2)).isCloseTo(1 + 4 / 3.0, within(0.05));
  }

  @Test
  void aSampleDependsOnItsNumberAndNotOnItsRow() {
    for (int n : new int[] {1, 3, 7, 33, 4099}) {
      float[] x = numbers(1, n);
      float[] alone = gaussian(n, x, 0.5f, 11, 5);
      float[] packed = gaussian(n, x, 0.5f, 11, 9, 5, 2);
      assertThat(Arrays.copyOfRange(packed, n, 2 * n)).as("n = %d", n).isEqualTo(alone);
      assertThat(gaussian(n, x, 0.5f, 12, 5)).isNotEqualTo(alone);
      assertThat(gaussian(n, x, 0.5f, 11, 6)).isNotEqualTo(alone);
      float[] u = uniform(n, 0, 1, 11, 5);
      assertThat(Arrays.copyOfRange(uniform(n, 0, 1, 11, 9, 5), n, 2 * n)).isEqualTo(u);
    }
  }

  @Test
  void greatSeedsAndSamplesDiffer() {
    float[] x = new float[4];
    assertThat(gaussian(4, x, 1, 1L << 40, 0)).isNotEqualTo(gaussian(4, x, 1, 0, 0));
    assertThat(gaussian(4, x, 1, 0, 1L << 40)).isNotEqualTo(gaussian(4, x, 1, 0, 0));
  }

  @Test
  void interpolationGoesFromBaselineToInput() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      float[] x = numbers(1, n);
      float[] baseline = numbers(2, n);
      float[] alpha = {0, 0.25f, 1};
      double[] wanted = new double[3 * n];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = baseline[i % n] + alpha[i / n] * ((double) x[i % n] - baseline[i % n]);
      }
      agree(
          "interpolate [3," + n + "]",
          Rig.run(
              "interpolate",
              rig -> {
                MemorySegment y = rig.out(3 * n);
                rig.kernels()
                    .noise()
                    .interpolate(3, n, rig.in(baseline), rig.in(x), rig.in(alpha), y);
                return rig.floats(y);
              }),
          wanted);
    }
  }

  @Test
  void momentsAddRowByRowInDoubles() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      for (boolean weighted : new boolean[] {false, true}) {
        float[] g = numbers(1, 3 * n);
        float[] weight = {0.1f, 0.5f, 2};
        double[] sum = new double[n];
        double[] square = new double[n];
        Arrays.fill(sum, 0.3);
        Arrays.fill(square, 0.7);
        double[] wantedSum = sum.clone();
        double[] wantedSquare = square.clone();
        for (int r = 0; r < 3; r++) {
          for (int i = 0; i < n; i++) {
            double w = weighted ? weight[r] : 1;
            double v = g[r * n + i];
            wantedSum[i] += w * v;
            wantedSquare[i] += w * (v * v);
          }
        }
        Rig.run(
            "moments",
            rig -> {
              MemorySegment s = rig.in(sum);
              MemorySegment q = rig.in(square);
              MemorySegment w = weighted ? rig.in(weight) : MemorySegment.NULL;
              rig.kernels().noise().moments(2, n, w, rig.in(g), s, q);
              // The third row in a call of its own: sums do not depend on how rows are batched.
              rig.kernels()
                  .noise()
                  .moments(
                      1,
                      n,
                      weighted ? w.asSlice(8) : w,
                      rig.in(Arrays.copyOfRange(g, 2 * n, 3 * n)),
                      s,
                      q);
              assertThat(rig.readDoubles(s)).isEqualTo(wantedSum);
              assertThat(rig.readDoubles(q)).isEqualTo(wantedSquare);
              MemorySegment only = rig.in(sum);
              rig.kernels().noise().moments(3, n, w, rig.in(g), only, MemorySegment.NULL);
              assertThat(rig.readDoubles(only)).isEqualTo(wantedSum);
              return new float[0];
            });
      }
    }
  }

  @Test
  void meansHaveTheBitsOfDoublesRoundedOnce() {
    for (int n : new int[] {1, 3, 33, 9001}) {
      double[] sum = doubles(numbers(1, n));
      double[] square = doubles(numbers(2, n));
      double count = 7;
      square[0] = sum[0] * sum[0] / count * (1 - 1e-15); // a variance that is rounding alone
      for (int kind = 0; kind < 3; kind++) {
        float[] wanted = new float[n];
        for (int i = 0; i < n; i++) {
          double mean = sum[i] / count;
          double meanSquare = square[i] / count;
          wanted[i] =
              (float)
                  (kind == 0
                      ? mean
                      : kind == 1 ? meanSquare : Math.max(0, meanSquare - mean * mean));
        }
        int code = kind;
        float[] got =
            Rig.run(
                "mean",
                rig -> {
                  MemorySegment y = rig.out(n);
                  MemorySegment second = code == 0 ? MemorySegment.NULL : rig.in(square);
                  rig.kernels().noise().meanMoments(code, n, count, rig.in(sum), second, y);
                  return rig.floats(y);
                });
        assertThat(got).as("kind " + kind + ", n " + n).isEqualTo(wanted);
      }
    }
  }
}
