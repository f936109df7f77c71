package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;

import candela.probe.Range;
import candela.tensor.Shape;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class InformationTest {
  private static final Offset<Double> ROUNDING = Offset.offset(1e-12);

  private static double bits(int h, int w, float... levels) {
    int channels = levels.length / (h * w);
    return Information.bits(levels, 0, Shape.of(channels, h, w), new Range(0, 255));
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }

  @Test
  void aRampIsGuessed() {
    // 0, then 1 three times
    assertThat(bits(1, 4, 0, 1, 2, 3)).isCloseTo(2 + 3 * log2(4 / 3.0), ROUNDING);
    assertThat(bits(4, 1, 0, 1, 2, 3)).isCloseTo(2 + 3 * log2(4 / 3.0), ROUNDING);
    assertThat(bits(3, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7))
        .isCloseTo(log2(9) + 8 * log2(9 / 8.0), ROUNDING);
    assertThat(bits(2, 2, 0, 0, 0, 0)).isZero();
  }

  @Test
  void theNearestNeighbourIsTheGuess() {
    // 0; 255 after 0; 255 below 0; then left and above are as near to 510, and 0 − 255 is 1
    assertThat(bits(2, 2, 0, 255, 255, 0)).isCloseTo(2 * log2(2) + 2 * log2(4), ROUNDING);
    // 5, 4, then 0 as above, then 9 as above, which is 9 + 5 − 5: 5, 4, 0, 0
    assertThat(bits(2, 2, 5, 9, 5, 9)).isCloseTo(2 * log2(2) + 2 * log2(4), ROUNDING);
    // the same on its side: 5, 0, 4, 0
    assertThat(bits(2, 2, 5, 5, 9, 9)).isCloseTo(2 * log2(2) + 2 * log2(4), ROUNDING);
    // 10 + 20 − 15 is what is above at the left: 15, 5, −5, 5
    assertThat(bits(2, 2, 15, 20, 10, 20)).isCloseTo(2 * log2(2) + 2 * log2(4), ROUNDING);
  }

  @Test
  void channelsAddUpAndLevelsAreOfTheRange() {
    assertThat(bits(1, 4, 0, 1, 2, 3, 0, 0, 0, 0)).isEqualTo(bits(1, 4, 0, 1, 2, 3));
    float[] x = {9, -1, -0.5f, 0, 0.5f, 1};
    // 0, 64, 128, 191, 255
    assertThat(Information.bits(x, 1, Shape.of(1, 1, 5), new Range(-1, 1)))
        .isCloseTo(bits(1, 5, 0, 64, 128, 191, 255), ROUNDING);
    assertThat(Information.bits(x, 0, Shape.of(1, 1, 6), new Range(1, 1))).isZero();
  }
}
