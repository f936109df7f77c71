package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeatMapTest {
  private static HeatMap map(int h, int w, boolean signed, float... values) {
    return new HeatMap(values, h, w, Scale.of(values, signed, Scale.PERCENTILE));
  }

  private static int color(Image image, int x, int y) {
    return image.at(x, y, 0) << 16 | image.at(x, y, 1) << 8 | image.at(x, y, 2);
  }

  @Test
  void aZeroMapIsWhiteOrBlackAndLeavesThePhotoGrey() {
    Image photo = new Image(2, 2, new byte[] {0, 0, 0, 9, 9, 9, 90, 90, 90, -1, -1, -1});
    for (boolean signed : new boolean[] {true, false}) {
      HeatMap zero = map(1, 1, signed, 0);
      Image alone = zero.draw(5, 3);
      assertThat(color(alone, 4, 2)).isEqualTo(alone.at(0, 0, 0) * 0x010101);
      Image over = zero.over(photo);
      for (int i = 0; i < 4; i++) {
        assertThat(over.at(i % 2, i / 2, 0)).isEqualTo(over.at(i % 2, i / 2, 2));
      }
    }
    assertThat(color(map(1, 1, true, 0).draw(1, 1), 0, 0)).isEqualTo(0xFFFFFF);
  }

  @Test
  void aConstantMapTakesTheEndOfTheColours() {
    assertThat(color(map(1, 3, true, -2, -2, -2).draw(6, 2), 3, 1))
        .isEqualTo(ColorMap.DIVERGING.at(-1));
    assertThat(color(map(1, 3, false, 2, 2, 2).draw(6, 2), 3, 1))
        .isEqualTo(ColorMap.SEQUENTIAL.at(1));
  }

  @Test
  void nanIsGreyAndStaysWhereItIs() {
    HeatMap map = map(1, 3, true, 1, Float.NaN, 1);
    Image image = map.draw(9, 1);
    for (int x = 0; x < 9; x++) {
      boolean grey = color(image, x, 0) == ColorMap.NOT_A_NUMBER;
      assertThat(grey).as("x = " + x).isEqualTo(x >= 3 && x < 6);
    }
    assertThat(color(map.over(new Image(3, 1, new byte[9])), 1, 0))
        .isEqualTo(ColorMap.NOT_A_NUMBER);
  }

  @Test
  void aMapOfNothingButNanIsGrey() {
    Image image = map(1, 2, false, Float.NaN, Float.NaN).draw(2, 1);
    assertThat(color(image, 0, 0)).isEqualTo(ColorMap.NOT_A_NUMBER);
  }

  @Test
  void strongPositiveValuesColourThePhotoRed() {
    Image over = map(1, 2, true, 1, -1).over(new Image(2, 1, new byte[6]));
    assertThat(over.at(0, 0, 0)).isGreaterThan(over.at(0, 0, 2) + 80);
    assertThat(over.at(1, 0, 2)).isGreaterThan(over.at(1, 0, 0) + 80);
  }

  @Test
  void aShapeThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> map(2, 2, true, 1, 2, 3))
        .isInstanceOf(CandelaException.class)
        .hasMessage("map: 2 x 2 values expected, got 3");
  }

  @Test
  void aSheetHoldsEveryPictureAsItIs() {
    byte[] red = new byte[3 * 200 * 100];
    for (int i = 0; i < red.length; i += 3) {
      red[i] = (byte) 255;
    }
    Image picture = new Image(200, 100, red);
    Scale scale = Scale.of(new float[] {-1, 1}, true, 99);
    var cell =
        new ContactSheet.Cell(picture, "heading", "a caption, that is long ".repeat(9), scale);
    Image one = new ContactSheet("title", "").row(List.of(cell)).draw();
    Image two = new ContactSheet("title", "").row(List.of(cell, cell)).row(List.of(cell)).draw();

    assertThat(reds(one)).isEqualTo(200 * 100);
    assertThat(reds(two)).isEqualTo(3 * 200 * 100);
    assertThat(two.height()).isGreaterThan(one.height() + 100);
  }

  private static long reds(Image image) {
    long n = 0;
    for (int i = 0; i < image.width() * image.height(); i++) {
      n += color(image, i % image.width(), i / image.width()) == 0xFF0000 ? 1 : 0;
    }
    return n;
  }

  @Test
  void textIsBrokenToTheWidthAndKeepsItsLetters() {
    Font font = Font.regular(14);
    String text = "one two,three an-endless-word-without-any-space-in-it-at-all é ü 漢 end";
    List<String> lines = font.wrap(text, 90);
    assertThat(lines).hasSizeGreaterThan(3).allMatch(line -> font.width(line) <= 90);
    assertThat(String.join("", lines).replace(" ", "")).isEqualTo(text.replace(" ", ""));
    assertThat(font.wrap("", 90)).isEqualTo(Arrays.asList(""));
  }
}
