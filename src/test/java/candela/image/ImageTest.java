package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.tensor.CandelaException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageTest {
  @TempDir Path folder;

  private static Image random(int w, int h) {
    byte[] rgb = new byte[3 * w * h];
    new Random(7).nextBytes(rgb);
    return new Image(w, h, rgb);
  }

  @Test
  void aPngKeepsEveryByte() throws IOException {
    Image image = random(33, 7);
    Path file = folder.resolve("new/deep/a.png");
    image.writePng(file);
    image.writePng(file);
    assertThat(Image.read(file)).isEqualTo(image);
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void greyBecomesRgb() throws IOException {
    Path file = folder.resolve("a.pgm");
    Files.write(file, new byte[] {'P', '5', '\n', '2', ' ', '1', '\n', '2', '5', '5', '\n', 9, 77});
    assertThat(Image.read(file)).isEqualTo(new Image(2, 1, new byte[] {9, 9, 9, 77, 77, 77}));
  }

  @Test
  void transparencyLiesOnWhite() throws IOException {
    // TGA, 32 bits: blue, green, red, alpha; half of black on white is 127.
    byte[] tga = {
      0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 32, 8, 0, 0, 0, -128, 3, 2, 1, -1
    };
    Path file = Files.write(folder.resolve("a.tga"), tga);
    assertThat(Image.read(file)).isEqualTo(new Image(2, 1, new byte[] {127, 127, 127, 1, 2, 3}));
  }

  @Test
  void whatCannotBeReadIsSaidInASentence() throws IOException {
    Path text = Files.writeString(folder.resolve("a.jpg"), "no picture");
    Path empty = Files.write(folder.resolve("empty.png"), new byte[0]);
    assertThatThrownBy(() -> Image.read(text))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(text + ": a JPEG, PNG");
    assertThatThrownBy(() -> Image.read(empty)).isInstanceOf(CandelaException.class);
    assertThatThrownBy(() -> Image.read(folder))
        .isInstanceOf(CandelaException.class)
        .hasMessage(folder + ": an image file expected, got a folder");
    assertThatThrownBy(() -> Image.read(folder.resolve("none.jpg")))
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith("none.jpg: cannot be read: there is no such file");
  }

  @Test
  void whatCannotBeWrittenIsSaidInASentence() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> random(2, 2).writePng(file.resolve("a.png")))
        .isInstanceOf(CandelaException.class)
        .hasMessage(file + "/a.png: cannot be written: " + file + " is a file, not a folder");
    assertThatThrownBy(() -> random(2, 2).writePng(folder.resolve("x".repeat(300) + ".png")))
        .isInstanceOf(CandelaException.class)
        .hasMessageEndingWith(": cannot be written: File name too long");
  }

  @Test
  void aHugePictureIsRefusedBeforeItIsDecoded() throws IOException {
    Path file = folder.resolve("huge.pgm");
    Files.writeString(file, "P5\n20000 20000\n255\n", StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> Image.read(file)).hasMessageContaining("got 20000 x 20000");
  }

  @Test
  void aCutJpegGivesAPictureOrASentence() throws IOException {
    byte[] whole = Files.readAllBytes(Shared.path("photos/n02129604_tiger.jpg"));
    for (int length : new int[] {1, 2, 3, 20, 100, 700, whole.length / 2}) {
      Path file = folder.resolve("cut.jpg");
      Files.write(file, Arrays.copyOf(whole, length));
      try {
        assertThat(Image.read(file).width()).isPositive();
      } catch (CandelaException e) {
        assertThat(e).hasMessageStartingWith(file.toString());
      }
    }
  }

  @Test
  void aDamagedPngIsRefusedInASentence() throws IOException {
    Path file = folder.resolve("a.png");
    random(5, 3).writePng(file);
    byte[] whole = Files.readAllBytes(file);
    int end = whole.length - 12; // of the last chunk, which is empty
    for (int length : new int[] {0x7fffffff, 0x7ffffff0, whole.length, 1, -1}) {
      ByteBuffer.wrap(whole).putInt(end, length);
      refused(file, whole);
    }
    ByteBuffer.wrap(whole).putInt(end, 0);
    assertThat(Image.read(Files.write(file, whole)).width()).isEqualTo(5);
    for (int length = 8; length < whole.length; length++) {
      refused(file, Arrays.copyOf(whole, length));
    }
    for (int i = 16; i < whole.length; i++) {
      byte[] changed = whole.clone();
      changed[i] ^= 4;
      refused(file, changed);
    }
  }

  private static void refused(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    assertThatThrownBy(() -> Image.read(file))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(file.toString());
  }

  /** Where the stored left upper pixel of a 2 x 3 picture belongs, by the table of Exif 2.3. */
  @ParameterizedTest
  @CsvSource({
    "1, 2, 3, 0, 0", "2, 2, 3, 1, 0", "3, 2, 3, 1, 2", "4, 2, 3, 0, 2",
    "5, 3, 2, 0, 0", "6, 3, 2, 2, 0", "7, 3, 2, 2, 1", "8, 3, 2, 0, 1"
  })
  void orientationTurnsThePicture(int value, int width, int height, int x, int y) {
    byte[] rgb = new byte[18];
    rgb[0] = 99;
    Image upright = new Orientation(value).upright(new Image(2, 3, rgb));
    assertThat(upright.width()).isEqualTo(width);
    assertThat(upright.height()).isEqualTo(height);
    assertThat(upright.at(x, y, 0)).isEqualTo(99);
  }

  @ParameterizedTest
  @CsvSource({"II, 6", "MM, 8"})
  void orientationIsReadFromExif(String order, int value) throws IOException {
    byte[] jpeg = Files.readAllBytes(Shared.path("photos/n02129604_tiger.jpg"));
    Path plain = Files.write(folder.resolve("plain.jpg"), jpeg);
    Path turned = Files.write(folder.resolve("turned.jpg"), withOrientation(jpeg, order, value));
    Image upright = new Orientation(value).upright(Image.read(plain));
    assertThat(Image.read(turned)).isEqualTo(upright);
  }

  private static byte[] withOrientation(byte[] jpeg, String order, int value) {
    String tiff =
        order.equals("II")
            ? "II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0" + (char) value + "\0\0\0\0\0\0\0"
            : "MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0" + (char) value + "\0\0\0\0\0\0";
    byte[] body = ("Exif\0\0" + tiff).getBytes(StandardCharsets.ISO_8859_1);
    var out = new ByteArrayOutputStream();
    out.write(jpeg, 0, 2);
    out.writeBytes(new byte[] {-1, -31, 0, (byte) (body.length + 2)});
    out.writeBytes(body);
    out.write(jpeg, 2, jpeg.length - 2);
    return out.toByteArray();
  }

  @Test
  void theFirstFrameOfAGifIsTaken() throws IOException {
    // A red pixel.
    byte[] gif = Base64.getDecoder().decode("R0lGODdhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=");
    Path file = Files.write(folder.resolve("a.gif"), gif);
    assertThat(Image.read(file)).isEqualTo(new Image(1, 1, new byte[] {-1, 0, 0}));
    Files.write(file, Arrays.copyOf(gif, gif.length + 3));
    assertThat(Image.read(file)).isEqualTo(new Image(1, 1, new byte[] {-1, 0, 0}));
    // Without the end of its blocks.
    assertEndsEarly(Files.write(file, Arrays.copyOf(gif, gif.length - 2)));
  }

  /** What its decoder would make black. */
  @Test
  void aCutTgaIsRefused() throws IOException {
    // 2 x 2 pixels of 24 bits behind a name of one byte; and in packets: three equal ones, one
    // other.
    byte[] plain = {
      1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 32, 'n', 3, 2, 1, 6, 5, 4, 9, 8, 7, 12,
      11, 10
    };
    byte[] packets = {
      1,
      0,
      10,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      2,
      0,
      2,
      0,
      24,
      32,
      'n',
      (byte) 0x82,
      3,
      2,
      1,
      0,
      12,
      11,
      10
    };
    Path file = Files.write(folder.resolve("a.tga"), plain);
    assertThat(Image.read(file).rgb()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    assertEndsEarly(Files.write(file, Arrays.copyOf(plain, plain.length - 1)));
    Files.write(file, packets);
    assertThat(Image.read(file).rgb()).containsExactly(1, 2, 3, 1, 2, 3, 1, 2, 3, 10, 11, 12);
    assertEndsEarly(Files.write(file, Arrays.copyOf(packets, packets.length - 1)));
    assertEndsEarly(Files.write(file, Arrays.copyOf(packets, packets.length - 4)));
  }

  private static void assertEndsEarly(Path file) {
    assertThatThrownBy(() -> Image.read(file)).hasMessageContaining("it ends early");
  }

  @Test
  void whatHasNoEndIsNotReadToIt() {
    Path endless = Path.of("/dev/zero");
    assumeTrue(Files.exists(endless), "skipped: there is no /dev/zero here");
    assertThatThrownBy(() -> Image.read(endless))
        .hasMessage("/dev/zero: an image file expected, came more than 64 MiB of something else");
  }
}
