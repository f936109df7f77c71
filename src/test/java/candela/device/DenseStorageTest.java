package candela.device;

import static java.lang.foreign.MemorySegment.NULL;
import static org.assertj.core.api.Assertions.fail;

import candela.TestDevice;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Convolutions of values in 16 bits: the float32 convolution, held against plain loops elsewhere,
 * of the same values and of weights and bias rounded alike; what it gives is rounded once.
 */
@Tag("kernel")
class DenseStorageTest {
  private static final int ROWS = 2;

  static Stream<Arguments> cases() {
    List<Convolution> shapes =
        List.of(
            conv(14, 14, 64, 64, 3, 1, 1, 1),
            conv(14, 13, 64, 32, 1, 1, 0, 1),
            conv(15, 15, 3, 24, 7, 2, 3, 1),
            conv(9, 9, 3, 5, 1, 1, 0, 1),
            conv(9, 8, 5, 7, 3, 2, 1, 1),
            conv(9, 8, 16, 16, 3, 1, 1, 16),
            conv(7, 7, 32, 16, 1, 2, 0, 1),
            new Convolution(9, 9, 8, 16, 3, 3, 2, 2, 1, 1, 0, 0, 1, 1, 1, false, 0, 0),
            new Convolution(12, 11, 8, 8, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1, false, 0, 0));
    return shapes.stream()
        .flatMap(k -> Stream.of(Storage.BF16, Storage.FP16).map(t -> Arguments.of(k, t)));
  }

  private static Convolution conv(
      int h, int w, int c, int oc, int kernel, int stride, int pad, int groups) {
    return new Convolution(
        h, w, c, oc, kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad, groups, false, 0, 0);
  }

  /** Runs the convolution in that type. */
  private interface Test {
    MemorySegment run(Rig rig, Dense.ConvolutionPlan plan, Storage type);
  }

  private static float[] run(
      Convolution k,
      Storage rounded,
      Storage type,
      Activation a,
      boolean adds,
      int wide,
      Test test) {
    float[] weights = Rig.numbers(5, k.oc() * k.c() / k.groups() * k.kh() * k.kw());
    float[] bias = Rig.numbers(6, k.oc());
    boolean whole = type == Storage.FLOAT32;
    return Rig.run(
        k + " in " + type,
        rig -> {
          MemorySegment w = rig.in(whole ? Rounded.round(rounded, weights) : weights);
          MemorySegment b = rig.in(whole ? Rounded.round(rounded, bias) : bias);
          try (var plan = rig.dense().convolution(k, w, b, a, adds, wide, true, type)) {
            return Rounded.read(rig, type, test.run(rig, plan, type));
          }
        });
  }

  /**
   * What a card may round besides the result: the sum, before bias and residual are added to it.
   */
  private static final double BESIDES = 4;

  /** Of an image with few channels it rounds the products of every tap, which reach this size. */
  private static final double TAPS = 24;

  /**
   * The same in both, up to one unit where the sums differ by their order; of what a sum is made of
   * where something is added to it that was rounded before.
   */
  private static void agree(
      Convolution k, Storage type, float[] got, float[] wanted, float... added) {
    double unit = type == Storage.BF16 ? 0x1p-7 : 0x1p-10;
    double more = TestDevice.isCpu() ? 0 : k.c() < 4 ? TAPS : BESIDES;
    for (int i = 0; i < wanted.length; i++) {
      double w = Rounded.round(type, wanted[i]);
      double apart = Math.abs(got[i] - w);
      double size = Math.abs(w) + (added.length == 0 ? 0 : Math.abs(added[i])) + more;
      if (!(apart <= unit * size + Rig.TOLERANCE)) {
        fail("%s in %s [%d]: %s, wanted %s", k, type, i, got[i], w);
      }
    }
  }

  private static float[] draw(Storage type, int seed, long n) {
    return Rounded.round(type, Rig.numbers(seed, Math.toIntExact(n)));
  }

  private static long in(Convolution k) {
    return (long) ROWS * k.h() * k.w() * k.c();
  }

  private static long out(Convolution k, int wide) {
    return (long) ROWS * k.oh() * k.ow() * wide;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void forward(Convolution k, Storage type) {
    float[] x = draw(type, 1, in(k));
    float[] residual = draw(type, 2, out(k, k.oc()));
    for (Activation a : List.of(Activation.NONE, Activation.RELU, Activation.clip(-0.5f, 1))) {
      Test adds =
          (rig, plan, t) -> {
            MemorySegment y = Rounded.in(rig, t, residual);
            plan.forward(ROWS, Rounded.in(rig, t, x), y, y, NULL);
            return y;
          };
      float[] wanted = run(k, type, Storage.FLOAT32, a, true, k.oc(), adds);
      agree(k, type, run(k, type, type, a, true, k.oc(), adds), wanted);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void forwardAmongOtherChannels(Convolution k, Storage type) {
    int wide = k.oc() + 8;
    float[] x = draw(type, 1, in(k));
    float[] others = draw(type, 2, out(k, wide));
    Test among =
        (rig, plan, t) -> {
          MemorySegment y = Rounded.in(rig, t, others);
          MemorySegment bits = rig.bytes((int) Activation.bytes(ROWS, out(k, k.oc()) / ROWS));
          plan.forward(ROWS, Rounded.in(rig, t, x), NULL, y, bits);
          return y;
        };
    float[] wanted = run(k, type, Storage.FLOAT32, Activation.RELU, false, wide, among);
    agree(k, type, run(k, type, type, Activation.RELU, false, wide, among), wanted);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void backward(Convolution k, Storage type) {
    float[] dy = draw(type, 3, out(k, k.oc()));
    float[] old = draw(type, 4, in(k));
    byte[] bits = new byte[(int) Activation.bytes(ROWS, out(k, k.oc()) / ROWS)];
    new Random(9).nextBytes(bits);
    for (boolean add : new boolean[] {false, true}) {
      Test image =
          (rig, plan, t) -> {
            MemorySegment dx = Rounded.in(rig, t, old);
            MemorySegment up = Rounded.in(rig, t, dy);
            plan.backward(ROWS, up, rig.in(bits), add, dx, false, NULL);
            return dx;
          };
      Test residual =
          (rig, plan, t) -> {
            MemorySegment dx = Rounded.out(rig, t, old.length);
            MemorySegment to = Rounded.in(rig, t, draw(type, 7, dy.length));
            MemorySegment up = Rounded.in(rig, t, dy);
            plan.backward(ROWS, up, rig.in(bits), false, dx, add, to);
            return to;
          };
      float[] wanted = run(k, type, Storage.FLOAT32, Activation.RELU, true, k.oc(), image);
      float[] got = run(k, type, type, Activation.RELU, true, k.oc(), image);
      agree(k, type, got, wanted, add ? old : new float[0]);
      wanted = run(k, type, Storage.FLOAT32, Activation.RELU, true, k.oc(), residual);
      got = run(k, type, type, Activation.RELU, true, k.oc(), residual);
      agree(k, type, got, wanted);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void backwardAmongOtherChannels(Convolution k, Storage type) {
    int wide = k.oc() + 4;
    float[] dy = draw(type, 3, out(k, wide));
    Test among =
        (rig, plan, t) -> {
          MemorySegment dx = Rounded.out(rig, t, Math.toIntExact(in(k)));
          plan.backward(ROWS, Rounded.in(rig, t, dy), NULL, false, dx, false, NULL);
          return dx;
        };
    float[] wanted = run(k, type, Storage.FLOAT32, Activation.NONE, false, wide, among);
    agree(k, type, run(k, type, type, Activation.NONE, false, wide, among), wanted);
  }
}
