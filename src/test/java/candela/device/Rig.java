package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import candela.TestDevice;
import candela.reference.Differences;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * A device for one kernel test: arrays go in, arrays come out, and all through copies of the
 * device: Java cannot read a card's memory. Each array has memory of its own, so that the sanitizer
 * sees the first element beyond it.
 */
final class Rig implements AutoCloseable {
  /** Float32 rounding of some hundred terms of size 1. */
  static final double TOLERANCE = 2e-5;

  private static Device card;

  private final Device device;
  private final List<Memory> blocks = new ArrayList<>();

  private Rig(int threads) {
    this.device = TestDevice.isCpu() ? TestDevice.open(threads) : card();
  }

  /** One for all tests: opening a card takes longer than a test. */
  private static Device card() {
    if (card == null) {
      card = TestDevice.open(1);
    }
    return card;
  }

  /**
   * Runs at one thread and at two (on a card: twice), fails where a bit differs, gives the result.
   */
  static float[] run(String what, Function<Rig, float[]> test) {
    float[] one;
    float[] two;
    try (var rig = new Rig(1)) {
      one = test.apply(rig);
    }
    try (var rig = new Rig(2)) {
      two = test.apply(rig);
    }
    String second =
        TestDevice.isCpu() ? "at 1 thread, %s at 2" : "in the first run, %s in the next";
    for (int i = 0; i < one.length; i++) {
      if (Float.floatToRawIntBits(one[i]) != Float.floatToRawIntBits(two[i])) {
        fail("%s, %s at [%d]: %s " + second, TestDevice.name(), what, i, one[i], two[i]);
      }
    }
    return one;
  }

  Kernels kernels() {
    return device.kernels();
  }

  Dense dense() {
    return device.dense();
  }

  MemorySegment in(float... values) {
    return in(MemorySegment.ofArray(values));
  }

  MemorySegment in(int... values) {
    return in(MemorySegment.ofArray(values));
  }

  MemorySegment in(long... values) {
    return in(MemorySegment.ofArray(values));
  }

  MemorySegment in(double... values) {
    return in(MemorySegment.ofArray(values));
  }

  MemorySegment in(byte... values) {
    return in(MemorySegment.ofArray(values));
  }

  private MemorySegment in(MemorySegment values) {
    MemorySegment to = block(values.byteSize());
    device.copyIn(values, to);
    return to;
  }

  /** Writes other values to a block. */
  void write(MemorySegment to, float... values) {
    device.copyIn(MemorySegment.ofArray(values), to);
  }

  /** Room for a result: full of NaN, so that an element left out shows. */
  MemorySegment out(int floats) {
    return full(floats * 4, 0xff);
  }

  /** Room for a result in doubles, full of NaN. */
  MemorySegment outDoubles(int doubles) {
    return full(doubles * 8, 0xff);
  }

  MemorySegment bytes(int bytes) {
    return full(bytes, 0x5a);
  }

  private MemorySegment full(int bytes, int value) {
    byte[] all = new byte[bytes];
    Arrays.fill(all, (byte) value);
    return in(all);
  }

  private MemorySegment block(long bytes) {
    Memory block = device.allocate(bytes);
    blocks.add(block);
    return block.segment();
  }

  byte[] raw(MemorySegment from) {
    byte[] values = new byte[(int) from.byteSize()];
    device.copyOut(from, MemorySegment.ofArray(values));
    return values;
  }

  float[] floats(MemorySegment from) {
    float[] values = new float[(int) (from.byteSize() / 4)];
    device.copyOut(from, MemorySegment.ofArray(values));
    return values;
  }

  double[] readDoubles(MemorySegment from) {
    double[] values = new double[(int) (from.byteSize() / 8)];
    device.copyOut(from, MemorySegment.ofArray(values));
    return values;
  }

  long[] longs(MemorySegment from) {
    long[] values = new long[(int) (from.byteSize() / 8)];
    device.copyOut(from, MemorySegment.ofArray(values));
    return values;
  }

  /** Numbers in -2..2, none within 0.05 of 0, seeded. */
  static float[] numbers(int seed, int n) {
    var random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      float v = random.nextFloat() * 4 - 2;
      x[i] = Math.abs(v) < 0.05f ? v + 0.1f * (v < 0 ? -1 : 1) : v;
    }
    return x;
  }

  static double[] doubles(float[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i];
    }
    return y;
  }

  /** Fails unless all elements agree within tolerance times (1 + |wanted|); NaN agrees with NaN. */
  static void agree(String what, float[] got, double[] wanted, double tolerance) {
    if (got.length != wanted.length) {
      fail("%s, %s: %d elements, %d wanted", TestDevice.name(), what, got.length, wanted.length);
    }
    for (int i = 0; i < got.length; i++) {
      double g = got[i];
      double w = wanted[i];
      boolean same = Double.compare(g, w) == 0 || g == w;
      if (!same && !(Math.abs(g - w) <= tolerance * (1 + Math.abs(w)))) {
        fail("%s, %s at [%d]: got %s, wanted %s", TestDevice.name(), what, i, g, w);
      }
    }
  }

  static void agree(String what, float[] got, double[] wanted) {
    agree(what, got, wanted, TOLERANCE);
  }

  /**
   * Fails unless rows of one batch are those of another: to the bit on the CPU; on a card, which
   * chooses algorithms by the number of rows, within twice the tolerance, as either side may be
   * off.
   */
  static void sameRows(String what, float[] got, float[] wanted, double tolerance) {
    if (TestDevice.isCpu()) {
      assertThat(got).as(what).isEqualTo(wanted);
    } else {
      agree(what, got, doubles(wanted), 2 * tolerance);
    }
  }

  /**
   * A backward kernel against central differences of the reference, once overwriting and once
   * adding to what is there.
   */
  static void gradient(
      String what,
      double[] x,
      float[] dy,
      Function<double[], double[]> reference,
      Backward kernel) {
    double[] wanted = Differences.gradient(reference, x, doubles(dy));
    agree(
        what + ", gradient",
        run(
            what,
            rig -> {
              MemorySegment dx = rig.out(x.length);
              kernel.run(rig, false, rig.in(dy), dx);
              return rig.floats(dx);
            }),
        wanted);
    float[] before = numbers(99, x.length);
    double[] sum = wanted.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += before[i];
    }
    agree(
        what + ", added gradient",
        run(
            what,
            rig -> {
              MemorySegment dx = rig.in(before);
              kernel.run(rig, true, rig.in(dy), dx);
              return rig.floats(dx);
            }),
        sum);
  }

  /** One backward kernel, its other arguments bound. */
  interface Backward {
    void run(Rig rig, boolean accumulate, MemorySegment dy, MemorySegment dx);
  }

  @Override
  public void close() {
    blocks.forEach(Memory::close);
    if (TestDevice.isCpu()) {
      device.close();
    }
  }
}
