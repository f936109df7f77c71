package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.reference.Functions;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("kernel")
class ElementwiseTest {
  /** The last is long enough for two threads. */
  private static final int[] SIZES = {1, 3, 7, 33, 40003};

  /** Two parameter pairs of each kind that has any. */
  private static float[][] parameters(Unary kind) {
    return switch (kind) {
      case GELU -> new float[][] {{0, 0}, {1, 0}};
      case SWISH -> new float[][] {{1, 0}, {1.7f, 0}};
      case HARD_SIGMOID -> new float[][] {{0.2f, 0.5f}, {0.4f, 0.1f}};
      case ELU, THRESHOLDED_RELU -> new float[][] {{1, 0}, {0.7f, 0}};
      case CELU -> new float[][] {{1, 0}, {0.7f, 0}, {-0.8f, 0}};
      case LEAKY_RELU -> new float[][] {{0.01f, 0}, {0.3f, 0}};
      case SELU -> new float[][] {{1.67326f, 1.0507f}, {0.5f, 2}};
      case CLIP -> new float[][] {{-1, 1}, {0, 6}};
      case QUANTIZE -> new float[][] {{2, 0}, {0.3f, 0}, {0.0625f, 0.125f}};
      case SHRINK -> new float[][] {{0.5f, 0}, {0.7f, 0.7f}};
      case LINEAR -> new float[][] {{1, 0}, {-2.5f, 0.75f}};
      default -> new float[][] {{0, 0}};
    };
  }

  private static float[] inputs(Unary kind, int n) {
    float[] x = numbers(n, n);
    for (int i = 0; i < n; i++) {
      x[i] =
          switch (kind) {
            case LOG, SQRT -> Math.abs(2 * x[i]);
            case ASIN, ACOS, ATANH -> 0.45f * x[i];
            case TAN -> 0.6f * x[i];
            case ACOSH -> 1.2f + Math.abs(x[i]);
            default -> 2 * x[i];
          };
    }
    return x;
  }

