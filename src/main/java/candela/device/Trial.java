package candela.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A kernel's run with numbers of its own; what it was given is freed when it is closed. */
final class Trial implements AutoCloseable {
  final Device device;
  private final List<Memory> blocks = new ArrayList<>();

  /** What came and what was expected. */
  record Found(float[] got, double[] wanted) {}

  Trial(Device device) {
    this.device = device;
  }

  MemorySegment put(MemorySegment host) {
    Memory memory = device.upload(host);
    blocks.add(memory);
    return memory.segment();
  }

  MemorySegment in(float... values) {
    return put(MemorySegment.ofArray(values));
  }

  MemorySegment in(int... values) {
    return put(MemorySegment.ofArray(values));
  }

  MemorySegment in(long... values) {
    return put(MemorySegment.ofArray(values));
  }

  /** Full of NaN: what is left out shows. */
  MemorySegment out(int n) {
    float[] nan = new float[n];
    Arrays.fill(nan, Float.NaN);
    return in(nan);
  }

  Found found(MemorySegment got, double[] wanted) {
    float[] values = new float[wanted.length];
    device.copyOut(got.asSlice(0, 4L * values.length), MemorySegment.ofArray(values));
    return new Found(values, wanted);
  }

  /** In -2..2. */
  static float[] numbers(int seed, int n) {
    var random = new SplittableRandom(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-2, 2);
    }
    return x;
  }

  interface Element {
    double at(int i);
  }

  static double[] each(int n, Element f) {
    double[] y = new double[n];
    for (int i = 0; i < n; i++) {
      y[i] = f.at(i);
    }
    return y;
  }

  @Override
  public void close() {
    blocks.forEach(Memory::close);
  }
}
