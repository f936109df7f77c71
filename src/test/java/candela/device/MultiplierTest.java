package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tensors [pairs,2,…]; every kernel against its definition, sum by sum, in doubles. */
@Tag("kernel")
class MultiplierTest {
  private static final int PAIRS = 3;
  private static final int ROWS = 5;

  private static void check(String what, Function<Rig, MemorySegment> kernel, double[] wanted) {
    agree(what, Rig.run(what, rig -> rig.floats(kernel.apply(rig))), wanted);
  }

  private static MemorySegment result(Rig rig, boolean add, float[] before) {
    return add ? rig.in(before) : rig.out(before.length);
  }

  /** Rows of 7; some of an image's elements are the reference's. */
  @Test
  void softmaxIsThatOfItsLogarithm() {
    int n = 7;
    float[] x = numbers(1, PAIRS * 2 * ROWS * n);
    softmax(x, n);
    for (int i = 0; i < x.length; i++) {
      x[i] *= 300;
    }
    softmax(x, n);
    // what a mask takes away in both, or in one
    for (int r = 0; r < PAIRS * 2 * ROWS; r++) {
      x[r * n + 2] = Float.NEGATIVE_INFINITY;
    }
    x[4] = Float.NEGATIVE_INFINITY;
    softmax(x, n);
    // more than the CPU computes at once
    softmax(numbers(4, PAIRS * 2 * ROWS * 600), 600);
  }

  private static void softmax(float[] x, int n) {
    int rows = ROWS;
    float[] m = numbers(2, x.length);
    float[] before = numbers(3, x.length);
    for (int i = 0; i < rows * n; i += 3) {
      x[rows * n + i] = x[i];
    }
    for (boolean log : new boolean[] {false, true}) {
      for (boolean add : new boolean[] {false, true}) {
        double[] wanted = new double[x.length];
        for (int p = 0; p < PAIRS; p++) {
          for (int r = 0; r < rows; r++) {
            int image = (p * 2 * rows + r) * n;
            int reference = image + rows * n;
            double s = sumOfExponentials(x, image, n);
            double t = sumOfExponentials(x, reference, n);
            double all = 0;
            double[] own = new double[n];
            for (int i = 0; i < n; i++) {
              double l = x[image + i] - Math.log(s);
              double k = x[reference + i] - Math.log(t);
              own[i] = m[image + i] * (log ? 1 : slope(l, k));
              all += own[i];
            }
            for (int i = 0; i < n; i++) {
              double part = slope(x[image + i], x[reference + i]) / slope(Math.log(s), Math.log(t));
              double v = own[i] - all * part;
              wanted[image + i] = v + (add ? before[image + i] : 0);
              wanted[reference + i] = v + (add ? before[reference + i] : 0);
            }
          }
        }
        check(
            "softmax_multiplier",
            rig -> {
              MemorySegment dx = result(rig, add, before);
              rig.kernels()
                  .multiplier()
                  .softmaxMultiplier(log, add, PAIRS, rows, n, rig.in(x), rig.in(m), dx);
              return dx;
            },
            wanted);
      }
    }
  }

  private static double sumOfExponentials(float[] x, int from, int n) {
    double s = 0;
    for (int i = from; i < from + n; i++) {
      s += Math.exp(x[i]);
    }
    return s;
  }

  /** Of exp. */
  private static double slope(double a, double b) {
    return a == b ? Math.exp(a) : (Math.exp(a) - Math.exp(b)) / (a - b);
  }

  /**
   * Groups of 2 channels over 9 pixels, 2 images a pair's row; rows of 33 alone; as many groups as
   * pixels, and so on.
   */
  @Test
  void normalisationIsThatOfMeanAndDeviation() {
    norm(2, 3, 2, 18);
    norm(5, 1, 33, 33);
    norm(1, 4, 1, 7);
    norm(2, 3, 1, 3);
    norm(2, 1, 4, 12);
    norm(1, 1, 600, 600);
  }

  @Test
  void aGroupThatEndsWithinItsWidthIsRefused() {
    Rig.run(
        "norm_multiplier",
        rig -> {
          MemorySegment x = rig.in(numbers(1, 40));
          Multiplier multiplier = rig.kernels().multiplier();
          assertThatThrownBy(
                  () ->
                      multiplier.normMultiplier(
                          false, 1, 2, 2, 2, 5, 1e-3f, x, MemorySegment.NULL, x, rig.out(40)))
              .isInstanceOf(CandelaException.class)
              .hasMessage("norm_multiplier: n = 5 is no multiple of the width of 2");
          return new float[0];
        });
  }

