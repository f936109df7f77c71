package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.Shared;
import candela.tensor.CandelaException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreprocessTest {
  /**
   * Pillow decoded the reference's photos with libjpeg, we with stb, whose inverse DCT and chroma
   * round otherwise. Resizing is exact (ResizeTest), so all difference is the decoders'.
   */
  private static final double LARGEST = 2;

  private static final double MEAN = 0.1;

  @ParameterizedTest
  @CsvSource({
    "0039, n01677366_common_iguana",
    "0115, n01950731_sea_slug",
    "0121, n01981276_king_crab"
  })
  void squeezeNetInputsEqualTheReference(String index, String photo) {
    Image image = Image.read(Shared.path("photos/" + photo + ".jpg"));
    compare(index, Preprocess.of("caffe-bgr").apply(image, 3, 224, 224));
  }

  /** The reference rounded 366.8 up to 367 and 71.5 down; torchvision, and we, take 366 and 71. */
  @Test
  void theMatchstickEqualsTheReferenceAtItsSize() {
    Image image = Image.read(Shared.path("photos/n03729826_matchstick.jpg"));
    Image seen = Resize.of(image, 367, 256, Filter.BILINEAR).crop(71, 16, 224, 224);
    Preprocess whole = PreprocessFile.parse("whole", "{preset: caffe-bgr, crop: 1}");
    compare("0644", whole.apply(seen, 3, 224, 224));
  }

  @Test
  void theMatchstickIsCutAsTorchvisionCutsIt() {
    Image image = Image.read(Shared.path("photos/n03729826_matchstick.jpg"));
    assertThat(Preprocess.of("imagenet").view(image, 224, 224))
        .isEqualTo(Resize.of(image, 366, 256, Filter.BILINEAR).crop(71, 16, 224, 224));
  }

  private static void compare(String index, float[] values) {
    Npy expected = Npy.read(Shared.path("reference/squeezenet1.1/" + index + "-input.npy"));
    assertThat(values).hasSameSizeAs(expected.values());
    double largest = 0;
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      double d = Math.abs(values[i] - expected.values()[i]);
      largest = Math.max(largest, d);
      sum += d;
    }
    assertThat(largest).as("largest difference in levels").isLessThanOrEqualTo(LARGEST);
    assertThat(sum / values.length).as("mean difference in levels").isLessThanOrEqualTo(MEAN);
  }

  @Test
  void presetsAreInAlphabeticalOrder() {
    assertThat(List.copyOf(Preprocess.presets().keySet()))
        .isSorted()
        .contains("caffe-bgr", "cifar10", "imagenet", "raw", "tf-inception");
  }

  @Test
  void everyPresetMakesTheModelsSizeOfAnyShape() {
    Preprocess.presets()
        .forEach(
            (name, p) -> {
              for (int[] size : new int[][] {{1, 1}, {33, 7}, {7, 33}, {300, 200}}) {
                Image image = new Image(size[0], size[1], new byte[3 * size[0] * size[1]]);
                for (int[] model : new int[][] {{224, 224}, {32, 32}, {48, 31}}) {
                  int channels = p.mean().size() == 1 && p.std().size() == 1 ? 1 : 3;
                  var made = p.apply(image, channels, model[0], model[1]);
                  assertThat(made).as(name).hasSize(channels * model[0] * model[1]);
                  assertThat(p.view(image, model[0], model[1]).width()).isEqualTo(model[1]);
                }
              }
            });
  }

  @Test
  void imagenetScalesThenNormalises() {
    // Red 255, green 0, blue 51: (1 - .485) / .229, (0 - .456) / .224, (.2 - .406) / .225.
    Image pixel = new Image(1, 1, new byte[] {(byte) 255, 0, 51});
    float[] x = Preprocess.of("imagenet").apply(pixel, 3, 1, 1);
    assertThat(x[0]).isCloseTo(2.248908f, within(1e-6f));
    assertThat(x[1]).isCloseTo(-2.035714f, within(1e-6f));
    assertThat(x[2]).isCloseTo(-0.915556f, within(1e-6f));
  }

  @Test
  void caffeWantsBlueFirstAndLevels() {
    Image pixel = new Image(1, 1, new byte[] {(byte) 255, 0, 51});
    assertThat(Preprocess.of("caffe-bgr").apply(pixel, 3, 1, 1))
        .containsExactly(51 - 104, -117, 255 - 123);
  }

  @Test
  void oneChannelIsGreyAsPilRoundsIt() {
    // 0.299 * 255 + 0.114 * 51 = 82.06
    Image pixel = new Image(1, 1, new byte[] {(byte) 255, 0, 51});
    assertThat(Preprocess.of("raw").apply(pixel, 1, 1, 1)).containsExactly(82);
    assertThatThrownBy(() -> Preprocess.of("imagenet").apply(pixel, 1, 1, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("one channel");
  }

  @Test
  void theCropIsInTheMiddle() {
    // 8 wide, red = x; the middle half of a square model from a 4 x 4 crop: x = 3, 4 of 8.
    byte[] rgb = new byte[3 * 8 * 4];
    for (int i = 0; i < 32; i++) {
      rgb[3 * i] = (byte) (i % 8);
    }
    Image image = new Image(8, 4, rgb);
    var p =
        new Preprocess(
            Fit.SHORT_SIDE,
            0.5,
            Filter.BILINEAR,
            Preprocess.Order.RGB,
            1,
            List.of(0f),
            List.of(1f));
    Image view = p.view(image, 2, 2);
    assertThat(List.of(view.at(0, 0, 0), view.at(1, 0, 0))).containsExactly(3, 4);
  }

  @Test
  void aFileSaysWhatThePresetDoesNot() {
    Preprocess p =
        PreprocessFile.parse("p.yaml", "preset: caffe-bgr\nmean: [1, 2.5, 3]\ncrop: 1\n");
    assertThat(p.order()).isEqualTo(Preprocess.Order.BGR);
    assertThat(p.mean()).containsExactly(1f, 2.5f, 3f);
    assertThat(p.crop()).isEqualTo(1);
  }

  @Test
  void aFileMaySayAll() {
    Preprocess.presets()
        .forEach(
            (name, p) -> assertThat(PreprocessFile.parse(name, text(p))).as(name).isEqualTo(p));
  }

  private static String text(Preprocess p) {
    return Stream.of(
            "fit: " + p.fit().name().toLowerCase(Locale.ROOT).replace('_', '-'),
            "crop: " + p.crop(),
            "filter: " + p.filter().name().toLowerCase(Locale.ROOT),
            "order: " + p.order().name().toLowerCase(Locale.ROOT),
            "divisor: " + p.divisor(),
            "mean: " + p.mean(),
            "std: " + p.std())
        .collect(Collectors.joining("\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "means: 3 | line 1: unknown key 'means'; it takes crop, divisor, filter, fit, mean, order,"
            + " preset",
        "{crop: 1, fit: short} | line 1: fit: centre, exact, short-side expected, got 'short'",
        "crop: 2 | crop: above 0 and at most 1 expected, got 2.0",
        "std: [1, 0, 1] | std: numbers other than 0 expected",
        "std: [1, 1, 1e-40] | (255 / 255.0 - 0.406) / 1.0E-40 is not",
        "divisor: 1e-40 | std: input values within float32 expected",
        "mean: [1, 2] | mean: one or three finite numbers expected, got [1.0, 2.0]",
        "mean: [1, x, 2] | mean: a number expected, got 'x'",
        "mean: [123.675, 116.28, 103.53] | line 1: mean: numbers for values that were divided by"
            + " 255.0 (the preset's divisor) expected, got [123.675, 116.28, 103.53]; add divisor:"
            + " 1 where they are for levels, else divide them",
        "std: [58.4, 57.1, 57.4] | std: numbers for values that were divided by 255.0",
        "divisor: many | divisor: a number expected, got 'many'",
        "preset: none | preset: caffe-bgr",
        "crop: [ | YAML expected",
        "just words | 'key: value' lines expected, got just words",
        "mean: !!java.net.URL [x] | YAML expected",
      })
  void aWrongFileIsRefusedInASentence(String text, String message) {
    assertThatThrownBy(() -> PreprocessFile.parse("p.yaml", text))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("p.yaml: ")
        .hasMessageContaining(message);
  }

  @Test
  void anErrorNamesTheLine() {
    assertThatThrownBy(() -> PreprocessFile.parse("p.yaml", "# photos\npreset: raw\n\ncrop: 0\n"))
        .hasMessage("p.yaml: line 4: crop: above 0 and at most 1 expected, got 0.0");
    assertThatThrownBy(() -> PreprocessFile.parse("p.yaml", "preset: raw\nmean: [\n"))
        .hasMessage(
            "p.yaml: line 3: YAML expected: expected the node content, but found '<stream end>'");
  }

  @Test
  void aPresetSaysWhatItDoes() {
    assertThat(Preprocess.of("imagenet").words())
        .isEqualTo(
            "short side, crop 0.875, RGB, (x / 255 - [0.485 0.456 0.406]) / [0.229 0.224 0.225]");
    assertThat(Preprocess.of("raw").words()).isEqualTo("exact, no crop, RGB, x");
    assertThat(Preprocess.of("caffe-bgr").words())
        .isEqualTo("short side, crop 0.875, BGR, x - [104 117 123]");
  }

  @Test
  void anUnknownPresetListsThoseKnown() {
    assertThatThrownBy(() -> Preprocess.of("nosuch"))
        .hasMessageContaining("caffe-bgr, cifar10, imagenet");
  }
}
