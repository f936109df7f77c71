package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernel")
class BlurTest {
  /** The two-dimensional mean at once: weights of rows times weights of columns. */
  private static double[] reference(int h, int w, int radius, float[] k, float[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < y.length; i++) {
      double sum = 0;
      double total = 0;
      for (int a = -radius; a <= radius; a++) {
        for (int b = -radius; b <= radius; b++) {
          int row = i / w % h + a;
          int column = i % w + b;
          if (row >= 0 && row < h && column >= 0 && column < w) {
            double v = (double) k[a + radius] * k[b + radius];
            sum += v * x[i / w / h * h * w + row * w + column];
            total += v;
          }
        }
      }
      y[i] = sum / total;
    }
    return y;
  }

  @Test
  void theBlurIsTheWeightedMeanOfThePixelsInside() {
    for (int[] s :
        new int[][] {{1, 1, 1, 0}, {1, 1, 1, 3}, {3, 7, 5, 2}, {1, 3, 33, 9}, {2, 40, 601, 3}}) {
      int radius = s[3];
      float[] weight = new float[2 * radius + 1];
      for (int i = 0; i < weight.length; i++) {
        weight[i] = (float) Math.exp(-0.1 * (i - radius) * (i - radius)) + 0.01f * i;
      }
      float[] x = numbers(1, s[0] * s[1] * s[2]);
      String what = "blur " + Arrays.toString(s);
      double[] wanted = reference(s[1], s[2], radius, weight, x);
      for (boolean inPlace : new boolean[] {false, true}) {
        agree(
            what + (inPlace ? " in place" : ""),
            Rig.run(
                what,
                rig -> {
                  MemorySegment from = rig.in(x);
                  MemorySegment y = inPlace ? from : rig.out(x.length);
                  rig.kernels()
                      .blur()
                      .blur(s[0], s[1], s[2], radius, rig.in(weight), from, rig.out(x.length), y);
                  return rig.floats(y);
                }),
            wanted);
      }
    }
  }

  @Test
  void wrongArgumentsAreRefused() {
    Rig.run(
        "errors",
        rig -> {
          MemorySegment x = rig.out(4);
          assertThatThrownBy(() -> rig.kernels().blur().blur(1, 2, 2, -1, x, x, x, x))
              .isInstanceOf(CandelaException.class)
              .hasMessageContaining("radius must be in 0..16777216, is -1");
          return new float[0];
        });
  }
}
