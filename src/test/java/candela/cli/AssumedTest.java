package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.cli.MainTest.Ran;
import candela.image.Npy;
import candela.onnx.proto.ModelProto;
import candela.study.Shipped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a command takes for granted where nobody has said it. */
class AssumedTest {
  private static final String ASSUMED =
      "preprocessing: imagenet (not told by the model; --preprocess sets another)\n";

  @TempDir Path folder;

  /** The model's own is another: it gives another class, and what is made of it is of no use. */
  @ParameterizedTest
  @ValueSource(strings = {"explain", "gallery", "sanity", "measure", "manipulate"})
  void preprocessingIsSaidByAllThatReadPictures(String command) throws IOException {
    assertThat(run(command, silent()).out()).containsOnlyOnce(ASSUMED);
    assertThat(run(command, silent(), "--preprocess=" + Shipped.PREPROCESS).out())
        .doesNotContain("preprocessing: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"explain", "gallery", "sanity", "measure", "manipulate"})
  void aModelThatCandelaTrainedTellsItsOwn(String command) {
    assertThat(run(command, model()).out())
        .containsOnlyOnce("preprocessing: unit (told by the model; --preprocess sets another)\n");
  }

  @Test
  void itTellsTheNamesOfItsClassesToo() throws IOException {
    assertThat(run("explain", model()).out()).contains("heart").doesNotContain("class 3");
    assertThat(run("explain", silent()).out()).contains("class 3").doesNotContain("heart ");
    Path labels = Files.writeString(folder.resolve("l.txt"), "a\nb\nc\nd\ne\nf\ng\nh\n");
    assertThat(run("explain", model(), "--labels=" + labels).out()).doesNotContain("crescent");
  }

  private Ran run(String command, Path model, String... more) {
    Path out = folder.resolve("out" + more.length + (command.equals("gallery") ? ".png" : ""));
    var arguments = new ArrayList<>(List.of(command, heart(), "--model=" + model, "--out=" + out));
    arguments.addAll(
        switch (command) {
          case "measure" -> List.of("--map=" + map(), "--metric=sparseness");
          case "sanity" -> List.of("--method=gradient", "--stages=1");
          case "manipulate" ->
              List.of(Shipped.picture("star", folder).toString(), "--iterations=1");
          default -> List.of("--method=gradient");
        });
    arguments.addAll(List.of(more));
    Ran ran = MainTest.run(arguments.toArray(String[]::new));
    assertThat(ran.code()).as(ran.err()).isZero();
    return ran;
  }

  private String heart() {
    return Shipped.picture("heart", folder).toString();
  }

  private Path model() {
    return Shipped.model("cnn", folder);
  }

  /** The same, without a word of how it was trained. */
  private Path silent() throws IOException {
    Path file = folder.resolve("silent.onnx");
    ModelProto told = ModelProto.parseFrom(Files.readAllBytes(model()));
    Files.write(file, told.toBuilder().clearMetadataProps().build().toByteArray());
    return file;
  }

  private Path map() {
    Path file = folder.resolve("map.npy");
    new Npy(new int[] {2, 2}, new float[] {1, 2, 3, 4}).write(file);
    return file;
  }
}
