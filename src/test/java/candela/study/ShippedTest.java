package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.onnx.OnnxModel;
import candela.onnx.Widen;
import candela.train.Dataset;
import candela.train.Learner;
import candela.train.Optimiser;
import candela.train.Pgd;
import candela.train.Scenes;
import candela.train.Testing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The models that come with Candela are what their records say. */
class ShippedTest {
  private static final Path RESOURCES = Path.of("src/main/resources/candela");
  private static final Scenes SET = Scenes.parse("synthetic:count=12000,test=1000,size=64,seed=1");
  private static final Pgd ATTACK = Pgd.parse("pgd:ball=l2,epsilon=0.5,steps=10");

  /** Of a part of the test set: within three standard errors of what the whole gave. */
  private static final int PART = 256;

  @TempDir Path folder;

  @Test
  void allOfThemTakeLessThanAMebibyte() throws IOException {
    long bytes = 0;
    try (var files = Files.walk(RESOURCES)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        bytes += Files.size(f);
      }
    }
    assertThat(bytes).isLessThan(1 << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn", "cnn-robust", "inception", "inception-robust"})
  void recordsAreTrue(String name) throws IOException {
    JsonNode record = new ObjectMapper().readTree(RESOURCES.resolve(name + ".json").toFile());
    OnnxModel model = OnnxModel.read(Shipped.model(name, folder));
    assertThat(model.sha256()).isEqualTo(record.get("sha256").asString());
    String recipe = Files.readString(Path.of("src/recipes", name + ".yaml"));
    assertThat(record.get("recipe").asString()).isEqualTo(recipe);
    double clean = record.get("accuracy").get("clean").asDouble();
    double robust = record.get("accuracy").get(ATTACK.toString()).asDouble();
    if (!name.endsWith("robust")) {
      assertThat(clean).isGreaterThanOrEqualTo(0.95);
    }
    Dataset test = SET.set(12000, 12000 + PART);
    try (Device device = Devices.open("cpu", 2);
        Learner learner =
            new Learner(Widen.of(model), device, 64, new Optimiser.Sgd(0, 0, false, 0), 0)) {
      check(name, clean, Testing.of(learner, test, null, 0, 1, test.size()).accuracy());
      check(name + " attacked", robust, Testing.of(learner, test, ATTACK, 0, 1, 128).accuracy());
    }
  }

  private static void check(String what, double recorded, double found) {
    double error = Math.sqrt(Math.max(recorded * (1 - recorded), 0.01) / 128);
    assertThat(found).as(what).isBetween(recorded - 3 * error, recorded + 3 * error);
  }

  /** Training with PGD is what makes the difference. */
  @ParameterizedTest
  @ValueSource(strings = {"cnn", "inception"})
  void robustModelsWithstandTheAttack(String name) throws IOException {
    assertThat(attacked(name + "-robust")).isGreaterThan(attacked(name) + 0.2);
  }

  private static double attacked(String name) throws IOException {
    JsonNode record = new ObjectMapper().readTree(RESOURCES.resolve(name + ".json").toFile());
    return record.get("accuracy").get(ATTACK.toString()).asDouble();
  }
}
