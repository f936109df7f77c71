package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static candela.device.Rig.sameRows;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.reference.Convolving;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("kernel")
class DenseConvolutionTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  /** Float32 rounding of up to 4,000 products of numbers up to 2. */
  private static final double TOLERANCE = 1e-4;

  /** The CPU adds the finished sum; a card may begin with what is there. */
  private static final double ADDED = TestDevice.isCpu() ? 0 : TOLERANCE;

  private static Convolution plain(int h, int w, int c, int oc, int k, int stride, int pad) {
    return new Convolution(
        h, w, c, oc, k, k, stride, stride, 1, 1, pad, pad, pad, pad, 1, false, 0, 0);
  }

  private static Convolution[] cases() {
    return new Convolution[] {
      plain(1, 1, 1, 1, 1, 1, 0),
      plain(7, 5, 3, 7, 3, 1, 1),
      plain(33, 31, 3, 64, 7, 2, 3),
      plain(20, 20, 1, 8, 5, 1, 2),
      plain(23, 22, 3, 8, 11, 4, 2),
      plain(13, 13, 33, 17, 3, 2, 1),
      plain(14, 14, 64, 128, 1, 1, 0),
      plain(14, 13, 64, 32, 1, 2, 0),
      plain(7, 7, 128, 96, 3, 1, 1),
      plain(6, 6, 16, 10, 6, 1, 0),
      plain(28, 28, 16, 24, 5, 1, 2),
      plain(3, 3, 5, 7, 3, 1, 2),
      plain(10, 10, 3, 8, 2, 1, 4),
      plain(6, 5, 40, 24, 2, 3, 4),
      new Convolution(10, 10, 3, 8, 2, 2, 3, 3, 1, 1, 0, 0, 1, 1, 1, false, 0, 0),
      new Convolution(5, 5, 1, 3, 3, 3, 1, 3, 1, 1, 1, 0, 1, 0, 1, false, 0, 0),
      new Convolution(9, 8, 1, 16, 1, 5, 1, 5, 1, 1, 0, 0, 0, 0, 1, false, 0, 0),
      // Columns of nothing but padding, and windows far apart next to it.
      new Convolution(1, 1, 5, 8, 1, 3, 1, 2, 1, 4, 0, 3, 0, 9, 1, false, 0, 0),
      new Convolution(1, 2, 1, 1, 1, 1, 1, 3, 1, 1, 0, 4, 0, 2, 1, false, 0, 0),
      new Convolution(1, 9, 128, 33, 1, 4, 1, 5, 1, 1, 0, 3, 0, 1, 1, false, 0, 0),
      new Convolution(1, 12, 15, 2, 1, 6, 2, 6, 1, 1, 0, 5, 0, 0, 1, false, 0, 0),
      new Convolution(16, 11, 2, 24, 3, 6, 2, 5, 1, 1, 0, 4, 1, 0, 1, false, 0, 0),
      new Convolution(12, 12, 20, 20, 3, 3, 1, 1, 3, 3, 3, 3, 3, 3, 20, false, 0, 0),
      new Convolution(8, 8, 12, 12, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 3, false, 0, 0),
      new Convolution(4, 5, 8, 8, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1, 8, true, 0, 0),
      new Convolution(1, 9, 6, 4, 1, 5, 1, 3, 1, 2, 0, 3, 0, 4, 2, true, 0, 1),
      new Convolution(9, 11, 4, 8, 2, 3, 2, 1, 1, 2, 0, 1, 2, 1, 1, false, 0, 0),
      new Convolution(15, 15, 8, 16, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1, false, 0, 0),
      new Convolution(1, 40, 6, 9, 1, 5, 1, 2, 1, 1, 0, 2, 0, 1, 1, false, 0, 0),
      new Convolution(14, 14, 32, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 32, false, 0, 0),
      new Convolution(15, 13, 33, 33, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 33, false, 0, 0),
      new Convolution(9, 9, 6, 12, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2, 6, false, 0, 0),
      new Convolution(14, 14, 64, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 16, false, 0, 0),
      new Convolution(7, 7, 24, 36, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 3, false, 0, 0),
      // By minimal filtering: whole tiles and cut ones, paddings of 0 to 2, several blocks.
      plain(14, 14, 32, 40, 3, 1, 1),
      plain(13, 17, 40, 32, 3, 1, 0),
      plain(21, 11, 48, 64, 3, 1, 2),
      plain(40, 40, 64, 72, 3, 1, 1),
      new Convolution(12, 15, 40, 32, 3, 3, 1, 1, 1, 1, 2, 0, 1, 2, 1, false, 0, 0),
      new Convolution(15, 15, 32, 32, 3, 3, 1, 1, 1, 1, 3, 1, 1, 3, 1, false, 0, 0),
      new Convolution(12, 13, 32, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, true, 0, 0),
      // Steps beyond the image, and one as long as it.
      new Convolution(2, 99, 1, 16, 1, 3, 1, 99, 1, 1, 0, 99, 0, 99, 1, false, 0, 0),
      new Convolution(5, 5, 1, 1, 3, 3, 2, 1 << 20, 1, 1, 1, 1, 1, 1, 1, false, 0, 0),
      new Convolution(5, 5, 3, 16, 3, 3, 1 << 24, 1 << 24, 1, 1, 1, 1, 1, 1, 1, false, 0, 0),
      new Convolution(4, 4, 8, 8, 1, 1, 1 << 20, 2, 1 << 24, 1 << 24, 0, 0, 0, 0, 8, false, 0, 0),
      new Convolution(1, 4, 3, 2, 2, 2, 1 << 20, 2, 1, 1, 0, 0, 0, 0, 1, true, 0, 0),
      new Convolution(5, 6, 7, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1, true, 1, 1),
      new Convolution(5, 4, 6, 4, 3, 2, 1, 3, 2, 1, 1, 0, 2, 0, 2, true, 0, 2),
      new Convolution(3, 3, 2, 3, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, true, 0, 0),
    };
  }

  private static int in(Convolution k) {
    return k.h() * k.w() * k.c();
  }

  private static int out(Convolution k) {
    return k.oh() * k.ow() * k.oc();
  }

  private static float[] weights(Convolution k) {
    return numbers(5, k.oc() * k.c() / k.groups() * k.kh() * k.kw());
  }

  private static double[] reference(Convolution k, int rows, double[] x) {
    return Convolving.forward(k.shape(), k.oh(), k.ow(), rows, x, doubles(weights(k)));
  }

  private static float[] with(
      String what,
      Convolution k,
      Activation activation,
      boolean bias,
      boolean residual,
      boolean exact,
      Function<Rig, Function<Dense.ConvolutionPlan, float[]>> test) {
    return Rig.run(
        what,
        rig -> {
          MemorySegment b = bias ? rig.in(numbers(6, k.oc())) : NULL;
          MemorySegment w = rig.in(weights(k));
          try (var plan =
              rig.dense()
                  .convolution(k, w, b, activation, residual, k.oc(), exact, Storage.FLOAT32)) {
            return test.apply(rig).apply(plan);
          }
        });
  }

  private static float[] forward(Convolution k, int rows, float[] x) {
    return forward(k, rows, x, false);
  }

  private static float[] forward(Convolution k, int rows, float[] x, boolean exact) {
    return with(
        "forward of " + k,
        k,
        Activation.NONE,
        false,
        false,
        exact,
        rig ->
            plan -> {
              MemorySegment y = rig.out(rows * out(k));
              plan.forward(rows, rig.in(x), NULL, y, NULL);
              return rig.floats(y);
            });
  }

  private static float[] backward(Convolution k, int rows, float[] dy, float[] before) {
    return with(
        "backward of " + k,
        k,
        Activation.NONE,
        false,
        false,
        true,
        rig ->
            plan -> {
              MemorySegment dx = before == null ? rig.out(rows * in(k)) : rig.in(before);
              plan.backward(rows, rig.in(dy), NULL, before != null, dx, false, NULL);
              return rig.floats(dx);
            });
  }

  @ParameterizedTest
  @MethodSource("cases")
  void forwardIsTheReference(Convolution k) {
    float[] x = numbers(1, 3 * in(k));
    double[] y = reference(k, 3, doubles(x));
    agree("" + k, forward(k, 3, x), y, TOLERANCE);
    agree(k + " exact", forward(k, 3, x, true), y, TOLERANCE);
  }

  /** The transpose is pinned by one row of the reference's Jacobian and by dot products. */
  @ParameterizedTest
  @MethodSource("cases")
  void backwardIsTheTransposeOfForward(Convolution k) {
    float[] dy = numbers(2, out(k));
    float[] dx = backward(k, 1, dy, null);
    for (int seed = 10; seed < 12; seed++) {
      float[] x = numbers(seed, in(k));
      double[] y = reference(k, 1, doubles(x));
      double left = 0;
      double right = 0;
      double size = 1;
      for (int i = 0; i < y.length; i++) {
        left += y[i] * dy[i];
        size += Math.abs(y[i] * dy[i]);
      }
      for (int i = 0; i < dx.length; i++) {
        right += (double) dx[i] * x[i];
      }
      agree(
          k + " transpose", new float[] {(float) (right / size)}, new double[] {left / size}, 1e-5);
    }
    for (int pixel : new int[] {0, in(k) / 2, in(k) - 1}) {
      double[] unit = new double[in(k)];
      unit[pixel] = 1;
      double[] column = reference(k, 1, unit);
      double wanted = 0;
      for (int i = 0; i < column.length; i++) {
        wanted += column[i] * dy[i];
      }
      agree(k + " dx[" + pixel + "]", new float[] {dx[pixel]}, new double[] {wanted}, TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void backwardAddsWhereAsked(Convolution k) {
    float[] dy = numbers(2, 2 * out(k));
    float[] before = numbers(3, 2 * in(k));
    float[] dx = backward(k, 2, dy, null);
    double[] wanted = new double[dx.length];
    for (int i = 0; i < dx.length; i++) {
      wanted[i] = dx[i] + before[i];
    }
    agree(k + " added", backward(k, 2, dy, before), wanted, ADDED);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aRowIsTheSameInEveryBatch(Convolution k) {
    float[] x = numbers(1, 16 * in(k));
    float[] dy = numbers(2, 16 * out(k));
    float[] y16 = forward(k, 16, x);
    float[] dx16 = backward(k, 16, dy, null);
    for (int rows : new int[] {1, 3, 8}) {
      int from = 16 - rows;
      String what = rows + " of 16 rows, " + k;
      sameRows(
          what,
          forward(k, rows, Arrays.copyOfRange(x, from * in(k), 16 * in(k))),
          Arrays.copyOfRange(y16, from * out(k), 16 * out(k)),
          TOLERANCE);
      sameRows(
          what + " dx",
          backward(k, rows, Arrays.copyOfRange(dy, from * out(k), 16 * out(k)), null),
          Arrays.copyOfRange(dx16, from * in(k), 16 * in(k)),
          TOLERANCE);
    }
  }

  private static double act(Activation activation, double v) {
    return switch (activation.kind()) {
      case 1 -> Math.max(v, 0);
      case 2 -> Math.min(Math.max(v, activation.alpha()), activation.beta());
      case 3 -> v > 0 ? v : activation.alpha() * v;
      default -> v;
    };
  }

  @ParameterizedTest
  @MethodSource("cases")
  void biasResidualAndActivationAreFused(Convolution k) {
    int n = out(k);
    float[] x = numbers(1, 2 * in(k));
    float[] add = numbers(4, 2 * n);
    float[] bias = numbers(6, k.oc());
    double[] sum = reference(k, 2, doubles(x));
    for (int i = 0; i < sum.length; i++) {
      sum[i] += bias[i % k.oc()] + add[i];
    }
    for (var activation :
        new Activation[] {
          Activation.NONE, Activation.RELU, Activation.clip(0, 6), Activation.leaky(0.25f)
        }) {
      double[] wanted = Arrays.stream(sum).map(v -> act(activation, v)).toArray();
      for (boolean alias : new boolean[] {false, true}) {
        float[] y =
            with(
                activation + " of " + k,
                k,
                activation,
                true,
                true,
                false,
                rig ->
                    plan -> {
                      MemorySegment r = rig.in(add);
                      MemorySegment to = alias ? r : rig.out(2 * n);
                      plan.forward(2, rig.in(x), r, to, NULL);
                      return rig.floats(to);
                    });
        agree(activation + " of " + k, y, wanted, TOLERANCE);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void bitsTellWhereTheGradientPasses(Convolution k) {
    int n = out(k);
    int bytes = (n + 7) / 8;
    float[] x = numbers(1, 2 * in(k));
    float[] dy = numbers(2, 2 * n);
    for (var activation :
        new Activation[] {Activation.RELU, Activation.clip(0, 6), Activation.leaky(0.25f)}) {
      with(
          activation + " of " + k,
          k,
          activation,
          true,
          false,
          false,
          rig ->
              plan -> {
                MemorySegment y = rig.out(2 * n);
                MemorySegment bits = rig.bytes(2 * bytes);
                plan.forward(2, rig.in(x), NULL, y, bits);
                float[] out = rig.floats(y);
                byte[] packed = rig.raw(bits);
                float[] g = new float[2 * n];
                float high = activation.kind() == 2 ? 6 : Float.POSITIVE_INFINITY;
                float slope = activation.kind() == 3 ? 0.25f : 0;
                for (int i = 0; i < 2 * n; i++) {
                  float v = out[i];
                  boolean pass = v > 0 && v < high;
                  byte at = packed[i / n * bytes + i % n / 8];
                  if (((at >> (i % n % 8) & 1) != 0) != pass) {
                    fail("bit %d of %s: %s expected", i, k, pass);
                  }
                  g[i] = pass ? dy[i] : slope * dy[i];
                }
                MemorySegment dx = rig.out(2 * in(k));
                MemorySegment residual = rig.out(2 * n);
                plan.backward(2, rig.in(dy), bits, false, dx, false, residual);
                agree(k + " dresidual", rig.floats(residual), doubles(g), 0);
                MemorySegment sum = rig.in(dy);
                plan.backward(2, rig.in(dy), bits, false, NULL, true, sum);
                double[] twice = doubles(g);
                for (int i = 0; i < twice.length; i++) {
                  twice[i] = (float) (twice[i] + dy[i]);
                }
                agree(k + " added dresidual", rig.floats(sum), twice, 0);
                MemorySegment inPlace = rig.in(dy);
                MemorySegment again = rig.out(2 * in(k));
                plan.backward(2, inPlace, bits, false, again, false, inPlace);
                agree(k + " in place", rig.floats(again), doubles(rig.floats(dx)), 0);
                if (in(k) == n) {
                  MemorySegment both = rig.out(2 * n);
                  plan.backward(2, rig.in(dy), bits, false, both, true, both);
                  double[] total = doubles(rig.floats(dx));
                  for (int i = 0; i < total.length; i++) {
                    total[i] = (float) (total[i] + g[i]);
                  }
                  agree(k + " its own residual", rig.floats(both), total, 0);
                }
                agree(k + " dx", rig.floats(dx), doubles(backward(k, 2, g, null)), 0);
                return rig.floats(dx);
              });
    }
  }

  @Test
  void wrongSizesAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment w = rig.out(400);
          assertThatThrownBy(
                  () ->
                      rig.dense()
                          .convolution(plain(2, 2, 1, 1, 3, 1, 0), w, NULL, Activation.NONE, false))
              .isInstanceOf(CandelaException.class)
              .hasMessage(
                  "conv_create: the kernel does not fit the padded input: output would be empty");
          var groups = new Convolution(5, 5, 4, 6, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 4, false, 0, 0);
          assertThatThrownBy(() -> rig.dense().convolution(groups, w, NULL, Activation.NONE, false))
              .isInstanceOf(CandelaException.class)
              .hasMessage("conv_create: 4 groups must divide c = 4 and oc = 6");
          assertThatThrownBy(
                  () ->
                      rig.dense()
                          .convolution(plain(2, 2, 0, 1, 1, 1, 0), w, NULL, Activation.NONE, false))
              .isInstanceOf(CandelaException.class)
              .hasMessage("conv_create: c must be in 1..16777216, is 0");
          var huge = plain(1 << 20, 1 << 20, 1, 1, 1, 1, 0);
          assertThatThrownBy(() -> rig.dense().convolution(huge, w, NULL, Activation.NONE, false))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("more than 2^31 - 1 elements");
          assumeTrue(TestDevice.isCpu(), "skipped: a limit of the cpu's library");
          var far = new Convolution(3, 3, 1, 2, 3, 3, 3, 65, 1, 1, 1, 65, 1, 65, 1, false, 0, 0);
          assertThatThrownBy(() -> rig.dense().convolution(far, w, NULL, Activation.NONE, false))
              .isInstanceOf(CandelaException.class)
              .hasMessage(
                  "conv_create: a stride of 65 is longer than the image, 3; at most 64 is supported"
                      + " then");
          return new float[0];
        });
  }

  /** Forward is recorded before the first backward: a network that is judged, then attacked. */
  @Test
  void aRecordedUpdateReachesTheGradient() {
    recordedUpdateReachesTheGradient(plain(9, 9, 16, 16, 3, 1, 1));
    recordedUpdateReachesTheGradient(plain(12, 13, 3, 16, 7, 2, 3));
  }

  private static void recordedUpdateReachesTheGradient(Convolution k) {
    float[] first = weights(k);
    float[] second = new float[first.length];
    for (int i = 0; i < first.length; i++) {
      second[i] = -3 * first[first.length - 1 - i];
    }
    float[] dy = numbers(8, 2 * out(k));
    float[] wanted = new float[2 * in(k)];
    float[] got = new float[wanted.length];
    try (Device device = TestDevice.open(1);
        Memory w = device.allocate(4L * first.length);
        Memory x = device.allocate(4L * wanted.length);
        Memory y = device.allocate(4L * dy.length);
        Memory dx = device.allocate(4L * wanted.length)) {
      device.copyIn(MemorySegment.ofArray(dy), y.segment());
      device.copyIn(MemorySegment.ofArray(second), w.segment());
      gradient(device, k, w, y, dx, wanted, plan -> {});
      device.copyIn(MemorySegment.ofArray(first), w.segment());
      gradient(
          device,
          k,
          w,
          y,
          dx,
          got,
          plan -> {
            try (Memory z = device.allocate(4L * dy.length);
                Recording forward =
                    device.record(
                        () -> {
                          plan.update();
                          plan.forward(2, x.segment(), NULL, z.segment(), NULL);
                        })) {
              forward.run();
              forward.run();
              plan.backward(2, y.segment(), NULL, false, dx.segment(), false, NULL);
              device.copyIn(MemorySegment.ofArray(second), w.segment());
              forward.run();
              device.copyOut(w.segment(), MemorySegment.ofArray(new float[first.length])); // waits
            }
          });
    }
    agree("after the update of " + k, got, doubles(wanted), TestDevice.isCpu() ? 0 : 1e-2);
  }

  /** What backward of a new plan gives after some work with it. */
  private static void gradient(
      Device device,
      Convolution k,
      Memory w,
      Memory dy,
      Memory dx,
      float[] result,
      Consumer<Dense.ConvolutionPlan> before) {
    try (var plan = device.dense().convolution(k, w.segment(), NULL, Activation.NONE, false)) {
      before.accept(plan);
      plan.backward(2, dy.segment(), NULL, false, dx.segment(), false, NULL);
      device.copyOut(dx.segment(), MemorySegment.ofArray(result));
    }
  }
}
