package candela.device;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Activations and their bits, against plain loops. */
@Tag("kernel")
class GateTest {
  private static final MemorySegment NULL = MemorySegment.NULL;

  /** Rows, pixels of a row, channels, distance of pixels. */
  private static final int[][] SHAPES = {
    {1, 1, 1, 1}, {3, 7, 5, 5}, {2, 3, 16, 16}, {3, 4, 8, 24}, {2, 5, 3, 7}, {1, 2, 33, 40}
  };

  private static final List<Dense.Activation> ACTIVATIONS =
      List.of(
          Dense.Activation.RELU, Dense.Activation.clip(-0.5f, 1f), Dense.Activation.leaky(0.2f));

  private static float after(Dense.Activation a, float z) {
    return switch (a.kind()) {
      case 1 -> z < 0 ? 0 : z;
      case 2 -> Math.min(Math.max(z, a.alpha()), a.beta());
      default -> z < 0 ? a.alpha() * z : z;
    };
  }

  private static boolean passes(Dense.Activation a, float z) {
    return a.kind() == 2 ? z > a.alpha() && z < a.beta() : z > 0;
  }

  @Test
  void activatesAndMarks() {
    for (Dense.Activation a : ACTIVATIONS) {
      for (int[] s : SHAPES) {
        int n = s[1] * s[2];
        int bytes = (n + 7) / 8;
        float[] x = Rig.numbers(3, s[0] * s[1] * s[3]);
        double[] wanted = Rig.doubles(x);
        double[] bits = new double[s[0] * n];
        for (int r = 0; r < s[0]; r++) {
          for (int i = 0; i < n; i++) {
            int at = (r * s[1] + i / s[2]) * s[3] + i % s[2];
            wanted[at] = after(a, x[at]);
            bits[r * n + i] = passes(a, x[at]) ? 1 : 0;
          }
        }
        for (boolean apply : new boolean[] {true, false}) {
          String what = a + " " + Arrays.toString(s) + " apply " + apply;
          float[] got =
              Rig.run(
                  what,
                  rig -> {
                    MemorySegment y = rig.in(x);
                    MemorySegment marks = rig.bytes(s[0] * bytes);
                    rig.kernels()
                        .gate()
                        .gateForward(Storage.FLOAT32, a, apply, s[0], n, s[2], s[3], y, marks);
                    return joined(rig.floats(y), unpacked(rig.raw(marks), s[0], n));
                  });
          double[] first = apply ? wanted : Rig.doubles(x);
          double[] all = new double[first.length + bits.length];
          System.arraycopy(first, 0, all, 0, first.length);
          System.arraycopy(bits, 0, all, first.length, bits.length);
          Rig.agree(what, got, all, 0);
        }
      }
    }
  }

  @Test
  void gradientsPassWhereTheBitIsSet() {
    for (Dense.Activation a : ACTIVATIONS) {
      for (int[] s : SHAPES) {
        int n = s[1] * s[2];
        int bytes = (n + 7) / 8;
        float[] dy = Rig.numbers(4, s[0] * s[1] * s[3]);
        byte[] set = new byte[s[0] * bytes];
        new Random(5).nextBytes(set);
        float slope = a.kind() == 3 ? a.alpha() : 0;
        double[] wanted = new double[s[0] * n];
        for (int r = 0; r < s[0]; r++) {
          for (int i = 0; i < n; i++) {
            float v = dy[(r * s[1] + i / s[2]) * s[3] + i % s[2]];
            boolean pass = (set[r * bytes + i / 8] >> i % 8 & 1) != 0;
            wanted[r * n + i] = pass ? v : slope * v;
          }
        }
        String what = a + " " + Arrays.toString(s);
        float[] got =
            Rig.run(
                what,
                rig -> {
                  MemorySegment g = rig.out(s[0] * n);
                  MemorySegment bits = rig.in(set);
                  rig.kernels()
                      .gate()
                      .gateBackward(Storage.FLOAT32, a, s[0], n, s[2], s[3], rig.in(dy), bits, g);
                  return rig.floats(g);
                });
        Rig.agree(what, got, wanted, 1e-7);
      }
    }
  }

  /** Neither .9 nor -.2 is a number of 16 bits: what was clipped is held beside the bound. */
  @Test
  void whatIsAtABoundHasNotPassedInSixteenBitsEither() {
    Dense.Activation a = Dense.Activation.clip(-.2f, .9f);
    float[] z = {3, .9f, .5f, 0, -.2f, -7, .25f, .95f};
    for (Storage storage : Storage.values()) {
      float[] got =
          Rig.run(
              "bounds in " + storage,
              rig -> {
                MemorySegment y = rig.bytes((int) storage.bytes(8));
                MemorySegment g = rig.bytes((int) storage.bytes(8));
                MemorySegment bits = rig.bytes(1);
                MemorySegment back = rig.out(8);
                Convert convert = rig.kernels().convert();
                convert.convert(Storage.FLOAT32, storage, false, 1, 8, rig.in(z), y);
                float[] ones = {1, 1, 1, 1, 1, 1, 1, 1};
                convert.convert(Storage.FLOAT32, storage, false, 1, 8, rig.in(ones), g);
                Gate gate = rig.kernels().gate();
                gate.gateForward(storage, a, true, 1, 8, 8, 8, y, NULL);
                gate.gateForward(storage, a, false, 1, 8, 8, 8, y, bits);
                gate.gateSift(storage, new Dense.Gating(a, y), 8, g);
                convert.convert(storage, Storage.FLOAT32, false, 1, 8, g, back);
                return joined(rig.floats(back), unpacked(rig.raw(bits), 1, 8));
              });
      Rig.agree(
          "bounds in " + storage,
          got,
          new double[] {0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 0},
          0);
    }
  }

  @Test
  void gradientsPassByWhatTheActivationLeft() {
    for (Dense.Activation a : ACTIVATIONS) {
      for (int n : new int[] {1, 7, 8, 9, 64, 1003}) {
        float[] g = Rig.numbers(4, n);
        float[] z = Rig.numbers(6, n);
        float[] y = new float[n];
        float slope = a.kind() == 3 ? a.alpha() : 0;
        double[] wanted = new double[n];
        for (int i = 0; i < n; i++) {
          y[i] = after(a, z[i]);
          wanted[i] = passes(a, z[i]) ? g[i] : slope * g[i];
        }
        String what = a + " " + n;
        float[] got =
            Rig.run(
                what,
                rig -> {
                  MemorySegment to = rig.in(g);
                  rig.kernels()
                      .gate()
                      .gateSift(Storage.FLOAT32, new Dense.Gating(a, rig.in(y)), n, to);
                  return rig.floats(to);
                });
        Rig.agree(what, got, wanted, 1e-7);
      }
    }
  }

  private static float[] unpacked(byte[] bits, int rows, int n) {
    float[] each = new float[rows * n];
    for (int i = 0; i < each.length; i++) {
      int at = i % n;
      each[i] = bits[i / n * ((n + 7) / 8) + at / 8] >> at % 8 & 1;
    }
    return each;
  }

  private static float[] joined(float[] a, float[] b) {
    float[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
