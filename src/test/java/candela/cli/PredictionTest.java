package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PredictionTest {
  /** exp(ln 2), exp(ln 1), exp(ln 1): half, a quarter, a quarter. */
  @Test
  void probabilitiesAreTheSoftmaxOfTheLogits() {
    Prediction p = new Prediction(new float[] {(float) Math.log(2) + 1000, 1000, 1000});
    assertThat(p.probability(0)).isCloseTo(0.5, within(1e-4));
    assertThat(p.probability(2)).isCloseTo(0.25, within(1e-4));
  }

  @Test
  void classesAreOrderedByScoreAndTiesByNumber() {
    Prediction p = new Prediction(new float[] {1, 3, 2, 3});
    assertThat(p.top(3)).containsExactly(1, 3, 2);
    assertThat(p.top(9)).containsExactly(1, 3, 2, 0);
    assertThat(p.best()).isEqualTo(1);
  }
}
