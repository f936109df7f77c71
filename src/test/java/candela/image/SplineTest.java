package candela.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Against skimage 0.26: resize(x, …, order=5, mode="reflect", anti_aliasing=False). */
class SplineTest {
  /** Float32 output. */
  private static final Offset<Float> ROUNDING = Offset.offset(2e-6f);

  private static float[] wave(int h, int w) {
    float[] x = new float[h * w];
    for (int i = 0; i < x.length; i++) {
      int row = i / w;
      int column = i % w;
      x[i] = (float) (Math.sin(0.3 * column + 0.17 * row) + 0.5 * Math.cos(0.05 * column * row));
    }
    return x;
  }

  @Test
  void enlargingIsSkimagesOfOrderFive() {
    float[] y = Spline.of(wave(7, 5), 7, 5, 11, 16);
    float[] some = {y[0], y[15], y[5 * 16 + 7], y[10 * 16 + 3], y[175]};
    assertThat(some)
        .containsExactly(
            new float[] {0.55624888f, 1.41326943f, 1.35951117f, 1.39900072f, 1.03358343f},
            ROUNDING);
    double sum = 0;
    for (float v : y) {
      sum += v;
    }
    assertThat(sum).isCloseTo(216.24646495, Offset.offset(1e-4));
  }

  @Test
  void aLineOfOneRowIsEnlargedAlongItself() {
    assertThat(Spline.of(wave(1, 5), 1, 5, 1, 9))
        .containsExactly(
            new float[] {
              0.5207698f,
              0.54553802f,
              0.75100401f,
              0.94330652f,
              1.06464243f,
              1.17879368f,
              1.30933581f,
              1.41193945f,
              1.42296647f
            },
            ROUNDING);
  }

  @Test
  void whatIsNotResizedStays() {
    float[] x = wave(7, 5);
    assertThat(Spline.of(x, 7, 5, 7, 5)).containsExactly(x, ROUNDING);
    assertThat(Spline.of(new float[] {3}, 1, 1, 3, 2)).containsOnly(3f);
  }

  @Test
  void noValueLeavesTheRangeAndNanStays() {
    float[] step = {0, 0, 0, 1, 1, 1};
    for (float v : Spline.of(step, 1, 6, 5, 60)) {
      assertThat(v).isBetween(0f, 1f);
    }
    step[2] = Float.NaN;
    assertThat(Spline.of(step, 1, 6, 1, 12)).containsOnly(Float.NaN);
  }
}
