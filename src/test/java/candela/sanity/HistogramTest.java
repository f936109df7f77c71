package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class HistogramTest {
  private static final Offset<Double> ROUNDING = Offset.offset(1e-12);

  @Test
  void theLastBinIsClosed() {
    // bins 0 … 1, 1 … 2, 2 … 3 and 3 … 4: one, one, none, two
    assertThat(Histogram.entropy(new float[] {0, 1.5f, 3, 4}, 4))
        .isCloseTo(0.5 * Math.log(4) + 0.5 * Math.log(2), ROUNDING);
    assertThat(Histogram.entropy(new float[] {-1, 1}, 100)).isCloseTo(Math.log(2), ROUNDING);
    assertThat(Histogram.entropy(new float[] {-2, 0, 2}, 2))
        .isCloseTo(Math.log(3) - 2 / 3.0 * Math.log(2), ROUNDING);
  }

  @Test
  void whatIsEqualHasNoEntropy() {
    assertThat(Histogram.entropy(new float[] {3, 3, 3}, 10)).isZero();
    assertThat(Histogram.entropy(new float[1], 10)).isZero();
  }

  @Test
  void valuesThatAreNotFiniteHaveNone() {
    assertThat(Histogram.entropy(new float[] {1, Float.NaN}, 10)).isNaN();
    assertThat(Histogram.entropy(new float[] {1, Float.NEGATIVE_INFINITY}, 10)).isNaN();
  }

  @Test
  void aMapAndItsDoubleAreEquallyComplex() {
    float[] map = {0.1f, -3, 7, 2.5f, 1, 0};
    float[] twice = map.clone();
    for (int i = 0; i < twice.length; i++) {
      twice[i] *= 2;
    }
    assertThat(Histogram.entropy(twice, 7)).isEqualTo(Histogram.entropy(map, 7));
  }
}
