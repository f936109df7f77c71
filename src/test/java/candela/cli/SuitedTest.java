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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Methods that have no meaning for a model, here a convolutional one, beside others. */
class SuitedTest {
  private static final String ROLLOUT =
      "candela: left out: attention-rollout: cnn.onnx: attention expected, softmax(q kᵀ) v, it has"
          + " none; use another method\n";

  @TempDir Path folder;

  /** Methods, and options. */
  private Ran run(String command, String... methods) {
    List<String> arguments = new ArrayList<>();
    arguments.add(command);
    arguments.add(Shipped.picture("heart", folder).toString());
    arguments.add("--model=" + Shipped.model("cnn", folder));
    arguments.add("--preprocess=" + Shipped.PREPROCESS);
    arguments.add("--out=" + out() + (command.equals("gallery") ? ".png" : ""));
    for (String m : methods) {
      arguments.add(m.startsWith("--") ? m : "--method=" + m);
    }
    return MainTest.run(arguments.toArray(String[]::new));
  }

  private Path out() {
    return folder.resolve("out");
  }

  private JsonNode provenance() {
    return new ObjectMapper().readTree(out().resolve("provenance.json").toFile());
  }

  @Test
  void theOthersAreExplained() {
    Ran ran = run("explain", "gradient", "attention-rollout", "sobel");
    assertThat(ran.err()).isEqualTo(ROLLOUT);
    assertThat(ran.code()).isEqualTo(Main.PARTIAL);
    assertThat(ran.out()).contains("2 maps of 1 image in ");
    assertThat(out().resolve("heart.gradient.npy")).exists();
    assertThat(out().resolve("heart.sobel.npy")).exists();
    assertThat(out().resolve("heart.attention-rollout.npy")).doesNotExist();
    assertThat(provenance().get("methods")).hasSize(2);
    assertThat(provenance().get("leftOut")).hasSize(1);
    assertThat(provenance().get("leftOut").get(0).get("method").asString())
        .isEqualTo("attention-rollout");
  }

  @ParameterizedTest
  @ValueSource(strings = {"explain", "sanity"})
  void whereNoneIsLeftOnlyTheReasonsAreTold(String command) {
    Ran ran = run(command, "attention-rollout", "grad-cam:layer=nix");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .startsWith(ROLLOUT + "candela: left out: grad-cam: cnn.onnx: no value 'nix' in the graph")
        .hasLineCount(2);
    assertThat(ran.out()).isEmpty();
    assertThat(out()).isDirectoryNotContaining("glob:**.json");
  }

  @Test
  void oneAloneIsAnError() {
    Ran ran = run("explain", "attention-rollout");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err()).startsWith("candela: cnn.onnx: attention expected, ").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sliding-patch:patch=65", "sliding-patch:path=5", "rise:keep=2"})
  void aWrongParameterStopsAll(String wrong) {
    Ran ran = run("explain", "sobel", "attention-rollout", wrong);
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .contains(wrong.substring(0, 4))
        .doesNotContain("attention")
        .hasLineCount(1);
    assertThat(ran.out()).isEmpty();
    assertThat(out().resolve("provenance.json")).doesNotExist();
  }

  @Test
  void theOthersAreChecked() throws IOException {
    Ran ran = run("sanity", "gradient", "generic-attention");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err()).startsWith("candela: left out: generic-attention: cnn.onnx: ");
    assertThat(provenance().get("leftOut")).hasSize(1);
    assertThat(Files.readString(out().resolve("sanity.csv")))
        .contains(",gradient,")
        .doesNotContain("attention");
  }

  @Test
  void theOtherModelMustHaveTheLayerToo() throws IOException {
    Path other = Shipped.model("inception", folder);
    Ran ran = run("sanity", "gradient", "grad-cam:layer=relu19.out", "--against=" + other);
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.PARTIAL);
    assertThat(ran.err())
        .startsWith("candela: left out: grad-cam: inception.onnx: no value 'relu19.out'");
    assertThat(Files.readString(out().resolve("sanity.csv"))).contains(",inception.onnx,");
  }

  @Test
  void aGalleryOfNothingIsNotDrawn() {
    Ran ran = run("gallery", "attention-rollout", "cam:layer=nix");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.out()).contains("attention expected", "no value 'nix'");
    assertThat(folder.resolve("out.png")).doesNotExist();
  }
}
