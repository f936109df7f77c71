package candela.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputsTest {
  @TempDir Path folder;

  @Test
  void aFolderStandsForItsImagesByNameOneLevelDeep() throws IOException {
    for (String f : List.of("b.JPEG", "a.png", "notes.txt", ".hidden.png")) {
      Files.createFile(folder.resolve(f));
    }
    Files.createDirectories(folder.resolve("deeper.png"));
    assertThat(Inputs.of(List.of(folder)).stream().map(Inputs.Input::name))
        .containsExactly("a", "b");
  }

  /** Their reader says why not; left out of the list, nobody would miss them. */
  @Test
  void aFolderStandsForPicturesThatCannotBeReadToo() throws IOException {
    for (String f : List.of("b.webp", "a.png", "c.TIFF")) {
      Files.createFile(folder.resolve(f));
    }
    assertThat(Inputs.of(List.of(folder)).stream().map(Inputs.Input::name))
        .containsExactly("a", "b", "c");
  }

  /** Maps may lie beside pictures. */
  @Test
  void arraysStandForAFolderThatHasNothingElse() throws IOException {
    for (String f : List.of("b.npy", "a.npy", ".c.npy", "labels.csv")) {
      Files.createFile(folder.resolve(f));
    }
    assertThat(Inputs.of(List.of(folder)).stream().map(Inputs.Input::name))
        .containsExactly("a", "b");
    Path out = folder.resolve("results/first");
    assertThat(Inputs.leftOut(List.of(folder), out)).isEmpty();
    Files.createFile(folder.resolve("z.png"));
    assertThat(Inputs.of(List.of(folder)).stream().map(Inputs.Input::name)).containsExactly("z");
    assertThat(Inputs.leftOut(List.of(folder.resolve("z.png"), folder), out))
        .containsExactly(
            folder
                + ": 2 .npy files left out, because a folder with pictures stands for these alone;"
                + " name the files themselves to have them read");
    Files.createDirectories(folder.resolve("more"));
    Files.createDirectories(folder.resolve(".hidden"));
    Files.createDirectories(out);
    assertThat(Inputs.leftOut(List.of(folder), out))
        .hasSize(2)
        .contains(folder + ": 1 folder in it not looked into; name it to have the pictures read");
  }

  @Test
  void resultsDoNotGoToTheFolderOfTheImages() throws IOException {
    Path image = Files.createFile(folder.resolve("a.png"));
    Path same = Files.createDirectories(folder.resolve("in")).resolve("..");
    assertThatThrownBy(() -> Inputs.keepApart(List.of(image, folder), same))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("--out: a folder other than the images' expected");
    Inputs.keepApart(List.of(image), folder);
    Inputs.keepApart(List.of(folder), folder.resolve("in"));
    Inputs.keepApart(List.of(folder), folder.resolve("new"));
  }

  @Test
  void equalNamesGetNumbers() throws IOException {
    List<Path> files = List.of(Path.of("x/a.png"), Path.of("y/a.jpg"), Path.of("a-2.png"));
    assertThat(Inputs.of(files).stream().map(Inputs.Input::name))
        .containsExactly("a", "a-2", "a-2-2");
  }

  @Test
  void aFolderWithoutImagesIsAnError() {
    assertThatThrownBy(() -> Inputs.of(List.of(folder)))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("images expected, found none");
  }
}
