package candela.roar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Dataset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RemovalTest {
  private static final byte[] GREY = {100};

  private static Removal removal(boolean keep, Double... fractions) {
    return new Removal(new Fractions(List.of(fractions)), keep, GREY, 7);
  }

  @Test
  void absoluteAndValueRankByHand() {
    float[] map = {-3, 1, 2, 0};
    assertThat(Ranking.ABSOLUTE.importance(map)).containsExactly(3, 1, 2, 0);
    assertThat(Ranking.VALUE.importance(map)).containsExactly(-3, 1, 2, 0);
    // halves: by size -3 and 2 go first, by value 2 and 1
    Removal half = removal(false, 0.5);
    assertThat(half.steps(Ranking.ABSOLUTE.importance(map), 0)).containsExactly(0, 1, 0, 1);
    assertThat(half.steps(Ranking.VALUE.importance(map), 0)).containsExactly(1, 0, 0, 1);
  }

  /** Of 6 pixels 0.25 are 1.5, which is 2; 0.5 are 3; 0.6 are 3.6, which is 4. */
  @Test
  void fractionsAreOfPixelsToTheNearest() {
    float[] importance = {2, 5, 6, 3, 1, 0};
    assertThat(removal(false, 0.25, 0.5, 0.6).steps(importance, 0))
        .containsExactly(2, 0, 0, 1, 3, 3);
    assertThat(removal(false, 0.01, 0.05, 0.9).steps(importance, 0))
        .as("0.06 and 0.3 pixels are none, 5.4 are 5")
        .containsExactly(2, 2, 2, 2, 2, 3);
  }

  /** Row by row, half of a map of zeros would be the picture's upper half. */
  @Test
  void equalPixelsGoInAnOrderDrawnForThePicture() {
    Removal removal = removal(false, 0.5);
    float[] map = new float[256];
    map[255] = 1;
    map[3] = -1;
    byte[] steps = removal.steps(map, 5);
    assertThat(steps[255]).isZero();
    assertThat(steps[3]).isEqualTo((byte) 1);
    int above = 0;
    int gone = 0;
    for (int i = 0; i < 256; i++) {
      gone += steps[i] == 0 ? 1 : 0;
      above += i < 128 && steps[i] == 0 ? 1 : 0;
    }
    assertThat(gone).isEqualTo(128);
    assertThat(above).isBetween(40, 88);
    assertThat(removal.steps(map, 5)).isEqualTo(steps);
    assertThat(removal.steps(map, 6)).isNotEqualTo(steps);
  }

  @Test
  void whatGoesBecomesTheFill() {
    byte[] picture = {1, 2, 3, 4};
    byte[] steps = {2, 0, 1, 2};
    assertThat(removal(false, 0.25, 0.5).apply(picture, steps, 0)).containsExactly(1, 100, 3, 4);
    assertThat(removal(false, 0.25, 0.5).apply(picture, steps, 1)).containsExactly(1, 100, 100, 4);
    assertThat(removal(true, 0.25, 0.5).apply(picture, steps, 0))
        .as("kept")
        .containsExactly(100, 2, 100, 100);
    assertThat(picture).as("not written to").containsExactly(1, 2, 3, 4);
  }

  /** Red: (250 + 251 + 0 + 0) / 4 = 125.25; green: (1 + 0 + 1 + 0) / 4 = 0.5; blue 255. */
  @Test
  void theFillIsTheMeanOfEachChannel() {
    byte full = (byte) 255;
    Dataset two =
        new Dataset(
            Shape.of(3, 1, 2),
            List.of(
                new byte[] {(byte) 250, 1, full, (byte) 251, 0, full},
                new byte[] {0, 1, full, 0, 0, full}),
            new int[] {0, 1},
            List.of("a", "b"));
    assertThat(Removal.means(two)).containsExactly(125, 1, full);
    Removal removal = Removal.of(new Fractions(List.of(0.5)), false, two, 1);
    Dataset changed = removal.apply(two, List.of(new byte[] {1, 0}, new byte[] {0, 1}), 0);
    assertThat(changed.pixels().get(0)).containsExactly(250, 1, 255, 125, 1, 255);
    assertThat(changed.pixels().get(1)).containsExactly(125, 1, 255, 0, 0, 255);
    assertThat(changed.labels()).isEqualTo(two.labels());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0,0.5 | numbers above 0 and below 1 expected, got 0.0",
        "0.5,1 | numbers above 0 and below 1 expected, got 1.0",
        "NaN | numbers above 0 and below 1 expected, got NaN",
        "0.5,0.5 | each larger than the one before, got [0.5, 0.5]",
        "0.5,,0.7 | numbers with commas between expected, got '0.5,,0.7'",
      })
  void fractionsOutsideAreRefused(String text, String sentence) {
    assertThatThrownBy(() -> Fractions.parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(sentence);
  }

  /** Of 0.5, 0.7 and 0.6 the mean is 0.6, the sample deviation √(0.02 / 2) = 0.1. */
  @Test
  void meansAndDeviationsAreOverTheRestarts() {
    Results results = new Results();
    double[] accuracies = {0.5, 0.7, 0.6};
    for (int r = 0; r < 3; r++) {
      results.add(new Result(new Training("gradient", 0.1, r), accuracies[r], 1, null));
    }
    results.add(new Result(new Training("gradient", 0.3, 0), 0.2, 1, null));
    assertThat(results.mean("gradient", 0.1)).isCloseTo(0.6, within(1e-12));
    assertThat(results.deviation("gradient", 0.1)).isCloseTo(0.1, within(1e-12));
    assertThat(results.deviation("gradient", 0.3)).isNaN();
    assertThat(results.mean("sobel", 0.1)).isNaN();
    assertThat(results.have(new Training("gradient", 0.1, 2))).isTrue();
    assertThat(results.have(new Training("gradient", 0.1, 3))).isFalse();
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }
}
