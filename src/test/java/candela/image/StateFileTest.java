package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {
  @TempDir Path folder;

  private Path file;

  @BeforeEach
  void write() {
    file = folder.resolve("a.state");
    StateFile.write(
        file,
        "kind 1",
        "run",
        out -> {
          // longer than the 65,535 bytes of writeUTF
          StateFile.writeText(out, "ä".repeat(40_000));
          StateFile.writeFloats(out, new float[] {1.5f, Float.NaN});
          StateFile.writeDoubles(out, new double[] {-0.0, 1e300});
        });
  }

  private StateFile.Found<List<Object>> read(String kind, String run) {
    return StateFile.read(
        file,
        kind,
        run,
        in -> List.of(StateFile.readText(in), StateFile.readFloats(in), StateFile.readDoubles(in)));
  }

  @Test
  void whatWasWrittenIsRead() {
    List<Object> content = read("kind 1", "run").content();
    assertThat(content.get(0)).isEqualTo("ä".repeat(40_000));
    assertThat((float[]) content.get(1)).containsExactly(1.5f, Float.NaN);
    assertThat((double[]) content.get(2)).containsExactly(-0.0, 1e300);
  }

  @Test
  void anotherKindOrRunIsNotRead() {
    for (String[] other : new String[][] {{"kind 2", "run"}, {"kind 1", "runs"}}) {
      assertThat(read(other[0], other[1]))
          .isEqualTo(new StateFile.Found<>(null, "it is of another run, or version"));
    }
  }

  @Test
  void aDamagedFileIsNotRead() throws IOException {
    byte[] sound = Files.readAllBytes(file);
    var damaged = new StateFile.Found<>(null, "the file is damaged");
    for (int at : new int[] {0, 3, 12, 70_000, sound.length - 33, sound.length - 1}) {
      byte[] bytes = sound.clone();
      bytes[at] ^= 1;
      Files.write(file, bytes);
      assertThat(read("kind 1", "run")).as("byte %d", at).isEqualTo(damaged);
    }
    for (int length : new int[] {0, 31, 32, 100, sound.length - 1}) {
      Files.write(file, Arrays.copyOf(sound, length));
      assertThat(read("kind 1", "run")).as("%d bytes", length).isEqualTo(damaged);
    }
    Files.write(file, Arrays.copyOf(sound, sound.length + 1));
    assertThat(read("kind 1", "run")).isEqualTo(damaged);
  }

  @Test
  void whatCannotBeReadIsTold() throws IOException {
    Files.delete(file);
    assertThatThrownBy(() -> read("kind 1", "run"))
        .isInstanceOf(CandelaException.class)
        .hasMessage(file + ": cannot be read: there is no such file");
  }
}
