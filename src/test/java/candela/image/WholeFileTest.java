package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  @Test
  void aFolderForResultsIsMadeAndHoldsNothing() {
    Path results = folder.resolve("a/b");
    WholeFile.makeFolder("--out", results);
    assertThat(results).isEmptyDirectory();
  }

  /** One that is there, too: in /proc nobody makes files, whoever one is. */
  @Test
  void aFolderThatCannotBeWrittenIsToldBeforeThereAreResults() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    for (Path f : new Path[] {file, file.resolve("below"), Path.of("/proc")}) {
      assertThatThrownBy(() -> WholeFile.makeFolder("--out", f))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("--out: a folder expected that can be written: " + f + ": ");
    }
  }

  @Test
  void whatIsReadIsNotWrittenOver() throws IOException {
    Path map = Files.writeString(folder.resolve("a.npy"), "a map");
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder);
    for (Path out : new Path[] {map, folder.resolve("b/../a.npy"), link.resolve("a.npy")}) {
      Files.createDirectories(folder.resolve("b"));
      assertThatThrownBy(() -> WholeFile.checkApart("--out", out, null, folder.resolve("c"), map))
          .isInstanceOf(CandelaException.class)
          .hasMessage(
              "--out: another file expected than those that are read, "
                  + out
                  + " is one of them and would be lost; choose another name");
    }
    WholeFile.checkApart("--out", folder.resolve("c"), map, folder.resolve("c"));
    WholeFile.checkApart("--out", map, folder.resolve("c"), null);
  }

  @Test
  void aWriterThatFailsLeavesNothing() {
    Path file = folder.resolve("a.txt");
    assertThatThrownBy(
            () ->
                WholeFile.write(
                    file,
                    part -> {
                      Files.writeString(part, "half");
                      throw new IOException("so far");
                    }))
        .hasMessage(file + ": cannot be written: so far");
    assertThat(folder).isEmptyDirectory();
  }
}
