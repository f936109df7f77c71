package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.image.Filter;
import candela.image.Image;
import candela.image.Npy;
import candela.image.Preprocess;
import candela.image.Resize;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
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
        .hasMessage(file + ": the network's input [3,224,224] expected, got [3, 1, 2]");
  }

  @Test
  void meansOfOtherChannelsAreToldBeforeAnyPictureIsRead() {
    assertThatThrownBy(() -> Preparation.of("imagenet", Shape.of(1, 1, 28, 28), "test.onnx"))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("preprocess: the model has one channel, mean has three values");
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
