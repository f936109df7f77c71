package candela.device;

import candela.tensor.Storage;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Columns of taps added where they belong, against plain loops that scatter. */
@Tag("kernel")
class FoldTest {
  /** Images, h, w, c, columns more than taps, then kernel, strides, dilations, padTop, padLeft. */
  private static final int[][] SHAPES = {
    {1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0},
    {2, 9, 7, 3, 1, 7, 7, 2, 2, 1, 1, 3, 3},
    {3, 5, 6, 2, 0, 3, 2, 1, 3, 2, 1, 1, 0},
    {1, 8, 8, 4, 4, 2, 3, 3, 2, 1, 2, 0, 2}
  };

  @Test
  void tapsComeBackToTheirPixels() {
    for (int[] s : SHAPES) {
      int h = s[1];
      int w = s[2];
      int c = s[3];
      int oh = (h + 2 * s[11] - (s[5] - 1) * s[9] - 1) / s[7] + 1;
      int ow = (w + 2 * s[12] - (s[6] - 1) * s[10] - 1) / s[8] + 1;
      int columns = s[5] * s[6] * c + s[4];
      int[] window = {s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], oh, ow};
      float[] p = Rig.numbers(1, s[0] * oh * ow * columns);
      float[] before = Rig.numbers(2, s[0] * h * w * c);
      for (boolean add : new boolean[] {false, true}) {
        double[] wanted = add ? Rig.doubles(before) : new double[before.length];
        for (int i = 0; i < s[0] * oh * ow; i++) {
          for (int tap = 0; tap < s[5] * s[6]; tap++) {
            int y = i / ow % oh * s[7] - s[11] + tap / s[6] * s[9];
            int x = i % ow * s[8] - s[12] + tap % s[6] * s[10];
            for (int k = 0; k < c && y >= 0 && y < h && x >= 0 && x < w; k++) {
              wanted[((i / (oh * ow) * h + y) * w + x) * c + k] += p[i * columns + tap * c + k];
            }
          }
        }
        String what = Arrays.toString(s) + ", adds " + add;
        float[] got =
            Rig.run(
                what,
                rig -> {
                  MemorySegment dx = rig.in(before);
                  rig.kernels()
                      .fold()
                      .fold(Storage.FLOAT32, add, s[0], h, w, c, window, columns, rig.in(p), dx);
                  return rig.floats(dx);
                });
        Rig.agree(what, got, wanted);
      }
    }
  }
}
