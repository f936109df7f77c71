package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.cli.MainTest.Ran;
import candela.study.Shipped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gallery as a user meets it. */
class GalleryTest {
  @TempDir Path folder;

  private Ran gallery(String... more) {
    var arguments = new ArrayList<>(List.of("gallery", "--out=" + folder + "/sheet.png"));
    arguments.addAll(List.of(more));
    return MainTest.run(arguments.toArray(String[]::new));
  }

  @Test
  void methodsAreDrawnAndThoseWithoutMeaningAreTold() {
    Ran ran = gallery("--method=gradient", "--method=cam:layer=nowhere", "--target=top");
    assertThat(ran.code()).as(ran.err()).isEqualTo(1);
    assertThat(ran.out()).contains("cam ", "nowhere", "1 map in ");
    assertThat(folder.resolve("sheet.png")).isNotEmptyFile();
  }

  @Test
  void theTargetIsCheckedAsInExplain() {
    assertThat(gallery("--target=dog").err())
        .contains("--target: a class number of 0 or more, or top expected, got 'dog'");
    Ran far = gallery("--method=gradient", "--target=99");
    assertThat(far.code()).isEqualTo(2);
    assertThat(far.err()).contains("--target: 0 to ", "the classes of cnn.onnx; got 99");
  }

  @Test
  void thePhotoIsNotWrittenOver() throws IOException {
    Path photo = Shipped.pictures(folder).getFirst();
    byte[] before = Files.readAllBytes(photo);
    String model = "--model=" + Shipped.model("cnn", folder);
    Ran ran = MainTest.run("gallery", photo.toString(), model, "--method=sobel", "--out=" + photo);
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("--out: another file expected than those that are read");
    assertThat(photo).hasBinaryContent(before);
  }

  @Test
  void labelsMustFitTheNetwork() throws IOException {
    Path labels = Files.writeString(folder.resolve("names.txt"), "cat\ndog\n");
    Ran ran = gallery("--method=gradient", "--labels=" + labels);
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("names.txt: ", "class names expected, one a line").contains("2");
  }
}