  @ParameterizedTest
  @EnumSource
  void theFunctionIsTheReference(Unary kind) {
    for (float[] p : parameters(kind)) {
      for (int n : SIZES) {
        float[] x = inputs(kind, n);
        String what = kind + " [" + n + "]";
        double[] wanted = new double[n];
        for (int i = 0; i < n; i++) {
          wanted[i] = Functions.of(kind, p[0], p[1], x[i]);
        }
        agree(
            what,
            Rig.run(
                what,
                rig -> {
                  MemorySegment y = rig.out(n);
                  rig.kernels().elementwise().unaryForward(kind, p[0], p[1], n, rig.in(x), y);
                  return rig.floats(y);
                }),
            wanted);
        agree(
            what + " in place",
            Rig.run(
                what,
                rig -> {
                  MemorySegment y = rig.in(x);
                  rig.kernels().elementwise().unaryForward(kind, p[0], p[1], n, y, y);
                  return rig.floats(y);
                }),
            wanted);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theGradientIsTheSlopeOfTheReference(Unary kind) {
    for (float[] p : parameters(kind)) {
      int n = 33;
      float[] x = inputs(kind, n);
      float[] y = new float[n];
      for (int i = 0; i < n; i++) {
        y[i] = (float) Functions.of(kind, p[0], p[1], x[i]);
      }
      Rig.gradient(
          kind + " [33]",
          Rig.doubles(x),
          numbers(5, n),
          v -> {
            double[] out = new double[n];
            for (int i = 0; i < n; i++) {
              // steps that the slope passes
              out[i] = kind == Unary.QUANTIZE ? v[i] : Functions.of(kind, p[0], p[1], v[i]);
            }
            return out;
          },
          (rig, add, dy, dx) ->
              rig.kernels()
                  .elementwise()
                  .unaryBackward(
                      kind,
                      p[0],
                      p[1],
                      add,
                      n,
                      kind.readsX() ? rig.in(x) : MemorySegment.NULL,
                      kind.readsY() ? rig.in(y) : MemorySegment.NULL,
                      dy,
                      dx));
    }
  }

  @ParameterizedTest
  @EnumSource
  void infinityAndNanAreTheReference(Unary kind) {
    float[] x = {
      Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f, 1e38f, -1e38f
    };
    float[] p = parameters(kind)[0];
    double[] wanted = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      wanted[i] = (float) Functions.of(kind, p[0], p[1], x[i]);
    }
    float[] got =
        Rig.run(
            kind.name(),
            rig -> {
              MemorySegment y = rig.out(x.length);
              rig.kernels().elementwise().unaryForward(kind, p[0], p[1], x.length, rig.in(x), y);
              return rig.floats(y);
            });
    // Sine, cosine and tangent of 1e38 and the argument of tanh's approximation at 1e38 are beyond
    // float32.
    int n =
        switch (kind) {
          case SIN, COS, TAN, GELU -> 5;
          default -> x.length;
        };
    agree(kind + " [7]", Arrays.copyOf(got, n), Arrays.copyOf(wanted, n), 1e-5);
  }

  @ParameterizedTest
  @EnumSource(names = {"EXP", "TANH", "ERF"})
  void ourOwnFunctionsAreWithinTwoUnitsInTheLastPlace(Unary kind) {
    int n = 60_001;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (i - 30_000) / 10_000f;
    }
    float[] y =
        Rig.run(
            kind.name(),
            rig -> {
              MemorySegment out = rig.out(n);
              rig.kernels().elementwise().unaryForward(kind, 0, 0, n, rig.in(x), out);
              return rig.floats(out);
            });
    for (int i = 0; i < n; i++) {
      double wanted = Functions.of(kind, 0, 0, x[i]);
      assertThat(Math.abs(y[i] - wanted))
          .as("%s(%s) = %s, wanted %s", kind, x[i], y[i], wanted)
          .isLessThanOrEqualTo(2 * Math.ulp((float) wanted));
    }
  }

  /** Near 0 too, where most of them are x itself, and near the ends. */
  @ParameterizedTest
  @EnumSource(names = {"TAN", "ASIN", "ACOS", "ATAN", "SINH", "COSH", "ASINH", "ACOSH", "ATANH"})
  void trigonometryIsWithinFourUnitsInTheLastPlace(Unary kind) {
    int n = 20_001;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      float size = (float) Math.pow(10, (i % 4001 - 3800) / 200.0);
      float within = kind == Unary.ASIN || kind == Unary.ACOS || kind == Unary.ATANH ? 1 : 10;
      x[i] = (i % 2 == 0 ? 1 : -1) * (size < within ? size : within * i / n);
      x[i] = kind == Unary.ACOSH ? 1 + Math.abs(x[i]) : x[i];
    }
    float[] y =
        Rig.run(
            kind.name(),
            rig -> {
              MemorySegment out = rig.out(n);
              rig.kernels().elementwise().unaryForward(kind, 0, 0, n, rig.in(x), out);
              return rig.floats(out);
            });
    for (int i = 0; i < n; i++) {
      double wanted = Functions.of(kind, 0, 0, x[i]);
      assertThat(Math.abs(y[i] - wanted))
          .as("%s(%s) = %s, wanted %s", kind, x[i], y[i], wanted)
          .isLessThanOrEqualTo(4 * Math.ulp((float) wanted));
    }
  }

