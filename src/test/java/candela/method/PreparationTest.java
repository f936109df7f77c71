package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.graph.Network;
import candela.image.Filter;
import candela.image.Image;
import candela.image.Npy;
import candela.image.Preprocess;
import candela.image.Resize;
import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparationTest {
  @TempDir Path folder;

  private static Image noise() {
    byte[] rgb = new byte[3 * 9 * 7];
    new Random(5).nextBytes(rgb);
    return new Image(9, 7, rgb);
  }

  @Test
  void aPictureThatCannotBePreparedIsNamed() {
    Preparation p = Preparation.of("imagenet", Shape.of(1, 3, 224, 224), "test.onnx");
    Image tall = new Image(1, 1 << 20, new byte[3 << 20]);
    assertThatThrownBy(() -> p.of(Path.of("tall.png"), tall))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("tall.png: resize: ");
  }

  /** Levels are what an input of whole numbers reads; of other channels, what it is given. */
  @Test
  void wholeNumbersAreLevels() {
    assertThat(ofType(ElementType.UINT8, 3).name()).isEqualTo("raw");
    assertThat(ofType(ElementType.UINT8, 3).levels().white()).containsExactly(255f, 255f, 255f);
    assertThat(ofType(ElementType.UINT8, 4).name()).isEqualTo("none");
    assertThat(ofType(ElementType.FLOAT, 3).name()).isEqualTo("imagenet");
  }

  private static Preparation ofType(ElementType type, int channels) {
    return Preparation.of(null, network(type, channels), List.of());
  }

  private static Network network(ElementType type, int channels) {
    ModelBuilder m = new ModelBuilder(17).input("x", type, -1, channels, 1, 3).output("y");
    m.node("Cast", "x", "f", "to", 1).node("GlobalAveragePool", "f", "y");
    return Network.of(m.model());
  }

  /** Five channels are no picture: the mean of them is shown, from the least to the most. */
  @Test
  void inputsOfOtherChannelsAreGivenAsTheyAre() {
    Preparation p = Preparation.of(null, Shape.of(1, 5, 1, 3), "test.onnx");
    assertThat(p.name()).isEqualTo("none");
    assertThat(p.levels()).isEqualTo(Levels.NONE);
    float[] x = new float[15];
    x[0] = -2; // of the first pixel
    x[14] = 6; // of the last
    Path file = folder.resolve("x.npy");
    new Npy(new int[] {5, 1, 3}, x).write(file);
    assertThat(p.read(file).pixels()).isEqualTo(x);
    byte[] levels = p.image(x).levels();
    for (int i = 0; i < 9; i++) {
      assertThat(levels[i] & 255).isEqualTo(new int[] {0, 64, 255}[i / 3]);
    }
    assertThat(p.image(new float[15]).levels()).containsOnly(127);
    assertThatThrownBy(() -> p.of(Path.of("a.png"), noise()))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "a.png: preprocess: a model of 1 or 3 channels expected for pictures, it has 5; give"
                + " what it reads as a .npy file");
    assertThatThrownBy(() -> Preparation.of("unit", Shape.of(1, 5, 1, 3), "test.onnx"))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "--preprocess: none expected for inputs [5,1,3], which are read from .npy files as they"
                + " are, got 'unit'");
    assertThatThrownBy(() -> Preparation.of(null, Shape.of(1, 20), "test.onnx"))
        .hasMessage("test.onnx: images [N,C,H,W] or [N,H,W,C] expected as input, it takes [1,20]");
  }

  /** What a network reads may be given as it is, and is shown as the picture it was. */
  @Test
  void anInputIsReadAsItIs() {
    Preparation p = Preparation.of("caffe-bgr", Shape.of(1, 3, 224, 224), "test.onnx");
    float[] x = p.of(noise()).pixels();
    for (int[] dims : new int[][] {{3, 224, 224}, {1, 3, 224, 224}}) {
      Path file = folder.resolve("x.npy");
      new Npy(dims, x).write(file);
      Preparation.Picture read = p.read(file);
      assertThat(read.pixels()).isEqualTo(x);
      assertThat(read.view().width()).isEqualTo(448);
      byte[] shown = Resize.of(read.view(), 224, 224, Filter.BOX).levels();
      byte[] wanted = p.image(x).levels();
      for (int i = 0; i < shown.length; i++) {
        assertThat(shown[i] & 255).isCloseTo(wanted[i] & 255, Offset.offset(2));
      }
    }
    Path file = folder.resolve("y.npy");
    new Npy(new int[] {3, 1, 2}, new float[6]).write(file);
    assertThatThrownBy(() -> p.read(file))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            file
                + ": one input of the network expected, channels first: [3,224,224], got [3, 1,"
                + " 2]");
  }

  @Test
  void pixelsAloneAreThoseOfThePicture() {
    Preparation p = Preparation.of("caffe-bgr", Shape.of(1, 3, 33, 47), "test.onnx");
    Path picture = folder.resolve("noise.png");
    noise().writePng(picture);
    assertThat(p.pixels(picture)).isEqualTo(p.read(picture).pixels());
    Path input = folder.resolve("noise.npy");
    new Npy(new int[] {3, 33, 47}, p.pixels(picture)).write(input);
    assertThat(p.pixels(input)).isEqualTo(p.pixels(picture));
    Path other = folder.resolve("other.npy");
    new Npy(new int[] {3, 1, 2}, new float[6]).write(other);
    assertThatThrownBy(() -> p.pixels(other)).hasMessageStartingWith(other + ": one input of the");
  }

  @Test
  void meansOfOtherChannelsAreToldBeforeAnyPictureIsRead() {
    assertThatThrownBy(() -> Preparation.of("imagenet", Shape.of(1, 1, 28, 28), "test.onnx"))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("preprocess: the model has one channel, mean has three values");
  }

  /** As the default is one of colours, nobody told of what a grey input's values were made. */
  @Test
  void inputsOfOneChannelNeedNoPreset() {
    Network grey = network(ElementType.FLOAT, 1);
    List<Path> inputs = List.of(Path.of("a.npy"), Path.of("b.npy"));
    Preparation p = Preparation.of(null, grey, inputs);
    assertThat(p.name()).isEqualTo("none");
    assertThat(p.levels()).isEqualTo(Levels.NONE);
    byte[] shown = p.image(new float[] {-2, 0, 6}).levels();
    for (int i = 0; i < 9; i++) {
      assertThat(shown[i] & 255).isEqualTo(new int[] {0, 64, 255}[i / 3]);
    }
    assertThat(Preparation.of("mnist", grey, inputs).levels().white()).containsExactly(1f);
    List<Path> mixed = List.of(Path.of("a.npy"), Path.of("b.png"));
    assertThatThrownBy(() -> Preparation.of(null, grey, mixed))
        .hasMessageStartingWith("preprocess: the model has one channel, mean has three values");
    assertThat(Preparation.of(null, network(ElementType.FLOAT, 3), inputs).name())
        .isEqualTo("imagenet");
  }

  /** What was read of a picture has whole levels; a third of one more or less is rounded off. */
  @Test
  void valuesAreRoundedToLevels() {
    for (var preset : Preprocess.presets().entrySet()) {
      boolean grey = preset.getValue().mean().size() == 1 && preset.getValue().std().size() == 1;
      for (int channels : grey ? new int[] {1, 3} : new int[] {3}) {
        Preparation p = Preparation.of(preset.getKey(), Shape.of(1, channels, 5, 3), "test.onnx");
        float[] x = p.of(noise()).pixels();
        assertThat(p.rounded(x)).as(preset.getKey()).containsExactly(x);
        float[] y = new float[x.length];
        float[] beyond = new float[x.length];
        for (int i = 0; i < x.length; i++) {
          float black = p.levels().black().get(i / 15);
          float white = p.levels().white().get(i / 15);
          y[i] = x[i] + (i % 2 == 0 ? 1 : -1) * (white - black) / 255 / 3;
          beyond[i] = white + 100 * (white - black);
        }
        assertThat(p.rounded(y)).as(preset.getKey()).containsExactly(x);
        assertThat(p.rounded(beyond)[0])
            .as(preset.getKey())
            .isEqualTo(p.levels().white().getFirst());
        assertThat(p.image(p.rounded(y)).levels())
            .as(preset.getKey())
            .containsExactly(p.image(y).levels());
      }
    }
  }
}
