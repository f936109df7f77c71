package candela.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabelsTest {
  @TempDir Path folder;

  @Test
  void marksControlCharactersAndEmptyLastLinesAreNoNames() throws IOException {
    Path file = folder.resolve("names.txt");
    Files.writeString(file, "\uFEFFtench, Tinca tinca\r\n\n\u001Bshark \n \n\n");
    Labels labels = Labels.read(file);
    assertThat(labels.names()).containsExactly("tench, Tinca tinca", "", "shark");
    assertThat(labels.brief(0)).isEqualTo("tench");
    assertThat(labels.of(3)).isEqualTo("class 3");
    assertThat(Labels.read(null).of(0)).isEqualTo("class 0");
  }
}
