package candela.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChoicesTest {
  private static final String MACHINE = "NVIDIA H200, cuDNN 9.1";

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("NVIDIA_H200_cuDNN_9.1.tsv");
  }

  @Test
  void aChoiceIsKnownToTheNextProcess() throws IOException {
    Path below = folder.resolve("not/yet/there");
    Choices choices = new Choices(below, MACHINE);
    assertThat(choices.get("a")).isEmpty();
    choices.put("a", 3, 12.34);
    assertThat(choices.get("a")).hasValue(3);
    Choices next = new Choices(below, MACHINE);
    assertThat(next.get("a")).hasValue(3);
    assertThat(next.get("b")).isEmpty();
    assertThat(new Choices(below, MACHINE + ".5").get("a")).isEmpty();
    try (var files = Files.list(below)) {
      assertThat(files.map(Path::getFileName)).containsExactly(file().getFileName());
    }
  }

  /**
   * Two processes that measured at the same time go on with the bits of the one who wrote first.
   */
  @Test
  void theFirstLineOfAKeyCounts() {
    Choices one = new Choices(folder, MACHINE);
    Choices other = new Choices(folder, MACHINE);
    assertThat(one.put("a", 3, 10)).isEqualTo(3);
    assertThat(other.put("a", 4, 9)).as("what counts").isEqualTo(3);
    assertThat(other.get("a")).hasValue(3);
    assertThat(other.put("b", 5, 8)).isEqualTo(5);
    assertThat(one.get("a")).hasValue(3);
    Choices next = new Choices(folder, MACHINE);
    assertThat(next.get("a")).hasValue(3);
    assertThat(next.get("b")).hasValue(5);
  }

  @Test
  void damagedLinesAreIgnored() throws IOException {
    Files.write(
        file(),
        List.of(
            "good\t7\t1.5",
            "",
            "no tab",
            "\t1\t1.0",
            "noTime\t1",
            "negative\t-1\t1.0",
            "word\tseven\t1.0",
            "large\t12345678\t1.0",
            "half\t3good\t9\t1.0"));
    Choices choices = new Choices(folder, MACHINE);
    assertThat(choices.get("good")).hasValue(7);
    for (String key : List.of("", "no tab", "noTime", "negative", "word", "large", "half")) {
      assertThat(choices.get(key)).as(key).isEmpty();
    }
  }

  /** A machine that went down leaves such ends; the process after the next has the same bits. */
  @Test
  void whatIsNoTextCostsItsOwnLineAlone() throws IOException {
    Files.write(file(), new byte[] {'a', '\t', '1', '\t', '1', '\n', (byte) 0xff, 0, '\n'});
    Choices choices = new Choices(folder, MACHINE);
    assertThat(choices.get("a")).hasValue(1);
    choices.put("b", 2, 1);
    assertThat(new Choices(folder, MACHINE).get("b")).hasValue(2);
  }

  @Test
  void aFolderThatCannotBeWrittenCostsOnlyTheMemory() throws IOException {
    Path occupied = Files.createFile(folder.resolve("file"));
    Choices choices = new Choices(occupied, MACHINE);
    choices.put("a", 2, 1);
    assertThat(choices.get("a")).hasValue(2);
  }
}
