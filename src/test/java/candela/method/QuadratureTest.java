package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuadratureTest {
  /** Captum, tests/attr/test_approximation_methods.py. */
  @Test
  void trapezoidWeightsAreCaptums() {
    assertThat(Quadrature.RIEMANN_TRAPEZOID.weights(2)).containsExactly(0.25, 0.25);
    assertThat(Quadrature.RIEMANN_TRAPEZOID.weights(3)).containsExactly(1 / 6.0, 1 / 3.0, 1 / 6.0);
    assertThat(Quadrature.RIEMANN_TRAPEZOID.points(3)).containsExactly(0, 0.5, 1);
  }

  @Test
  void theTrapezoidRuleAndTheMeanOfAllPointsAddUpToOne() {
    for (Quadrature q : new Quadrature[] {Quadrature.TRAPEZOID, Quadrature.INCLUSIVE_MEAN}) {
      assertThat(q.points(5)).containsExactly(0, 0.25, 0.5, 0.75, 1);
    }
    assertThat(Quadrature.TRAPEZOID.weights(3)).containsExactly(0.25, 0.5, 0.25);
    assertThat(Quadrature.INCLUSIVE_MEAN.weights(4)).containsExactly(0.25, 0.25, 0.25, 0.25);
  }

  @Test
  void riemannPointsStandWhereTheNameSays() {
    assertThat(Quadrature.RIEMANN_LEFT.points(4)).containsExactly(0, 0.25, 0.5, 0.75);
    assertThat(Quadrature.RIEMANN_MIDDLE.points(2)).containsExactly(0.25, 0.75);
    assertThat(Quadrature.RIEMANN_RIGHT.points(4)).containsExactly(0.25, 0.5, 0.75, 1);
  }

  /** On −1…1 the rule of 3 points has ±sqrt(3/5), 0 with 5/9, 8/9, 5/9. */
  @Test
  void threeLegendrePointsAreTheTextbooks() {
    double[] points = Quadrature.GAUSSLEGENDRE.points(3);
    double[] weights = Quadrature.GAUSSLEGENDRE.weights(3);
    double far = Math.sqrt(0.6);
    for (int i = 0; i < 3; i++) {
      assertThat(points[i]).isCloseTo(0.5 + (i - 1) * far / 2, within(1e-14));
      assertThat(weights[i]).isCloseTo(i == 1 ? 8 / 18.0 : 5 / 18.0, within(1e-14));
    }
  }

  @Test
  void legendreIsExactForPolynomialsOfDegreeBelowTwiceThePoints() {
    for (int n : new int[] {1, 2, 7, 50, 200}) {
      double[] points = Quadrature.GAUSSLEGENDRE.points(n);
      double[] weights = Quadrature.GAUSSLEGENDRE.weights(n);
      assertThat(Arrays.stream(weights).sum()).isCloseTo(1, within(1e-13));
      double integral = 0;
      int degree = 2 * n - 1;
      for (int i = 0; i < n; i++) {
        integral += weights[i] * Math.pow(points[i], degree);
      }
      assertThat(integral).isCloseTo(1.0 / (degree + 1), within(1e-13));
    }
  }

  /** Before a run begins, and in the name of the method that was asked. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "internal-influence:method=trapezoid,nSteps=1; 2 to 16777216 expected with trapezoid, got"
            + " 1",
        "integrated-gradients:method=inclusive_mean,nSteps=1;"
            + " 2 to 16777216 expected with inclusive_mean, got 1",
        "integrated-gradients:nSteps=2147483647;"
            + " 1 to 8192 expected with gausslegendre, got 2147483647",
        "integrated-gradients:method=riemann_left,nSteps=2147483647;"
            + " 1 to 16777216 expected with riemann_left, got 2147483647",
        "xrai:nSteps=0; 1 to 8192 expected with gausslegendre, got 0",
        "layer-conductance:nSteps=2147483647; at most 16777216 expected, got 2147483647",
        "blur-integrated-gradients:nSteps=2147483647;"
            + " at most 16777216 expected, got 2147483647",
        "guided-integrated-gradients:nSteps=2147483647;"
            + " at most 16777216 expected, got 2147483647"
      })
  void pointsThatARuleIsNotMadeForAreRefused(String method, String why) {
    assertThatThrownBy(() -> Methods.parse(method))
        .isInstanceOf(CandelaException.class)
        .hasMessage(method.substring(0, method.indexOf(':')) + ": nSteps: " + why);
  }
}
