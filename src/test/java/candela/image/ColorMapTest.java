package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColorMapTest {
  @Test
  void zeroIsExactlyWhite() {
    assertThat(ColorMap.DIVERGING.at(0)).isEqualTo(0xFFFFFF);
  }

  @Test
  void negativeIsBlueAndPositiveRed() {
    int low = ColorMap.DIVERGING.at(-1);
    int high = ColorMap.DIVERGING.at(1);
    assertThat(low & 255).isGreaterThan(2 * (low >> 16));
    assertThat(high >> 16).isGreaterThan(2 * (high & 255));
  }

  /** Luminance Y of CIE 1931 from sRGB. */
  private static double luminance(int color) {
    double[] part = new double[3];
    for (int c = 0; c < 3; c++) {
      double v = (color >> (16 - 8 * c) & 255) / 255.0;
      part[c] = v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  }

  @Test
  void lightnessFallsFromZeroOnBothSides() {
    for (int i = 1; i <= 64; i++) {
      for (int sign : new int[] {-1, 1}) {
        double nearer = luminance(ColorMap.DIVERGING.at(sign * (i - 1) / 64.0));
        assertThat(luminance(ColorMap.DIVERGING.at(sign * i / 64.0))).isLessThan(nearer);
      }
    }
  }

  @Test
  void bothSidesAreAboutAsLight() {
    for (double t : new double[] {0.25, 0.5, 0.75, 1}) {
      double blue = Math.cbrt(luminance(ColorMap.DIVERGING.at(-t)));
      double red = Math.cbrt(luminance(ColorMap.DIVERGING.at(t)));
      assertThat(blue).as("t = " + t).isCloseTo(red, within(0.06));
    }
  }

  @Test
  void lightnessRisesWithTheSequentialMap() {
    for (int i = 1; i <= 64; i++) {
      assertThat(luminance(ColorMap.SEQUENTIAL.at(i / 64.0)))
          .isGreaterThan(luminance(ColorMap.SEQUENTIAL.at((i - 1) / 64.0)));
    }
  }

  /** Entries of matplotlib 3.11's inferno; the polynomial is at most 9 levels away. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0, 4",
    "32, 33, 12, 74",
    "64, 87, 16, 110",
    "96, 138, 34, 106",
    "128, 188, 55, 84",
    "160, 228, 90, 49",
    "192, 249, 142, 9",
    "224, 249, 203, 53",
    "255, 252, 255, 164"
  })
  void theSequentialMapIsInferno(int entry, int red, int green, int blue) {
    int color = ColorMap.SEQUENTIAL.at(entry / 255.0);
    assertThat(color >> 16).isCloseTo(red, within(9));
    assertThat(color >> 8 & 255).isCloseTo(green, within(9));
    assertThat(color & 255).isCloseTo(blue, within(9));
  }

  @Test
  void whatLiesOutsideTakesTheEndsAndNanIsGrey() {
    for (ColorMap map : ColorMap.values()) {
      assertThat(map.at(7)).isEqualTo(map.at(1));
      assertThat(map.at(-7)).isEqualTo(map.at(map.signed() ? -1 : 0));
      assertThat(map.at(Double.NaN)).isEqualTo(ColorMap.NOT_A_NUMBER);
    }
  }
}
