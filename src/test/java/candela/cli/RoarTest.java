package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class RoarTest {
  @TempDir Path folder;

  private Path recipe() throws IOException {
    return Files.writeString(
        folder.resolve("tiny.yaml"),
        """
        data: synthetic:count=48,test=16,size=16,seed=4
        architecture: mlp
        batch: 16
        epochs: 1
        """);
  }

  private MainTest.Ran roar(String out, String... more) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "roar",
                recipe().toString(),
                "--method=gradient",
                "--method=sobel",
                "--out=" + folder.resolve(out)));
    all.addAll(List.of(more));
    if (!String.join(" ", more).contains("--fractions")) {
      all.add("--fractions=0.5,0.9");
    }
    return MainTest.run(all.toArray(String[]::new));
  }

  @Test
  void itWritesEveryAccuracyAndThePictures() throws IOException {
    MainTest.Ran ran = roar("out", "--restarts=2");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("48 pictures [3,16,16] to learn from, 16 to test on, 8 classes; 9 trainings")
        .contains("50 % removed", "90 % removed", "gradient", " ± ");
    assertThat(ran.err())
        .contains("1 of 9: unchanged: accuracy")
        .contains("9 of 9: sobel, 90 % removed, restart 1: accuracy");
    Path out = folder.resolve("out");
    List<String> lines = Files.readAllLines(out.resolve("roar.csv"));
    assertThat(lines).hasSize(1 + 9);
    assertThat(lines.get(0)).isEqualTo("method,fraction,restart,accuracy,seconds");
    assertThat(lines.get(1)).startsWith("unchanged,0.0,0,");
    assertThat(lines.get(3)).startsWith("gradient,0.5,1,");
    assertThat(Image.read(out.resolve("curves.png")).height()).isGreaterThan(400);
    assertThat(Image.read(out.resolve("examples.png")).width()).isGreaterThan(3 * 190);
    JsonNode record = new ObjectMapper().readTree(out.resolve("roar.json").toFile());
    assertThat(record.get("results")).hasSize(9);
    assertThat(record.get("configuration").get("recipe").asString()).contains("epochs: 1");
    JsonNode provenance = record.get("provenance");
    assertThat(provenance.get("methods")).hasSize(2);
    assertThat(provenance.get("model").get("sha256").asString()).hasSize(64);
    MainTest.Ran again = roar("out", "--restarts=2");
    assertThat(again.code()).isZero();
    assertThat(again.out()).contains("goes on from", "9 done");
    assertThat(Files.readAllLines(out.resolve("roar.csv"))).isEqualTo(lines);
    MainTest.Ran fewer = roar("out", "--method=random-map", "--fractions=0.9");
    assertThat(fewer.out()).contains("3 done, 6 more that are not asked for now");
    assertThat(fewer.err()).contains("4 of 4: random-map, 90 % removed").doesNotContain("50 %");
    assertThat(Files.readAllLines(out.resolve("roar.csv")))
        .hasSize(1 + 4)
        .contains(lines.get(1), lines.get(4), lines.get(8));
    assertThat(new ObjectMapper().readTree(out.resolve("roar.json").toFile()).get("results"))
        .hasSize(10);
    Path json = out.resolve("roar.json");
    Files.writeString(
        json, Files.readString(json).replaceFirst("\"accuracy\" : [0-9.]+", "\"accuracy\" : 0.99"));
    assertThat(roar("out", "--restarts=2").err())
        .contains("roar.json: results as roar writes them expected, the file was changed; put it")
        .hasLineCount(1);
  }

  @Test
  void aRunStoppedByTheLimitGoesOnButNotWithOtherOptions() throws IOException {
    MainTest.Ran whole = roar("whole", "--keep", "--rank=value");
    assertThat(whole.code()).as(whole.err()).isZero();
    assertThat(whole.out()).contains("50 % kept");
    MainTest.Ran first = roar("parts", "--keep", "--rank=value", "--limit=1e-6");
    assertThat(first.code()).as(first.err()).isEqualTo(Main.PARTIAL);
    assertThat(first.out()).contains("stopped by --limit; the same command goes on");
    MainTest.Ran other = roar("parts", "--keep");
    assertThat(other.code()).isEqualTo(Main.WRONG);
    assertThat(other.err())
        .contains("roar.json: a run of the same rank expected, it has value there, absolute here;")
        .hasLineCount(1);
    Path json = folder.resolve("parts/roar.json");
    String text = Files.readString(json);
    Files.writeString(json, text.replaceFirst("\"" + Version.NUMBER + "\"", "\"0.0.9\""));
    assertThat(roar("parts", "--keep", "--rank=value").err())
        .contains("a run of the same candela expected, it has 0.0.9 there, " + Version.NUMBER);
    Files.writeString(json, text.substring(0, text.length() / 2));
    assertThat(roar("parts", "--keep", "--rank=value").err())
        .contains("roar.json: JSON expected: ")
        .contains("; the file is damaged: put it back, or use another --out")
        .hasLineCount(1);
    Files.writeString(json, text);
    try (var _ = FolderLock.of(folder.resolve("parts"))) {
      assertThat(roar("parts", "--keep", "--rank=value").err())
          .contains("parts: another run is at work in this folder; wait for it, or use another");
    }
    assertThat(roar("parts", "--keep", "--rank=value").code()).isZero();
    assertThat(accuracies("parts")).isEqualTo(accuracies("whole"));
  }

  private List<String> accuracies(String out) throws IOException {
    return Files.readAllLines(folder.resolve(out).resolve("roar.csv")).stream()
        .map(line -> line.substring(0, line.lastIndexOf(',')))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--fractions=0.5,1 | fractions: numbers above 0 and below 1 expected, got 1.0",
        "--restarts=0 | restarts: 1 or more expected, got 0",
        "--rank=size | --rank: one of absolute, value expected, got 'size'",
        "--method=grad | method: unknown 'grad'",
        "--method=grad-cam | grad-cam: mlp: no convolution of more than one pixel",
        "--fractions=0.001,0.5 | fractions: 1 to 255 of 256 pixels expected, 0.001 comes to 0;",
        "--limit=0 | --limit: seconds above 0 expected, got 0.0; leave it out",
        "--model=nowhere.onnx | nowhere.onnx: no such file",
      })
  void wrongUsageIsOneSentenceAndCodeTwo(String option, String sentence) throws IOException {
    MainTest.Ran ran = roar("wrong", option);
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err()).contains(sentence);
    assertThat(ran.err().strip().lines()).hasSize(1);
    assertThat(ran.out()).isEmpty();
  }
}
