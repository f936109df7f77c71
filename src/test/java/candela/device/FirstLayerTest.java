package candela.device;

import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.TestDevice;
import candela.device.Dense.Activation;
import candela.device.Dense.Convolution;
import candela.reference.Convolving;
import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Convolutions of few channels in the device's own precision, against plain loops in doubles. */
@Tag("kernel")
class FirstLayerTest {
  /** Two factors of 11 significant bits. */
  private static final double ROUNDED = 0x1.02p-10;

  /** Elements from a pixel's last channel to the next pixel. */
  private static final int BETWEEN = 8;

  private static Convolution of(int h, int w, int c, int oc, int k, int stride, int... pads) {
    return new Convolution(
        h, w, c, oc, k, k, stride, stride, 1, 1, pads[0], pads[1], pads[2], pads[3], 1, false, 0,
        0);
  }

  private static final List<Convolution> LAYERS =
      List.of(
          of(33, 31, 3, 64, 7, 2, 3, 3, 3, 3),
          of(9, 37, 3, 36, 3, 1, 1, 1, 1, 1),
          of(27, 75, 3, 8, 11, 4, 2, 2, 2, 2),
          of(12, 10, 1, 20, 3, 2, 0, 0, 1, 1),
          of(7, 6, 4, 4, 1, 2, 0, 0, 0, 0),
          // None for tiles.
          of(8, 9, 3, 6, 5, 2, 2, 2, 2, 2));

  /** Weights, and behind them those of an update. */
  private static float[] weights(Convolution k) {
    return numbers(2, 2 * k.oc() * k.c() * k.kh() * k.kw());
  }

  /**
   * Checks y and its bits.
   *
   * @param off floats between a multiple of 16 bytes and y
   */
  private static void check(
      String what, Device device, Convolution k, int rows, float[] weights, Plan plan, int off) {
    int outs = k.oh() * k.ow() * k.oc();
    int wide = k.oc() + BETWEEN;
    int bytes = (outs + 7) / 8;
    float[] x = numbers(1, rows * k.h() * k.w() * k.c());
    float[] y = new float[rows * outs / k.oc() * wide];
    byte[] bits = new byte[rows * bytes];
    Arrays.fill(y, 7);
    try (Memory xs = device.allocate(4L * x.length);
        Memory ys = device.allocate(4L * (y.length + off));
        Memory marks = device.allocate(bits.length)) {
      MemorySegment to = ys.segment().asSlice(4L * off, 4L * y.length);
      device.copyIn(MemorySegment.ofArray(x), xs.segment());
      device.copyIn(MemorySegment.ofArray(y), to);
      plan.of.forward(rows, xs.segment(), MemorySegment.NULL, to, marks.segment());
      device.copyOut(to, MemorySegment.ofArray(y));
      device.copyOut(marks.segment().asSlice(0, bits.length), MemorySegment.ofArray(bits));
    }
    double[] sums =
        Convolving.forward(k.shape(), k.oh(), k.ow(), rows, doubles(x), doubles(weights));
    double[] sizes =
        Convolving.forward(k.shape(), k.oh(), k.ow(), rows, absolute(x), absolute(weights));
    for (int i = 0; i < y.length; i++) {
      int channel = i % wide;
      String where = TestDevice.name() + ", " + what + " at [" + i + "]";
      if (channel >= k.oc()) {
        assertThat(y[i]).as(where + ", between pixels").isEqualTo(7);
        continue;
      }
      int at = i / wide * k.oc() + channel;
      double wanted = Math.max(0, sums[at] + plan.bias[channel]);
      assertThat((double) y[i]).as(where).isCloseTo(wanted, within(1e-5 + ROUNDED * sizes[at]));
      boolean bit = (bits[at / outs * bytes + at % outs / 8] >> (at % outs % 8) & 1) != 0;
      assertThat(bit).as(where + ", bit").isEqualTo(y[i] > 0);
    }
  }

  private static double[] absolute(float[] x) {
    double[] y = doubles(x);
    for (int i = 0; i < y.length; i++) {
      y[i] = Math.abs(y[i]);
    }
    return y;
  }

  private record Plan(Dense.ConvolutionPlan of, float[] bias) {}

  @Test
  void biasActivationAndBitsAreThereInEveryBatchAndAfterAnUpdate() {
    try (Device device = Devices.open(TestDevice.name(), 1)) {
      for (Convolution k : LAYERS) {
        float[] weights = weights(k);
        int n = weights.length / 2;
        float[] bias = numbers(3, k.oc());
        try (Memory w = device.allocate(4L * n);
            Memory b = device.allocate(4L * bias.length)) {
          float[] first = Arrays.copyOf(weights, n);
          float[] second = Arrays.copyOfRange(weights, n, 2 * n);
          device.copyIn(MemorySegment.ofArray(first), w.segment());
          device.copyIn(MemorySegment.ofArray(bias), b.segment());
          try (var plan =
              device
                  .dense()
                  .convolution(
                      k,
                      w.segment(),
                      b.segment(),
                      Activation.RELU,
                      false,
                      k.oc() + BETWEEN,
                      false,
                      Storage.FLOAT32)) {
            var p = new Plan(plan, bias);
            check(k + ", one row", device, k, 1, first, p, 0);
            check(k + ", three rows", device, k, 3, first, p, 0);
            check(k + ", not aligned", device, k, 1, first, p, 1);
            device.copyIn(MemorySegment.ofArray(second), w.segment());
            plan.update();
            check(k + ", updated", device, k, 3, second, p, 0);
          }
        }
      }
    }
  }
}
