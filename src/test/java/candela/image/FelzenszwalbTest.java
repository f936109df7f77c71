package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.tensor.CandelaException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FelzenszwalbTest {
  /**
   * Edges of the strip weigh 1, 2, 8, 1. k = 1: 0–1 weighs no less than 0 + 1/1, nothing is joined.
   * k = 3: 1, less than 3, joins 0, 1 and 3, 4; then 2, less than 1 + 3/2, joins pixel 2; 8 is more
   * than 1 + 3/2. k = 20: 8 is less than 2 + 20/3 and 1 + 20/2.
   */
  @Test
  void aStripWorkedByHand() {
    double[] strip = {0, 1, 3, 11, 12};
    assertThat(labels(1, 0, strip)).containsExactly(0, 1, 2, 3, 4);
    assertThat(labels(3, 0, strip)).containsExactly(0, 0, 0, 1, 1);
    assertThat(labels(20, 0, strip)).containsOnly(0);
  }

  /** As before, but each pixel is less than 2: over 1, 1, then 2 they join. */
  @Test
  void smallRegionsJoinTheNearest() {
    double[] strip = {0, 1, 3, 11, 12};
    assertThat(labels(1, 2, strip)).containsExactly(0, 0, 0, 1, 1);
    assertThat(labels(1, 3, strip)).containsOnly(0);
  }

  /** Corner to corner is next to each other, both ways. */
  @Test
  void pixelsHaveEightNeighbours() {
    double[] x = {0, 9, 9, 0};
    assertThat(new Felzenszwalb(x, 1, 2, 2, 0).labels(255, 0)).containsExactly(0, 1, 1, 0);
  }

  /** 3, 4 and 0: a distance of 5 is less than 6, but not than 5. */
  @Test
  void coloursAreAsFarApartAsPoints() {
    double[] x = {0, 3, 0, 4, 0, 0};
    var of = new Felzenszwalb(x, 3, 1, 2, 0);
    assertThat(of.labels(255 * 6, 0)).containsExactly(0, 0);
    assertThat(of.labels(255 * 5, 0)).containsExactly(0, 1);
  }

  private static int[] labels(double k, int minSize, double... strip) {
    return new Felzenszwalb(strip, 1, 1, strip.length, 0).labels(255 * k, minSize);
  }

  /** The labels of scikit-image 0.26, of a photo at −1 … 1; CRC-32 of their bytes. */
  @ParameterizedTest
  @CsvSource({
    "0644, 50, 71, 2439680677",
    "0644, 250, 39, 2064815777",
    "0644, 1200, 13, 482353697",
    "0115, 50, 55, 3049720676",
    "0115, 250, 28, 2163628297",
    "0115, 1200, 12, 1630353261",
  })
  void photosHaveTheLabelsOfScikitImage(String photo, double scale, int count, long crc) {
    float[] x = Npy.read(Shared.path("reference/squeezenet1.1/" + photo + "-input.npy")).values();
    double[] levels = new double[x.length];
    Arrays.setAll(levels, i -> x[i] / 128.0);
    int[] labels = new Felzenszwalb(levels, 3, 224, 224, 0.8).labels(scale, 150);
    assertThat(Arrays.stream(labels).distinct().count()).isEqualTo(count);
    assertThat(SlicTest.crc(labels)).isEqualTo(crc);
  }

  @Test
  void wrongParametersAreSaid() {
    double[] x = new double[1];
    var of = new Felzenszwalb(x, 1, 1, 1, 1);
    assertThatThrownBy(() -> of.labels(0, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessage("felzenszwalb: scale: a number above 0 expected, got 0.0");
    assertThatThrownBy(() -> of.labels(1, -1)).hasMessageContaining("minSize");
    assertThatThrownBy(() -> new Felzenszwalb(x, 1, 1, 1, -1)).hasMessageContaining("sigma");
    assertThatThrownBy(() -> new Felzenszwalb(new double[] {Double.NaN}, 1, 1, 1, 1))
        .hasMessage("felzenszwalb: finite levels expected, got NaN");
  }
}
