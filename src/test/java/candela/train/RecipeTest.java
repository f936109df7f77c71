package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.device.Attack.Ball;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
  private static Recipe parse(String... lines) {
    String head = "data: synthetic:count=8\narchitecture: cnn\n";
    return Recipe.parse("r.yaml", head + String.join("\n", lines), Path.of("."));
  }

  @Test
  void allKeysAreRead() {
    Recipe r =
        parse(
            "seed: 7",
            "epochs: 3",
            "batch: 16",
            "optimiser: sgd:rate=0.2,momentum=0.8,nesterov=true,decay=5e-4",
            "schedule: step:at=[1,2],factor=0.5,warmup=0.5",
            "smoothing: 0.1",
            "augment: on:flip=false,crop=4,colour=0.2",
            "attack: pgd:ball=linf,epsilon=0.03,step=0.01,steps=3,start=false",
            "measure: ['fgsm:ball=l2,epsilon=1', 'pgd:steps=5']",
            "measure-noise: [0.1, 0.2]",
            "fraction: 0.5",
            "shuffle-labels: true",
            "validation: 0.2",
            "half: true");
    assertThat(r.name()).isEqualTo("r");
    assertThat(r.optimiser()).isEqualTo(new Optimiser.Sgd(0.2, 0.8, true, 5e-4));
    assertThat(r.schedule())
        .isEqualTo(new Schedule(Schedule.Kind.STEP, List.of(1.0, 2.0), 0.5, 0.5));
    assertThat(r.augment()).isEqualTo(new Augmentation(false, 4, 0.2));
    assertThat(r.attack()).isEqualTo(new Pgd(Ball.LINF, 0.03, 0.01, 3, false));
    assertThat(r.measure())
        .containsExactly(new Pgd(Ball.L2, 1, 1, 1, false), new Pgd(Ball.L2, 0.5, 0.25, 5, true));
    assertThat(r.measureNoise()).containsExactly(0.1, 0.2);
    assertThat(r.shuffleLabels()).isTrue();
    assertThat(Pgd.parse(r.attack().toString())).isEqualTo(r.attack());
  }

  /** The sign step is of the largest norm, as in its paper. */
  @Test
  void attacksHaveTheBallsOfTheirPapers() {
    assertThat(Pgd.parse("fgsm:epsilon=0.01")).isEqualTo(Pgd.fgsm(Ball.LINF, 0.01));
    assertThat(Pgd.parse("fgsm:ball=l2,epsilon=1")).isEqualTo(Pgd.fgsm(Ball.L2, 1));
    for (String written :
        List.of(
            "fgsm:ball=l2,epsilon=1.0", "pgd:ball=linf,epsilon=0.5,step=0.1,steps=5,start=true")) {
      assertThat(Pgd.parse(written)).hasToString(written);
    }
    assertThat(Pgd.parse("pgd").ball()).isEqualTo(Ball.L2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "epoch: 3 | r.yaml:3: unknown key 'epoch'; it takes architecture, attack, augment, batch",
        "epochs: many | r.yaml:3: epochs: a whole number expected, got 'many'",
        "epochs: 99999999999999999999 | r.yaml:3: epochs: 1 to 1000000 expected",
        "start: m.onnx | r.yaml: either architecture or start expected, got both",
        "epochs: 0 | r.yaml:3: epochs: 1 to 1000000 expected, got '0'",
        "optimiser: lion | r.yaml:3: optimiser: sgd, adam or adamw expected, got 'lion'",
        "optimiser: adamW:decay=0.1 | r.yaml:3: optimiser: sgd, adam or adamw expected, got 'adamW",
        "optimiser: adam:beta2=1 | r.yaml:3: optimiser: adam: beta2: below 1 expected, got 1",
        "optimiser: sgd:rat=1 | r.yaml:3: optimiser: sgd: unknown parameter 'rat'",
        "schedule: linear | r.yaml:3: schedule: constant, cosine or step expected, got 'linear'",
        "augment: yes | r.yaml:3: augment: on:flip=…,crop=…,colour=… expected, got 'yes'",
        "attack: cw | r.yaml:3: attack: pgd or fgsm expected, got 'cw'",
        "measure-noise: [a] | r.yaml:3: measure-noise: a number expected, got 'a'",
        "measure-noise: [0.1, NaN] | r.yaml:3: measure-noise: 0.0 to 10.0 expected, got 'NaN'",
        "measure-noise: [-0.5] | r.yaml:3: measure-noise: 0.0 to 10.0 expected, got '-0.5'",
        "architecture: mlp | r.yaml:3: key 'architecture' is given twice",
        "batch: {a: 1} | r.yaml:3: batch: a word or a number expected, got 'a: 1'",
        "'a: b: c' | r.yaml:3: YAML expected: mapping values are not allowed here",
      })
  void wrongKeysAreRefusedWithTheirLine(String line, String message) {
    assertThatThrownBy(() -> parse(line))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(message);
  }

  /** Not when all pictures have been read, which may take minutes. */
  @Test
  void anUnknownArchitectureIsRefusedWithItsLine() {
    String text = "data: synthetic\narchitecture: resnet9\n";
    assertThatThrownBy(() -> Recipe.parse("r.yaml", text, Path.of(".")))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("r.yaml:2: architecture: one of cnn, densenet121")
        .hasMessageEndingWith("expected, got 'resnet9'");
  }

  @Test
  void whatMustBeThereIsAskedFor() {
    assertThatThrownBy(() -> Recipe.parse("r.yaml", "data: synthetic", Path.of(".")))
        .isInstanceOf(CandelaException.class)
        .hasMessage("r.yaml: key 'architecture' expected, it is missing");
    assertThatThrownBy(() -> parse("noise: 0.1", "attack: pgd"))
        .isInstanceOf(CandelaException.class)
        .hasMessage("r.yaml: either noise or attack expected, got both");
  }

  /** Warm-up to the full rate, halves at its milestones; half a cosine from 1 through 0.5 to 0. */
  @ParameterizedTest
  @CsvSource({
    "'step:at=[2,4],factor=0.5,warmup=1',0,0",
    "'step:at=[2,4],factor=0.5,warmup=1',0.25,0.25",
    "'step:at=[2,4],factor=0.5,warmup=1',1,1",
    "'step:at=[2,4],factor=0.5,warmup=1',2,0.5",
    "'step:at=[2,4],factor=0.5,warmup=1',4.5,0.25",
    "cosine,0,1",
    "cosine,5,0.5",
    "cosine,10,0",
    "cosine:warmup=2,6,0.5",
    "constant,9,1",
  })
  void schedules(String text, double epoch, double factor) {
    assertThat(Schedule.parse(text).factor(epoch, 10)).isCloseTo(factor, Offset.offset(1e-12));
  }

  /** Every recipe of the repository is one. */
  @Test
  void committedRecipesAreRead() throws IOException {
    try (var files = Files.list(Path.of("src/recipes"))) {
      List<Path> recipes = files.filter(f -> f.toString().endsWith(".yaml")).toList();
      assertThat(recipes).isNotEmpty();
      recipes.forEach(f -> assertThat(Recipe.read(f).epochs()).isPositive());
    }
  }
}
