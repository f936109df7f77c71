package candela.image;

import static org.assertj.core.api.Assertions.assertThat;

import candela.PlainImputer;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against Gaussian elimination, and cases worked by hand. */
class LinearImputerTest {
  /** Of a range of about 6, by the bound that is stated. */
  private static final Offset<Double> ERROR = Offset.offset(1e-5);

  @ParameterizedTest
  @ValueSource(doubles = {0.05, 0.3, 0.6, 0.95})
  void missingPixelsAreTheMeansOfThoseAround(double share) {
    int c = 2;
    int h = 11;
    int w = 14;
    var random = new Random(3);
    float[] x = new float[c * h * w];
    boolean[] missing = new boolean[h * w];
    byte[] hole = new byte[h * w];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < missing.length; i++) {
      missing[i] = random.nextDouble() < share;
      hole[i] = (byte) (missing[i] ? -1 : 0);
    }
    float[] y = new float[x.length + 5];
    float[] unread = x.clone();
    for (int i = 0; i < x.length; i++) {
      unread[i] = missing[i % (h * w)] ? Float.NaN : x[i];
    }
    assertThat(LinearImputer.fill(unread, c, h, w, hole, y, 5)).isTrue();
    for (int channel = 0; channel < c; channel++) {
      double[] wanted = PlainImputer.filled(x, channel * h * w, h, w, missing);
      for (int i = 0; i < wanted.length; i++) {
        int at = channel * h * w + i;
        assertThat((double) y[5 + at]).as("%d", at).isCloseTo(wanted[i], ERROR);
        if (!missing[i]) {
          assertThat(y[5 + at]).isEqualTo(x[at]);
        }
      }
    }
  }

  /** Of any form: each is the mean of those around it, and none is beyond what is known. */
  @ParameterizedTest
  @CsvSource({"57, 40, 0.97", "1, 300, 0.9", "200, 1, 0.9", "33, 65, 0.5"})
  void holesOfAnyFormAreFilledSmoothly(int h, int w, double share) {
    var random = new Random(7);
    float[] x = new float[h * w];
    byte[] hole = new byte[h * w];
    float most = 0;
    for (int i = 0; i < x.length; i++) {
      boolean gone = i < h * w / 2 || random.nextDouble() < share;
      hole[i] = (byte) (gone ? 1 : 0);
      x[i] = (float) random.nextGaussian();
      most = gone ? most : Math.max(most, Math.abs(x[i]));
    }
    float[] y = new float[x.length];
    assertThat(LinearImputer.fill(x, 1, h, w, hole, y, 0)).isTrue();
    for (int i = 0; i < y.length; i++) {
      if (hole[i] != 0) {
        double sum = 0;
        double weights = 0;
        for (int j = 0; j < y.length; j++) {
          int dy = Math.abs(i / w - j / w);
          int dx = Math.abs(i % w - j % w);
          double weight = Math.max(dy, dx) != 1 ? 0 : dy + dx == 1 ? 1 / 6.0 : 1 / 12.0;
          sum += weight * y[j];
          weights += weight;
        }
        assertThat((double) y[i]).isCloseTo(sum / weights, Offset.offset(1e-5));
        assertThat(Math.abs(y[i])).isLessThanOrEqualTo(most + 1e-5f);
      }
    }
  }

  @Test
  void aLineGoesOnAcrossAHole() {
    byte[] hole = {0, 1, 1, 1, 0};
    float[] y = new float[5];
    assertThat(LinearImputer.fill(new float[] {1, 0, 0, 0, 5}, 1, 1, 5, hole, y, 0)).isTrue();
    for (int i = 0; i < 5; i++) {
      assertThat(y[i]).isCloseTo(1 + i, Offset.offset(1e-4f));
    }
    // nothing but one pixel is known
    assertThat(LinearImputer.fill(new float[] {9, 9, 7, 9}, 1, 2, 2, new byte[] {1, 1, 0, 1}, y, 1))
        .isTrue();
    assertThat(y).containsExactly(1, 7, 7, 7, 7);
  }

  /** Whatever the holes: residuals are nothing but rounding. */
  @Test
  void whatIsOfOneValueStaysSo() {
    var random = new Random(11);
    for (int time = 0; time < 2000; time++) {
      int h = 1 + random.nextInt(time % 50 == 0 ? 70 : 7);
      int w = 1 + random.nextInt(time % 50 == 0 ? 70 : 7);
      float value = time % 3 == 0 ? 3e38f : (float) random.nextGaussian();
      float[] x = new float[h * w];
      byte[] hole = new byte[h * w];
      for (int i = 1; i < x.length; i++) {
        hole[i] = (byte) (random.nextDouble() < 0.7 ? 1 : 0);
      }
      Arrays.fill(x, value);
      float[] y = new float[h * w];
      assertThat(LinearImputer.fill(x, 1, h, w, hole, y, 0)).isTrue();
      assertThat(y).as("%d x %d", h, w).containsExactly(x);
      // and of two that are neighbours among floats, between them
      x[0] = Math.nextUp(value);
      LinearImputer.fill(x, 1, h, w, hole, y, 0);
      for (float v : y) {
        assertThat(v).isBetween(value, x[0]);
      }
    }
  }

  @Test
  void whereNothingIsKnownNothingIsWritten() {
    float[] y = {1, 2};
    assertThat(LinearImputer.fill(new float[2], 1, 1, 2, new byte[] {1, 1}, y, 0)).isFalse();
    assertThat(y).containsExactly(1, 2);
  }
}
