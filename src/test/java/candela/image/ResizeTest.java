package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.StringJoiner;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ResizeTest {
  /** A picture without structure, the same one that Pillow was given. */
  private static Image source(int w, int h) {
    byte[] rgb = new byte[3 * w * h];
    for (int i = 0; i < rgb.length; i++) {
      int c = i % 3;
      int x = i / 3 % w;
      int y = i / 3 / w;
      rgb[i] = (byte) (x * 37 + y * 101 + c * 59 + x * y * 7 + x * x % 13 * 11);
    }
    return new Image(w, h, rgb);
  }

  /** All bytes of a 33 x 17 picture at 3 x 2, by Pillow 12.3. */
  @ParameterizedTest
  @CsvSource({
    "NEAREST, 93 152 211 7 66 125 122 181 240 157 216 19 175 234 37 138 197 0",
    "BOX, 130 132 126 127 129 131 139 125 122 125 132 130 118 127 134 118 122 135",
    "BILINEAR, 131 129 127 127 124 129 134 125 127 123 136 124 122 126 135 119 122 133",
    "BICUBIC, 132 130 126 127 124 129 135 125 126 123 137 123 122 125 136 118 121 134",
    "LANCZOS, 131 130 125 128 123 129 135 126 126 124 138 122 121 125 137 117 121 135",
  })
  void smallPicturesEqualPillows(Filter filter, String expected) {
    Image y = Resize.of(source(33, 17), 3, 2, filter);
    var words = new StringJoiner(" ");
    for (byte b : y.rgb()) {
      words.add(Integer.toString(b & 255));
    }
    assertThat(words.toString()).isEqualTo(expected);
  }

  /** Width and height before and after, filter, CRC-32 of all bytes by Pillow 12.3. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "500 375 341 256 NEAREST 1601236648",
        "500 375 341 256 BOX 3253500744",
        "500 375 341 256 BILINEAR 1262537906",
        "500 375 341 256 BICUBIC 1409311887",
        "500 375 341 256 LANCZOS 2898796691",
        "375 500 256 341 NEAREST 1812834837",
        "375 500 256 341 BOX 2089370959",
        "375 500 256 341 BILINEAR 350893551",
        "375 500 256 341 BICUBIC 3715158144",
        "375 500 256 341 LANCZOS 3547413315",
        "33 17 7 5 NEAREST 3464513648",
        "33 17 7 5 BOX 3599122517",
        "33 17 7 5 BILINEAR 489774157",
        "33 17 7 5 BICUBIC 3836838988",
        "33 17 7 5 LANCZOS 3061267409",
        "33 17 100 31 NEAREST 4099985757",
        "33 17 100 31 BOX 4099985757",
        "33 17 100 31 BILINEAR 3280789783",
        "33 17 100 31 BICUBIC 876238670",
        "33 17 100 31 LANCZOS 1802841498",
        "1 3 5 1 NEAREST 2097537759",
        "1 3 5 1 BOX 1765822578",
        "1 3 5 1 BILINEAR 3847481651",
        "1 3 5 1 BICUBIC 3169210844",
        "1 3 5 1 LANCZOS 3774861834",
        "7 1 7 33 NEAREST 3236769713",
        "7 1 7 33 BOX 3236769713",
        "7 1 7 33 BILINEAR 3236769713",
        "7 1 7 33 BICUBIC 3236769713",
        "7 1 7 33 LANCZOS 3236769713",
        "640 480 224 224 NEAREST 929527919",
        "640 480 224 224 BOX 2306218832",
        "640 480 224 224 BILINEAR 1310809417",
        "640 480 224 224 BICUBIC 3553913749",
        "640 480 224 224 LANCZOS 522181815",
        "32 32 32 28 NEAREST 2631247186",
        "32 32 32 28 BOX 2565349725",
        "32 32 32 28 BILINEAR 1751305966",
        "32 32 32 28 BICUBIC 3714769661",
        "32 32 32 28 LANCZOS 437479933",
      })
  void everyByteEqualsPillows(int w, int h, int width, int height, Filter filter, long crc) {
    CRC32 sum = new CRC32();
    sum.update(Resize.of(source(w, h), width, height, filter).rgb());
    assertThat(sum.getValue()).isEqualTo(crc);
  }

  @Test
  void mapsAreAveragedWhenShrunk() {
    // From 4 to 2: centres 1 and 3, half-width 2. The first target has .75 .75 .25 of the first
    // three, divided by their sum 1.75; the second its mirror image.
    float[] y = Resize.of(new float[] {7, 7, 14, 0}, 1, 4, 1, 2, Filter.BILINEAR);
    assertThat(y[0]).isEqualTo(8);
    assertThat(y[1]).isEqualTo((0 * 3 + 14 * 3 + 7) / 7f);
  }

  @ParameterizedTest
  @EnumSource(Filter.class)
  void aConstantMapStaysConstant(Filter filter) {
    float[] x = new float[7 * 3];
    Arrays.fill(x, 0.3f);
    for (float v : Resize.of(x, 7, 3, 33, 2, filter)) {
      assertThat(v).isEqualTo(0.3f);
    }
  }

  @Test
  void anEmptyOrHugeSizeIsRefused() {
    assertThatThrownBy(() -> Resize.of(source(2, 2), 0, 1, Filter.BILINEAR))
        .isInstanceOf(CandelaException.class);
    assertThatThrownBy(() -> Resize.of(source(2, 2), 1 << 20, 1 << 20, Filter.BILINEAR))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("1048576 x 1048576");
    // Small before and after, but not in between: the width is resized first.
    assertThatThrownBy(() -> Resize.of(source(1, 4_000_000), 224, 224, Filter.BILINEAR))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("224 x 4000000");
    // 256 times as long are 2^32 + 256 pixels.
    assertThatThrownBy(
            () -> Fit.SHORT_SIDE.apply(source((1 << 24) + 1, 1), 0.875, Filter.BILINEAR, 224, 224))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("resize: ");
  }
}
