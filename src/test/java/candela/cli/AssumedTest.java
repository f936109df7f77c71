package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.cli.MainTest.Ran;
import candela.image.Npy;
import candela.study.Shipped;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
  void preprocessingIsSaidByAllThatReadPictures(String command) {
    assertThat(run(command).out()).containsOnlyOnce(ASSUMED);
    assertThat(run(command, "--preprocess=" + Shipped.PREPROCESS).out())
        .doesNotContain("preprocessing: ");
  }

  private Ran run(String command, String... more) {
    Path out = folder.resolve("out" + more.length + (command.equals("gallery") ? ".png" : ""));
    var arguments =
        new ArrayList<>(List.of(command, heart(), "--model=" + model(), "--out=" + out));
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

  private Path map() {
    Path file = folder.resolve("map.npy");
    new Npy(new int[] {2, 2}, new float[] {1, 2, 3, 4}).write(file);
    return file;
  }
}
