package candela.device;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Zeros behind few channels, against plain loops. */
@Tag("kernel")
class WidenTest {
  /** Pixels, channels, channels with zeros. */
  private static final int[][] SHAPES = {{1, 1, 4}, {7, 3, 4}, {33, 3, 3}, {5, 2, 7}, {3, 4, 4}};

  @Test
  void zerosStandBehindTheChannels() {
    for (int[] s : SHAPES) {
      float[] x = Rig.numbers(1, s[0] * s[1]);
      double[] wanted = new double[s[0] * s[2]];
      for (int i = 0; i < x.length; i++) {
        wanted[i / s[1] * s[2] + i % s[1]] = x[i];
      }
      String what = "widen " + Arrays.toString(s);
      float[] got =
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.out(wanted.length);
                rig.kernels().widen().widen(Storage.FLOAT32, s[0], s[1], s[2], rig.in(x), y);
                return rig.floats(y);
              });
      Rig.agree(what, got, wanted, 0);
    }
  }

  @Test
  void theFirstChannelsComeBack() {
    for (int[] s : SHAPES) {
      float[] x = Rig.numbers(2, s[0] * s[2]);
      float[] before = Rig.numbers(3, s[0] * s[1]);
      for (boolean add : new boolean[] {false, true}) {
        double[] wanted = new double[before.length];
        for (int i = 0; i < wanted.length; i++) {
          wanted[i] = x[i / s[1] * s[2] + i % s[1]] + (add ? before[i] : 0.0);
        }
        String what = "narrow " + Arrays.toString(s) + ", adds " + add;
        float[] got =
            Rig.run(
                what,
                rig -> {
                  MemorySegment y = rig.in(before);
                  rig.kernels()
                      .widen()
                      .narrow(Storage.FLOAT32, add, s[0], s[1], s[2], rig.in(x), y);
                  return rig.floats(y);
                });
        Rig.agree(what, got, wanted, 1e-7);
      }
    }
  }
}