  @Test
  void halvesRoundToEven() {
    float[] x = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f};
    agree(
        "ROUND [5]",
        Rig.run(
            "ROUND",
            rig -> {
              MemorySegment y = rig.out(5);
              rig.kernels().elementwise().unaryForward(Unary.ROUND, 0, 0, 5, rig.in(x), y);
              return rig.floats(y);
            }),
        new double[] {0, 2, 2, 0, -2},
        0);
  }

  @Test
  void rectifyClampsAndKeepsOneBitForEachElementInside() {
    for (int n : new int[] {1, 3, 7, 8, 33, 4099, 20003}) {
      int rows = 3;
      float[] x = numbers(n, rows * n);
      x[0] = Float.NaN;
      int bytes = (n + 7) / 8;
      double[] wanted = new double[rows * n];
      byte[] bits = new byte[rows * bytes];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = Functions.clamp(x[i], -0.5, 1);
        if (x[i] > -0.5f && x[i] < 1) {
          bits[i / n * bytes + i % n / 8] |= (byte) (1 << (i % n % 8));
        }
      }
      String what = "rectify [3," + n + "]";
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.in(x);
                MemorySegment b = rig.bytes(bits.length);
                rig.kernels()
                    .elementwise()
                    .rectifyForward(Storage.FLOAT32, rows, n, -0.5f, 1, y, y, b);
                assertThat(rig.raw(b)).as(what).isEqualTo(bits);
                return rig.floats(y);
              }),
          wanted);
      agree(
          what + " without bits",
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(rows * n);
                rig.kernels()
                    .elementwise()
                    .rectifyForward(
                        Storage.FLOAT32, rows, n, -0.5f, 1, rig.in(x), y, MemorySegment.NULL);
                return rig.floats(y);
              }),
          wanted);
      rectifyBackward(what, rows, n, x, bits);
    }
  }

  private static void rectifyBackward(String what, int rows, int n, float[] x, byte[] bits) {
    float[] dy = numbers(7, rows * n);
    float[] before = numbers(8, rows * n);
    double[] wanted = new double[rows * n];
    double[] added = new double[rows * n];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = x[i] > -0.5f && x[i] < 1 ? dy[i] : 0;
      added[i] = (float) (wanted[i] + before[i]);
    }
    agree(
        what + ", gradient in place",
        Rig.run(
            what,
            rig -> {
              MemorySegment d = rig.in(dy);
              MemorySegment b = rig.in(bits);
              rig.kernels().elementwise().rectifyBackward(Storage.FLOAT32, rows, n, false, b, d, d);
              return rig.floats(d);
            }),
        wanted,
        0);
    agree(
        what + ", added gradient",
        Rig.run(
            what,
            rig -> {
              MemorySegment dx = rig.in(before);
              MemorySegment b = rig.in(bits);
              rig.kernels()
                  .elementwise()
                  .rectifyBackward(Storage.FLOAT32, rows, n, true, b, rig.in(dy), dx);
              return rig.floats(dx);
            }),
        added,
        0);
  }

  @Test
  void addAddsAndFillFills() {
    for (int n : SIZES) {
      float[] a = numbers(1, n);
      float[] b = numbers(2, n);
      double[] wanted = new double[n];
      for (int i = 0; i < n; i++) {
        wanted[i] = a[i] + b[i];
      }
      agree(
          "add [" + n + "]",
          Rig.run(
              "add",
              rig -> {
                MemorySegment y = rig.in(a);
                rig.kernels().elementwise().add(n, y, rig.in(b), y);
                return rig.floats(y);
              }),
          wanted,
          0);
      Arrays.fill(wanted, -3.5);
      agree(
          "fill [" + n + "]",
          Rig.run(
              "fill",
              rig -> {
                MemorySegment y = rig.out(n);
                rig.kernels().elementwise().fill(n, -3.5f, y);
                return rig.floats(y);
              }),
          wanted,
          0);
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          Elementwise e = rig.kernels().elementwise();
          MemorySegment x = rig.out(4);
          assertThatThrownBy(() -> e.fill(-1, 0, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("fill: every count must be 0 or more, is -1");
          assertThatThrownBy(() -> e.add(4, x, MemorySegment.NULL, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("add: b is NULL");
          assertThatThrownBy(() -> e.fill(1, 0, x.asSlice(1)))
              .isInstanceOf(CandelaException.class)
              .hasMessage("fill: y must be aligned to 4 bytes");
          assertThatThrownBy(
                  () ->
                      e.unaryBackward(
                          Unary.LOG, 0, 0, false, 4, MemorySegment.NULL, MemorySegment.NULL, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessage("unary_backward: x is NULL");
          assertThatThrownBy(
                  () ->
                      e.rectifyForward(
                          Storage.FLOAT32,
                          1L << 40,
                          1L << 40,
                          0,
                          1,
                          MemorySegment.NULL,
                          x,
                          MemorySegment.NULL))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("at most 2^48");
          e.fill(0, 0, MemorySegment.NULL);
          return new float[0];
        });
  }
}