  private static void norm(int blocks, int groups, int width, int n) {
    int size = groups * n;
    float[] x = numbers(4, PAIRS * 2 * blocks * size);
    float[] m = numbers(5, x.length);
    float[] scale = numbers(6, groups * width);
    float[] before = numbers(7, x.length);
    float epsilon = 1e-3f;
    double[] wanted = new double[x.length];
    for (int p = 0; p < PAIRS; p++) {
      for (int b = 0; b < blocks; b++) {
        for (int g = 0; g < groups; g++) {
          int[] at = new int[n];
          double[] given = new double[n];
          for (int i = 0; i < n; i++) {
            int inside = i / width * groups * width + g * width + i % width;
            at[i] = (p * 2 * blocks + b) * size + inside;
            given[i] = (double) m[at[i]] * scale[inside % (groups * width)];
          }
          double[] v = multipliers(x, at, blocks * size, given, epsilon);
          for (int i = 0; i < n; i++) {
            wanted[at[i]] = v[i] + before[at[i]];
            wanted[at[i] + blocks * size] = v[i] + before[at[i] + blocks * size];
          }
        }
      }
    }
    check(
        "norm_multiplier",
        rig -> {
          MemorySegment dx = rig.in(before);
          rig.kernels()
              .multiplier()
              .normMultiplier(
                  true,
                  PAIRS,
                  blocks,
                  groups,
                  width,
                  n,
                  epsilon,
                  rig.in(x),
                  rig.in(scale),
                  rig.in(m),
                  dx);
          return dx;
        },
        wanted);
  }

  /** The chain rule for multipliers, function by function. */
  private static double[] multipliers(
      float[] x, int[] at, int apart, double[] given, double epsilon) {
    int n = at.length;
    double[][] d = new double[2][n];
    double[] variance = new double[2];
    for (int k = 0; k < 2; k++) {
      double mean = 0;
      for (int i : at) {
        mean += x[i + k * apart] / (double) n;
      }
      for (int i = 0; i < n; i++) {
        d[k][i] = x[at[i] + k * apart] - mean;
        variance[k] += d[k][i] * d[k][i] / n;
      }
    }
    double one = Math.sqrt(variance[0] + epsilon);
    double other = Math.sqrt(variance[1] + epsilon);
    // s of the variance, its square, and y s of both
    double slope = (one - other) / (variance[0] - variance[1]);
    double factor = 0;
    for (int i = 0; i < n; i++) {
      factor += given[i] * (d[0][i] / one + d[1][i] / other) / 2;
    }
    double[] v = new double[n];
    double mean = 0;
    for (int i = 0; i < n; i++) {
      double square = d[0][i] + d[1][i];
      v[i] = (given[i] - factor * slope * square / n) / ((one + other) / 2);
      mean += v[i] / n;
    }
    for (int i = 0; i < n; i++) {
      v[i] -= mean;
    }
    return v;
  }

  /** The dividend is the quotient times the divisor; signs differ in every third pair. */
  @Test
  void aDivisorIsThatOfAProductWithTheQuotient() {
    int n = 701;
    float[] x = numbers(8, PAIRS * 2 * n);
    for (int i = 0; i < x.length; i++) {
      x[i] = (Math.abs(x[i]) + .5f) * (i / n % 2 == 0 && i % 3 == 0 ? -4 : 1);
    }
    float[] a = numbers(9, x.length);
    float[] g = new float[x.length];
    double[] divisor = new double[x.length];
    double[] wanted = new double[x.length];
    for (int p = 0; p < PAIRS; p++) {
      for (int i = 0; i < n; i++) {
        int image = p * 2 * n + i;
        int reference = image + n;
        double b = x[image];
        double c = x[reference];
        g[image] = -a[image] / (x[image] * x[image]);
        g[reference] = -a[reference] / (x[reference] * x[reference]);
        double quotient = (a[image] / b + a[reference] / c) / 2;
        double mean = ((double) a[image] + a[reference]) / 2;
        divisor[image] = b < 0 ? 2 / (1 / b + 1 / c) : (b + c) / 2;
        divisor[reference] = divisor[image];
        wanted[image] = b < 0 ? -mean / (b * c) : -quotient / divisor[image];
        wanted[reference] = wanted[image];
        // both parts together are the quotient's difference
        double apart =
            ((double) a[image] - a[reference]) / divisor[image] + (b - c) * wanted[image];
        assertThat(apart).isCloseTo(a[image] / b - a[reference] / c, within(1e-12));
      }
    }
    check(
        "divisor_between",
        rig -> {
          MemorySegment t = rig.out(x.length);
          rig.kernels().multiplier().divisorBetween(PAIRS, n, rig.in(x), t);
          return t;
        },
        divisor);
    check(
        "divisor_multiplier",
        rig -> {
          MemorySegment dx = rig.in(g);
          rig.kernels().multiplier().divisorMultiplier(false, PAIRS, n, rig.in(x), dx, dx);
          return dx;
        },
        wanted);
  }
}
