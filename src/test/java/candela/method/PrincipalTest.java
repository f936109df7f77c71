package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What makes a map the first principal component, and its sign the one that is promised. */
class PrincipalTest {
  /** Of the map's length: powers stop when they have settled. */
  private static final double ROUNDING = 1e-9;

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, false",
    "3, 5, 2, false",
    "40, 3, 7, false",
    "3, 3, 7, true",
    "40, 2, 9, true",
    "64, 7, 7, true",
  })
  void theMapIsTheLargestOfAllMixesOfChannels(int channels, int h, int w, boolean centred) {
    for (int seed = 0; seed < 5; seed++) {
      Random random = new Random(seed);
      var features = new FeatureMap(channels, h, w, Toy.draw(random, channels * h * w));
      double[] map = Principal.map(features, centred, false);
      double[][] a = matrix(features, centred);
      double[] mix = mix(a, map);
      double largest = Math.sqrt(square(map));
      // the mix that the map is made with is the map's own: A Aᵀ a = |a|² a
      double[] again = of(a, mix);
      double length = square(map);
      for (int i = 0; i < map.length; i++) {
        assertThat(again[i] / length).isCloseTo(map[i], Offset.offset(ROUNDING * largest));
      }
      double sum = 0;
      for (double v : mix) {
        sum += v;
      }
      assertThat(sum).isNotNegative();
      for (int draw = 0; draw < 200; draw++) {
        double[] other = random.doubles(channels, -1, 1).toArray();
        assertThat(Math.sqrt(square(of(a, other)) / square(other)))
            .isLessThanOrEqualTo(largest * (1 + ROUNDING));
      }
    }
  }

  @Test
  void nothingHasNoComponent() {
    assertThat(Principal.map(new FeatureMap(3, 2, 2, new float[12]), false, false)).containsOnly(0);
    var constant = new FeatureMap(1, 1, 3, new float[] {2, 2, 2});
    assertThat(Principal.map(constant, true, false)).containsOnly(0);
    assertThat(Principal.map(constant, false, false)).containsExactly(2, 2, 2);
  }

  /** [channels][pixels]. */
  private static double[][] matrix(FeatureMap features, boolean centred) {
    double[][] a = new double[features.channels()][features.pixels()];
    for (int k = 0; k < a.length; k++) {
      double mean = centred ? features.sum(k) / features.pixels() : 0;
      for (int i = 0; i < features.pixels(); i++) {
        a[k][i] = features.at(k, i) - mean;
      }
    }
    return a;
  }

  /** What each channel has in common with the map. */
  private static double[] mix(double[][] a, double[] map) {
    double[] mix = new double[a.length];
    for (int k = 0; k < mix.length; k++) {
      for (int i = 0; i < map.length; i++) {
        mix[k] += a[k][i] * map[i];
      }
    }
    return mix;
  }

  private static double[] of(double[][] a, double[] mix) {
    double[] map = new double[a[0].length];
    for (int k = 0; k < mix.length; k++) {
      for (int i = 0; i < map.length; i++) {
        map[i] += mix[k] * a[k][i];
      }
    }
    return map;
  }

  private static double square(double[] v) {
    double sum = 0;
    for (double e : v) {
      sum += e * e;
    }
    return sum;
  }
}
