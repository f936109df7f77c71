package candela.device;

import static candela.device.Rig.agree;
import static candela.device.Rig.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Attack.Ball;
import candela.device.Attack.Kind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("kernel")
class AttackTest {
  private static float[] step(
      Kind kind, Ball ball, int channels, float step, float epsilon, float[][] v, int rows) {
    return Rig.run(
        kind + " " + ball,
        rig -> {
          MemorySegment y = rig.in(v[5].clone());
          int pixels = v[3].length / rows / channels;
          rig.kernels()
              .attack()
              .attackStep(
                  kind,
                  ball,
                  rows,
                  channels,
                  pixels,
                  step,
                  epsilon,
                  rig.in(v[0]),
                  rig.in(v[1]),
                  rig.in(v[2]),
                  rig.in(v[3]),
                  rig.in(v[4]),
                  y);
          return rig.floats(y);
        });
  }

  private static float[] f(float... values) {
    return values;
  }

  /** x = 0.5 each; sign step 0.2 is cut to 0.1; 0.95 + 0.1 is cut to 1; no direction, no step. */
  @Test
  void signStepsStayInTheCubeAndTheRange() {
    float[] x = f(0.5f, 0.5f, 0.95f, 0.5f);
    float[][] v = {f(1), f(0), f(1), x, f(3, -0.1f, 2, 0), x};
    agree(
        "sign",
        step(Kind.SIGN, Ball.LINF, 1, 0.2f, 0.1f, v, 1),
        new double[] {0.6f, 0.4f, 1, 0.5f});
  }

  /** Direction (3, 4) has length 5: a step of 1 goes (0.6, 0.8), the ball of 0.5 halves it. */
  @Test
  void unitStepsStayInTheBall() {
    float[] x = f(0, 0);
    float[][] v = {f(1), f(-9), f(9), x, f(3, 4), x};
    agree("inside", step(Kind.UNIT, Ball.L2, 1, 1, 2, v, 1), new double[] {0.6, 0.8});
    agree("outside", step(Kind.UNIT, Ball.L2, 1, 1, 0.5f, v, 1), new double[] {0.3, 0.4});
  }

  /**
   * With deviations 0.5 and 0.25 a pixel step of 0.1 is 0.2 and 0.4 in values, and gradients in
   * pixels are twice and four times as long: (2, 4) becomes (4, 16) / sqrt(272).
   */
  @Test
  void lengthsAreOfPixels() {
    float[] x = f(0, 0);
    float[][] v = {f(0.5f, 0.25f), f(-9, -9), f(9, 9), x, f(2, 4), x};
    agree("sign", step(Kind.SIGN, Ball.LINF, 2, 0.1f, 9, v, 1), new double[] {0.2, 0.4});
    double length = Math.sqrt(272);
    agree(
        "unit",
        step(Kind.UNIT, Ball.L2, 2, 1, 9, v, 1),
        new double[] {4 / length / 0.5, 16 / length / 0.25});
  }

  @ParameterizedTest
  @EnumSource(Ball.class)
  void noStepLeavesTheBall(Ball ball) {
    int n = 3 * 35;
    float[] x = numbers(1, 3 * n);
    float[][] v = {
      f(0.5f, 0.25f, 2), f(-5, -5, -5), f(5, 5, 5), x, numbers(2, 3 * n), numbers(3, 3 * n)
    };
    for (Kind kind : Kind.values()) {
      float[] y = step(kind, ball, 3, 1, 0.75f, v, 3);
      for (int r = 0; r < 3; r++) {
        double most = 0;
        double square = 0;
        for (int i = 0; i < n; i++) {
          double off = (y[r * n + i] - (double) x[r * n + i]) * v[0][i / 35];
          most = Math.max(most, Math.abs(off));
          square += off * off;
        }
        double length = ball == Ball.L2 ? Math.sqrt(square) : most;
        assertThat(length).as("%s %s row %d", kind, ball, r).isBetween(0.7499, 0.7501);
      }
    }
  }
}
