package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Rows;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("kernel")
class ReduceTest {
  private static final int[][] SMALL = {{1, 1, 1}, {3, 7, 1}, {1, 33, 1}, {2, 3, 5}, {1, 7, 33}};
  private static final int[][] LARGE = {{3, 20011, 1}, {7, 49, 1031}, {701, 33, 1}, {2, 5003, 3}};

  private static float[] forward(Reduction kind, int outer, int n, int inner, float[] x) {
    return Rig.run(
        kind + " [" + outer + "," + n + "," + inner + "]",
        rig -> {
          MemorySegment y = rig.out(outer * inner);
          rig.kernels().reduce().reduceForward(kind, outer, n, inner, rig.in(x), y);
          return rig.floats(y);
        });
  }

  @ParameterizedTest
  @EnumSource
  void theReductionIsTheReference(Reduction kind) {
    for (int[][] sizes : new int[][][] {SMALL, LARGE}) {
      for (int[] s : sizes) {
        float[] x = numbers(s[1], s[0] * s[1] * s[2]);
        if (kind == Reduction.PROD) {
          for (int i = 0; i < x.length; i++) {
            x[i] = Math.signum(x[i]) * (1 + x[i] * x[i] / s[1]);
          }
        }
        // Sums of up to 20,000 terms of size 1 that cancel.
        agree(
            kind + " " + Arrays.toString(s),
            forward(kind, s[0], s[1], s[2], x),
            Rows.reduce(kind, s[0], s[1], s[2], doubles(x)),
            1e-4);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theGradientIsTheSlopeOfTheReference(Reduction kind) {
    for (int[] s : SMALL) {
      float[] x = numbers(s[1], s[0] * s[1] * s[2]);
      float[] y = new float[s[0] * s[2]];
      double[] exact = Rows.reduce(kind, s[0], s[1], s[2], doubles(x));
      for (int i = 0; i < y.length; i++) {
        y[i] = (float) exact[i];
      }
      Rig.gradient(
          kind + " " + Arrays.toString(s),
          doubles(x),
          numbers(4, y.length),
          v -> Rows.reduce(kind, s[0], s[1], s[2], v),
          (rig, add, dy, dx) ->
              rig.kernels()
                  .reduce()
                  .reduceBackward(kind, add, s[0], s[1], s[2], rig.in(x), rig.in(y), dy, dx));
    }
  }

  @ParameterizedTest
  @EnumSource
  void nothingGivesTheNeutralElement(Reduction kind) {
    double neutral =
        switch (kind) {
          case SUM -> 0;
          case MEAN -> Double.NaN;
          case MAX -> Double.NEGATIVE_INFINITY;
          case MIN -> Double.POSITIVE_INFINITY;
          case PROD -> 1;
        };
    for (int inner : new int[] {1, 3}) {
      double[] wanted = new double[2 * inner];
      Arrays.fill(wanted, neutral);
      agree(kind + " of nothing", forward(kind, 2, 0, inner, new float[0]), wanted, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void nanReachesTheResult(Reduction kind) {
    float[] x = {1, Float.NaN, 3};
    agree(kind + " of NaN", forward(kind, 1, 3, 1, x), new double[] {Double.NaN});
  }

  @Test
  void theProductOfAZeroPassesItsGradientToTheZero() {
    float[] x = {2, 0, 5};
    agree(
        "PROD [1,3,1] with a zero",
        Rig.run(
            "PROD",
            rig -> {
              MemorySegment dx = rig.out(3);
              rig.kernels()
                  .reduce()
                  .reduceBackward(
                      Reduction.PROD, false, 1, 3, 1, rig.in(x), rig.in(0f), rig.in(3f), dx);
              return rig.floats(dx);
            }),
        new double[] {0, 30, 0});
  }

  @Test
  void theFirstOfEqualExtremesTakesTheGradient() {
    float[] x = {1, 4, 4, 0};
    agree(
        "MAX [1,4,1] tie",
        Rig.run(
            "MAX",
            rig -> {
              MemorySegment dx = rig.out(4);
              rig.kernels()
                  .reduce()
                  .reduceBackward(
                      Reduction.MAX, false, 1, 4, 1, rig.in(x), rig.in(4f), rig.in(3f), dx);
              return rig.floats(dx);
            }),
        new double[] {0, 3, 0, 0});
  }

  /** The kinds of reduceChannels in the header's order. */
  private static final List<DoubleUnaryOperator> OF_CHANNEL =
      List.of(v -> v, Math::abs, Math::abs, v -> v);

  @Test
  void channelsBecomeOneWithTheBitsOfSumsInDoubles() {
    for (int kind = 0; kind < 4; kind++) {
      for (int[] s : new int[][] {{1, 1}, {3, 1}, {3, 1031}, {7, 33}, {64, 513}}) {
        int n = s[1];
        float[] x = numbers(s[0], s[0] * n);
        x[n - 1] = -0.0f;
        float[] wanted = new float[n];
        for (int i = 0; i < n; i++) {
          double all = 0;
          for (int k = 0; k < s[0]; k++) {
            double v = OF_CHANNEL.get(kind).applyAsDouble(x[k * n + i]);
            all = kind == 2 ? Math.max(all, v) : all + v;
          }
          wanted[i] = (float) (kind == 3 ? all / s[0] : all);
        }
        int code = kind;
        String name = "channels " + kind + " " + Arrays.toString(s);
        assertThat(Rig.run(name, rig -> channels(rig, code, s[0], x))).as(name).isEqualTo(wanted);
      }
    }
  }

  @Test
  void aChannelThatIsNoNumberMakesNoNumber() {
    float[] x = {Float.NaN, 2, 1, Float.NaN, 3, Float.NEGATIVE_INFINITY};
    float inf = Float.POSITIVE_INFINITY;
    float nan = Float.NaN;
    float[][] wanted = {{nan, nan, -inf}, {nan, nan, inf}, {nan, nan, inf}, {nan, nan, -inf}};
    for (int kind = 0; kind < 4; kind++) {
      int code = kind;
      float[] columns = {x[0], x[1], x[4], x[2], x[3], x[5]};
      assertThat(Rig.run("NaN", rig -> channels(rig, code, 2, columns)))
          .as("kind " + kind)
          .isEqualTo(wanted[kind]);
    }
  }

  private static float[] channels(Rig rig, int kind, int channels, float[] x) {
    MemorySegment y = rig.out(x.length / channels);
    rig.kernels().reduce().reduceChannels(kind, channels, x.length / channels, rig.in(x), y);
    return rig.floats(y);
  }

  @Test
  void theIndexIsThatOfTheFirstOrLastExtreme() {
    // Columns: a tie, a NaN, descending.
    float[] x = {5, 1, 3, 2, Float.NaN, 2, 5, 9, 1};
    double[][] wanted = {{0, 1, 0}, {2, 1, 0}, {1, 1, 2}, {1, 1, 2}};
    int at = 0;
    for (Reduction kind : new Reduction[] {Reduction.MAX, Reduction.MIN}) {
      for (boolean last : new boolean[] {false, true}) {
        agree(
            "arg " + kind + (last ? ", last" : ", first"),
            Rig.run(
                "arg",
                rig -> {
                  MemorySegment y = rig.out(3);
                  rig.kernels().reduce().argReduce(kind, last, 1, 3, 3, rig.in(x), y);
                  return rig.floats(y);
                }),
            wanted[at++],
            0);
      }
    }
  }

  /** NaN is the largest, zeros are equal, and of equal ones the first comes first. */
  @Test
  void theTopIsInOrder() {
    float inf = Float.POSITIVE_INFINITY;
    float[] x = {0, Float.NaN, -0f, inf, 2, 2, -inf, -3};
    double[][] wanted = {{6, 7, 0, 2, 4, 5, 3, 1}, {1, 3, 4, 5, 0, 2, 7, 6}};
    for (int largest = 0; largest < 2; largest++) {
      for (int k : new int[] {1, 5, 8}) {
        agree("top " + k, top(largest == 1, 1, 8, 1, k, x), Arrays.copyOf(wanted[largest], k), 0);
      }
    }
    float[] many = numbers(3, 3 * 333 * 5);
    float[] got = top(true, 3, 333, 5, 40, many);
    for (int i = 0; i < got.length; i++) {
      int row = i / 5 / 40;
      int column = i % 5;
      int rank = i / 5 % 40;
      double sought =
          IntStream.range(0, 333)
              .mapToDouble(j -> many[(row * 333 + j) * 5 + column])
              .map(v -> -v)
              .sorted()
              .map(v -> -v)
              .toArray()[rank];
      assertThat(many[(row * 333 + (int) got[i]) * 5 + column]).isEqualTo((float) sought);
    }
  }

  private static float[] top(boolean largest, int outer, int n, int inner, int k, float[] x) {
    return Rig.run(
        "top",
        rig -> {
          MemorySegment y = rig.out(outer * k * inner);
          rig.kernels().reduce().top(largest, outer, n, inner, k, rig.in(x), y);
          return rig.floats(y);
        });
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(
                  () -> rig.kernels().reduce().argReduce(Reduction.SUM, false, 1, 4, 1, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("arg_reduce: kind must be in 2..3, is 0");
          assertThatThrownBy(
                  () -> rig.kernels().reduce().argReduce(Reduction.MAX, false, 1, 0, 1, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("arg_reduce: n must be in 1..");
          assertThatThrownBy(() -> rig.kernels().reduce().top(true, 1, 4, 1, 5, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("top: k must be in 0..4, is 5");
          assertThatThrownBy(
                  () -> rig.kernels().reduce().reduceForward(Reduction.SUM, 1, -4, 1, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("is -4");
          return new float[0];
        });
  }
}
