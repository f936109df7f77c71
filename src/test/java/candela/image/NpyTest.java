package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir Path folder;

  @Test
  void valuesAndShapeSurvive() throws IOException {
    for (int[] shape : new int[][] {{}, {1}, {0, 3}, {3, 7, 33}, {2, 1, 1, 2, 1, 3}}) {
      float[] values = new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
      for (int i = 0; i < values.length; i++) {
        values[i] = i == 0 ? Float.NaN : i == 1 ? Float.NEGATIVE_INFINITY : 0.1f * i;
      }
      Path file = folder.resolve("a.npy");
      new Npy(shape, values).write(file);
      Npy read = Npy.read(file);
      assertThat(read.shape()).isEqualTo(shape);
      assertThat(read.values()).isEqualTo(values);
      assertThat((Files.size(file) - 4L * values.length) % 64).as("header ends at 64").isZero();
    }
  }

  @Test
  void numpysFilesAreRead() {
    Npy npy = Npy.read(Shared.path("reference/squeezenet1.1/0039-input.npy"));
    assertThat(npy.values()).hasSize(3 * 224 * 224);
    assertThat(npy.shape()).endsWith(3, 224, 224);
  }

  @Test
  void anythingElseIsRefusedInASentence() throws IOException {
    Path file = folder.resolve("a.npy");
    new Npy(new int[] {2}, new float[] {1, 2}).write(file);
    byte[] good = Files.readAllBytes(file);
    String text = new String(good, StandardCharsets.ISO_8859_1);
    String[] bad = {
      "",
      "PK and so on",
      text.substring(0, 30),
      text.substring(0, text.length() - 1),
      text + "x",
      text.replace("<f4", "<f8"),
      text.replace("False", "True "),
      text.replace("(2,)", "(3,)"),
      text.replace("(2,), ", "(99999999999,)").replace("}       ", "}"),
      "\u0093NUMPY\2\0" + text.substring(8)
    };
    for (String s : bad) {
      Files.write(file, s.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> Npy.read(file))
          .as(s)
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith(file.toString());
    }
  }

  @Test
  void aShapeThatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> new Npy(new int[] {2, 3}, new float[5]))
        .hasMessage("npy: [2, 3] needs 6 values, got 5");
  }
}
