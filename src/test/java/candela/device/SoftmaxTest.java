package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.doubles;
import static candela.device.Rig.numbers;

import candela.reference.Rows;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("kernel")
class SoftmaxTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void softmaxIsTheReference(boolean log) {
    for (int[] s : new int[][] {{1, 1}, {3, 7}, {7, 33}, {3, 1000}, {501, 197}}) {
      float[] x = numbers(s[1], s[0] * s[1]);
      String what = "softmax log=" + log + " [" + s[0] + "," + s[1] + "]";
      agree(
          what,
          Rig.run(
              what,
              rig -> {
                MemorySegment y = rig.in(x);
                rig.kernels().softmax().softmaxForward(log, s[0], s[1], y, y);
                return rig.floats(y);
              }),
          Rows.softmax(log, s[0], s[1], doubles(x)));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theGradientIsTheSlopeOfTheReference(boolean log) {
    for (int[] s : new int[][] {{1, 1}, {3, 7}, {2, 33}, {1, 67}}) {
      float[] x = numbers(s[1], s[0] * s[1]);
      double[] exact = Rows.softmax(log, s[0], s[1], doubles(x));
      float[] y = new float[exact.length];
      for (int i = 0; i < y.length; i++) {
        y[i] = (float) exact[i];
      }
      Rig.gradient(
          "softmax log=" + log + " [" + s[0] + "," + s[1] + "]",
          doubles(x),
          numbers(3, y.length),
          v -> Rows.softmax(log, s[0], s[1], v),
          (rig, add, dy, dx) ->
              rig.kernels().softmax().softmaxBackward(log, add, s[0], s[1], rig.in(y), dy, dx));
    }
  }

  @Test
  void greatLogitsDoNotOverflow() {
    agree(
        "softmax [1,3] of 1000, 1000, -infinity",
        Rig.run(
            "softmax",
            rig -> {
              MemorySegment y = rig.out(3);
              rig.kernels()
                  .softmax()
                  .softmaxForward(false, 1, 3, rig.in(1000f, 1000f, Float.NEGATIVE_INFINITY), y);
              return rig.floats(y);
            }),
        new double[] {0.5, 0.5, 0});
  }

  @Test
  void nanSpoilsItsRowOnly() {
    agree(
        "softmax [2,2] with NaN",
        Rig.run(
            "softmax",
            rig -> {
              MemorySegment y = rig.out(4);
              rig.kernels().softmax().softmaxForward(false, 2, 2, rig.in(1f, Float.NaN, 2f, 2f), y);
              return rig.floats(y);
            }),
        new double[] {Double.NaN, Double.NaN, 0.5, 0.5});
  }
}
