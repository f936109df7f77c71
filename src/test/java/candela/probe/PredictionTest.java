package candela.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.graph.Likelihood;
import org.junit.jupiter.api.Test;

class PredictionTest {
  private static Prediction of(Likelihood likelihood, double... logits) {
    float[] z = new float[logits.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = (float) logits[i];
    }
    return new Prediction(z, likelihood);
  }

  /** exp(ln 2), exp(ln 1), exp(ln 1): half, a quarter, a quarter. */
  @Test
  void probabilitiesAreTheSoftmaxOfTheLogits() {
    Prediction p = of(Likelihood.SOFTMAX, Math.log(2) + 1000, 1000, 1000);
    assertThat(p.probability(0)).isCloseTo(0.5, within(1e-4));
    assertThat(p.probability(2)).isCloseTo(0.25, within(1e-4));
    assertThat(p.probabilities()).containsExactly(new float[] {.5f, .25f, .25f}, within(1e-4f));
  }

  /** 1 / (1 + 1/3), 1 / (1 + 1), 1 / (1 + 3). */
  @Test
  void classesByThemselvesHaveTheSigmoidOfTheirLogit() {
    Prediction p = of(Likelihood.SIGMOID, Math.log(3), 0, -Math.log(3));
    assertThat(p.probability(0)).isCloseTo(0.75, within(1e-7));
    assertThat(p.probabilities()).containsExactly(new float[] {.75f, .5f, .25f}, within(1e-7f));
    assertThat(of(Likelihood.SIGMOID, -1000, 1000).probabilities()).containsExactly(0, 1);
  }

  @Test
  void classesAreOrderedByScoreAndTiesByNumber() {
    Prediction p = of(Likelihood.SOFTMAX, 1, 3, 2, 3);
    assertThat(p.top(3)).containsExactly(1, 3, 2);
    assertThat(p.top(9)).containsExactly(1, 3, 2, 0);
    assertThat(p.best()).isEqualTo(1);
  }

  @Test
  void aClassIsPredictedWhereNoneIsLikelierOrItIsLikelierThanNot() {
    Prediction one = of(Likelihood.SOFTMAX, -1, -3, -1);
    assertThat(one.predicts(0)).isTrue();
    assertThat(one.predicts(1)).isFalse();
    assertThat(one.predicts(2)).isTrue();
    Prediction each = of(Likelihood.SIGMOID, 1, -3, 0);
    assertThat(each.predicts(0)).isTrue();
    assertThat(each.predicts(1)).isFalse();
    assertThat(each.predicts(2)).isTrue();
  }
}
