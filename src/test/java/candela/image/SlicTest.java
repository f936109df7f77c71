package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels of skimage.segmentation.slic 0.26 with start_label=0, by their CRC-32 as bytes. */
class SlicTest {
  static long crc(int[] labels) {
    CRC32 crc = new CRC32();
    Arrays.stream(labels).forEach(crc::update);
    return crc.getValue();
  }

  /** Whole levels: stripes, tiles and rings. */
  private static double[] pattern(int h, int w) {
    double[] v = new double[3 * h * w];
    for (int i = 0; i < h * w; i++) {
      int y = i / w;
      int x = i % w;
      v[i] = (x * 7 + y * 3) % 256 / 255.0;
      v[h * w + i] = (x / 9 * 37 + y / 11 * 53) % 256 / 255.0;
      v[2 * h * w + i] = (x * x + y * y) / 31 % 256 / 255.0;
    }
    return v;
  }

  @ParameterizedTest
  @CsvSource({
    "40, 56, 20, 30, 3, 20, 20011, 3822392924",
    "33, 27, 15, 10, 0, 11, 5118, 2781847677",
    "61, 24, 9, 5, 1.5, 9, 5712, 1881154197",
  })
  void labelsAreThoseOfScikitImage(
      int h, int w, int segments, double compactness, double sigma, int count, long sum, long crc) {
    int[] labels = new Slic(segments, compactness, sigma).labels(pattern(h, w), 3, h, w);
    assertThat(Arrays.stream(labels).distinct().count()).isEqualTo(count);
    assertThat(Arrays.stream(labels).asLongStream().sum()).isEqualTo(sum);
    assertThat(crc(labels)).isEqualTo(crc);
  }

  /** SAM's parameters on a photo, and its green channel alone. */
  @ParameterizedTest
  @CsvSource({
    "0644, 47, 1383939830, 98, 3037835776",
    "0115, 47, 4282662775, 99, 3673627760",
  })
  void photosHaveTheLabelsOfScikitImage(String photo, int count, long crc, int green, long other) {
    Path file = Shared.path("reference/squeezenet1.1/" + photo + "-input.npy");
    float[] x = Npy.read(file).values();
    int n = 224 * 224;
    float[] mean = {104, 117, 123};
    double[] rgb = new double[3 * n];
    for (int i = 0; i < rgb.length; i++) {
      int c = 2 - i / n;
      rgb[i] = (x[c * n + i % n] + mean[c]) / 255.0;
    }
    int[] labels = new Slic(50, 30, 3).labels(rgb, 3, 224, 224);
    assertThat(Arrays.stream(labels).distinct().count()).isEqualTo(count);
    assertThat(crc(labels)).isEqualTo(crc);
    labels = new Slic(100, 0.3, 1).labels(Arrays.copyOfRange(rgb, n, 2 * n), 1, 224, 224);
    assertThat(Arrays.stream(labels).distinct().count()).isEqualTo(green);
    assertThat(crc(labels)).isEqualTo(other);
  }

  @Test
  void anyImageHasLabelsWithoutGaps() {
    for (int[] s : new int[][] {{1, 1, 5}, {1, 9, 3}, {9, 1, 100}, {2, 7, 3}, {8, 8, 1}}) {
      for (double[] v : new double[][] {new double[s[0] * s[1]], pattern(s[0], s[1])}) {
        int[] labels = new Slic(s[2], 10, 1).labels(v, v.length / s[0] / s[1], s[0], s[1]);
        int most = Arrays.stream(labels).max().orElseThrow();
        assertThat(labels).as(Arrays.toString(s)).hasSize(s[0] * s[1]).doesNotContain(-1);
        assertThat(Arrays.stream(labels).distinct().count()).isEqualTo(most + 1);
      }
    }
  }

  @Test
  void wrongParametersAreSaid() {
    assertThatThrownBy(() -> new Slic(0, 1, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessage("slic: segments: 1 or more expected, got 0");
    assertThatThrownBy(() -> new Slic(5, 30, 1001))
        .hasMessage("slic: sigma: a number from 0 to 1000 expected, got 1001.0");
    assertThatThrownBy(() -> new Slic(1, 0, 1)).hasMessageContaining("above 0 expected, got 0.0");
    assertThatThrownBy(() -> new Slic(1, 1, Double.NaN)).hasMessageContaining("sigma");
    assertThatThrownBy(() -> new Slic(1, 1, 1).labels(new double[] {Double.NaN}, 1, 1, 1))
        .hasMessage("slic: finite levels expected, got NaN");
  }
}
