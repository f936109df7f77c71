package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScaleTest {
  @Test
  void theLimitIsNumpysPercentile() {
    // |v| sorted: 0 1 2 3 4; 90 % of rank 4 is 3.6.
    Scale scale = Scale.of(new float[] {-4, 3, -2, 1, 0}, true, 90);
    assertThat(scale.limit()).isCloseTo(3.6, within(1e-12));
    assertThat(scale.part(-4)).isEqualTo(-1);
    assertThat(scale.part(1.8f)).isCloseTo(0.5, within(1e-7));
    assertThat(scale.words()).isEqualTo("clipped at percentile 90 of |v|");
  }

  @Test
  void mapsMayShareAScale() {
    Scale scale = Scale.shared(List.of(new float[] {1}, new float[] {-8, 2}), true, 100);
    assertThat(scale.limit()).isEqualTo(8);
    assertThat(scale.words()).isEqualTo("not clipped");
  }

  @Test
  void aFewValuesInAZeroMapAreSeen() {
    float[] map = new float[1000];
    map[7] = 0.5f;
    assertThat(Scale.of(map, false, 99).limit()).isEqualTo(0.5);
  }

  @Test
  void zeroAndEmptyMapsHaveALimitOfZero() {
    assertThat(Scale.of(new float[9], true, 99).part(0)).isZero();
    assertThat(Scale.of(new float[9], true, 99).words()).isEqualTo("all values are zero");
    assertThat(Scale.of(new float[0], true, 99).limit()).isZero();
  }

  @Test
  void whatIsNotFiniteIsCountedAndLeftOut() {
    float[] map = {Float.NaN, Float.POSITIVE_INFINITY, -2, 2};
    Scale scale = Scale.of(map, true, 99);
    assertThat(scale.limit()).isEqualTo(2);
    assertThat(scale.part(Float.POSITIVE_INFINITY)).isNaN();
    assertThat(scale.words()).endsWith("2 not finite (grey)");
  }

  /** 0.5 … 0.7: from zero on, all would be one colour. */
  @Test
  void mapsFarFromZeroStartAtTheirLowest() {
    float[] map = new float[201];
    for (int i = 0; i < map.length; i++) {
      map[i] = .5f + i / 1000f;
    }
    Scale scale = Scale.of(map, false, 99);
    assertThat(scale.start()).isCloseTo(.502, within(1e-6));
    assertThat(scale.part(.6f)).isCloseTo(.5, within(1e-5));
    assertThat(scale.part(.4f)).isZero();
    assertThat(Scale.of(map, true, 99).start()).isZero();
    map[0] = 0;
    map[1] = 0;
    map[2] = 0;
    assertThat(Scale.of(map, false, 99).start()).isZero();
  }

  @Test
  void unsignedMapsStartAtZero() {
    assertThat(Scale.of(new float[] {-1, 1}, false, 99).part(-1)).isZero();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 100.5, Double.NaN})
  void otherPercentilesAreRefused(double percentile) {
    assertThatThrownBy(() -> Scale.of(new float[1], true, percentile))
        .isInstanceOf(CandelaException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "0.00883, 0.00883",
    "-12.345, -12.3",
    "1234.4, 1234",
    "0.0001, 1.00e-4",
    "123456, 1.23e5",
    "0.5, 0.5",
    "100, 100"
  })
  void numbersHaveThreeDigits(double value, String text) {
    assertThat(Scale.number(value)).isEqualTo(text);
  }
}
