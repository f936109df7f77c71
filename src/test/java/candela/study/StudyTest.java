package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.image.Npy;
import candela.method.Methods;
import candela.metric.Ssim;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StudyTest {
  @TempDir Path temporary;

  @Test
  void aPictureThatIsNotThereIsToldAtOnce() {
    Study study = parse("models: [cnn]\nimages: [shipped, nowhere.png]\nsweeps: [gradient]\n");
    assertThatThrownBy(() -> Material.of(study, temporary))
        .hasMessage(
            "s: images: folder/nowhere.png: a picture or a folder of them expected, there is none");
  }

  /** It would count twice in every mean. */
  @Test
  void aPictureThatIsThereTwiceIsRefused() {
    Study study = parse("models: [cnn]\nimages: [shipped, shipped]\nsweeps: [gradient]\n");
    assertThatThrownBy(() -> Material.of(study, temporary))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("s: images: every picture once expected, ")
        .hasMessageEndingWith(" is there twice");
  }

  /** As the command line reads them: with the mark of some editors, and lines at the end. */
  @Test
  void namesOfClassesAreReadAsEverywhere() throws IOException {
    Files.writeString(temporary.resolve("names.txt"), "\uFEFFdisc\nring\nc\nd\ne\nf\ng\nh\n\n");
    Files.writeString(temporary.resolve("classes.csv"), "file,class\ndisc.png,disc\n");
    Shipped.pictures(temporary);
    Study study =
        Study.parse(
            "s.yaml",
            "models: [cnn]\nimages: [disc.png]\ntarget: label\nclasses: classes.csv\n"
                + "labels: names.txt\nsweeps: [gradient]\n",
            temporary);
    assertThat(Material.of(study, temporary).photos().getFirst().label()).isZero();
  }

  /** Whatever the folder that Candela is started in. */
  @Test
  void filesOfMethodsAreFoundFromItsFolder() {
    new Npy(new int[] {2}, new float[] {1, 2}).write(temporary.resolve("given.npy"));
    String text = "models: [cnn]\nimages: [a.png]\nsweeps:\n";
    for (String method :
        List.of(
            "integrated-gradients:baseline=given.npy",
            "feature-ablation:featureMask=given.npy",
            "noise-tunnel:method=\"integrated-gradients:baseline=given.npy\",samples=2")) {
      Study study = Study.parse("s.yaml", text + "  - x: '" + method + "'\n", temporary);
      String read = Methods.text(study.sweeps().getFirst().settings().getFirst().method());
      assertThat(read).contains("given.npy:sha256=").doesNotContain(temporary.toString());
    }
  }

  private static Study parse(String text) {
    return Study.parse("folder/s.yaml", text, Path.of("folder"));
  }

  @Test
  void allKeysAreRead() {
    Study s =
        parse(
            """
            models:
              - cnn
              - net: ../m.onnx:preprocess=sam,output=y,input-shape=3x8x8
            images: [a.png, photos]
            target: label
            classes: c.csv
            boxes: b.csv
            labels: names.txt
            treatment: sam
            sweeps:
              - sam-sp-small
              - mine: sliding-patch:patch=[1,2*]
              - smoothgrad:samples=[4,8*]
              - both: [gradient*, "smoothgrad:samples=4"]
              - [gradient, lrp]
            similarities: [ssim, wide: "ssim:window=11"]
            metrics: [localisation]
            maps: true
            pictures: 2
            """);
    assertThat(s.name()).isEqualTo("s");
    assertThat(s.models())
        .containsExactly(
            new Study.Ref("cnn", "cnn", null, null, null),
            new Study.Ref("net", "../m.onnx", "sam", "y", "3x8x8"));
    assertThat(s.classes()).isEqualTo(Path.of("folder/c.csv"));
    assertThat(s.sweeps())
        .extracting(Sweep::name)
        .containsExactly(
            "sam-sp-small", "mine", "smoothgrad:samples=[4,8*]", "both", "gradient, lrp");
    assertThat(s.sweeps().get(3).settings())
        .extracting(Setting::label)
        .containsExactly("gradient", "smoothgrad:samples=4");
    assertThat(s.sweeps().get(3).baseline()).isZero();
    assertThat(s.similarities()).extracting(Study.Measure::name).containsExactly("ssim", "wide");
    assertThat(s.similarities().get(1).of()).isEqualTo(new Ssim(Ssim.Weights.UNIFORM, 11, 0));
    assertThat(s.sam()).isTrue();
    assertThat(s.maps()).isTrue();
    assertThat(s.pictures()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sweep: [a] | folder/s.yaml:4: unknown key 'sweep'; it takes boxes, classes, images",
        "pictures: -1 | folder/s.yaml:4: pictures: 0 to 1000 expected, got '-1'",
        "maps: perhaps | folder/s.yaml:4: maps: true, false expected, got 'perhaps'",
        "target: best | folder/s.yaml:4: target: top, label or the number of a class expected",
        "target: label | folder/s.yaml: target: label needs classes: or boxes:",
        "treatment: none | folder/s.yaml:4: treatment: standard or sam expected, got 'none'",
        "similarities: [mse] | folder/s.yaml:4: similarities: similarity: unknown 'mse'; known are",
        "similarities: [ssim, ssim] | folder/s.yaml:4: similarities: 'ssim' is given twice",
        "metrics: [deletion:step=-1] | folder/s.yaml:4: metrics: deletion: step: 0 or more"
            + " expected",
        "metrics: [localisation] | folder/s.yaml:4: metrics: localisation needs the boxes of the",
        "models: [b] | folder/s.yaml:4: key 'models' is given twice",
        "metrics: [a:b=[5]] | folder/s.yaml:4: YAML expected: expected ',' or ']', but got [;"
            + " quote",
        "metrics: [a: [deletion, insertion]] | folder/s.yaml:4: a word or a number expected",
        "metrics: [[deletion]] | folder/s.yaml:4: a word or a number expected",
      })
  void wrongKeysAreRefusedWithTheirLine(String line, String message) {
    String text = "models: [cnn]\nimages: [x]\nsweeps: [gradient]\n" + line;
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void aListsItemsHaveLinesOfTheirOwn() {
    String text =
        "models: [cnn]\nimages: [x]\nsweeps:\n  - gradient\n  - a: occlusion:window=[-1,3]";
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessage("folder/s.yaml:5: sweeps: occlusion: window: 0 or more expected, got -1");
    assertThatThrownBy(() -> parse(text.replace("gradient", "sam-sp-tiny")))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("folder/s.yaml:4: sweeps: sweep: unknown 'sam-sp-tiny'; known are");
  }

  @Test
  void usualSimilaritiesAreThoseThatTheImagesAreLargeEnoughFor() {
    String text = "models: [cnn]\nimages: [a.png]\nsweeps: [gradient]\n";
    List<Shape> images = List.of(Shape.of(3, 64, 64), Shape.of(3, 32, 32));
    assertThat(parse(text).fitting(images.subList(0, 1))).isEqualTo(parse(text));
    assertThat(parse(text).fitting(images).similarities())
        .extracting(Study.Measure::name)
        .containsExactly("ssim", "spearman");
    Study named = parse(text + "similarities: [hog]\n");
    assertThat(named.fitting(images)).isSameAs(named);
  }

  @Test
  void aPresetOfOneSweepTakesAName() {
    String text = "models: [cnn]\nimages: [x]\nsweeps:\n  - mine: sam-sp-small\n  - sam-sp-small\n";
    List<Sweep> sweeps = parse(text).sweeps();
    assertThat(sweeps).extracting(Sweep::name).containsExactly("mine", "sam-sp-small");
    assertThat(sweeps.get(0).settings()).isEqualTo(sweeps.get(1).settings());
    assertThat(sweeps.get(0).baseline()).isEqualTo(1);
    assertThatThrownBy(() -> parse(text.replace("mine: sam-sp-small", "mine: sam-sg")))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "folder/s.yaml:4: sweeps: mine: one sweep expected, sam-sg is 2 with names of their"
                + " own; leave out 'mine:'");
  }

  @Test
  void aFolderIsNoModel() {
    assertThatThrownBy(() -> parse("models: [\"/\"]\nimages: [x]\nsweeps: [gradient]\n"))
        .isInstanceOf(CandelaException.class)
        .hasMessage("folder/s.yaml:1: models: an ONNX file or a model's name expected, got '/'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"models", "images", "sweeps"})
  void whatMustBeThereIsAskedFor(String key) {
    String text = "models: [cnn]\nimages: [x]\nsweeps: [gradient]\n".replaceAll(key + ".*\n", "");
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessage("folder/s.yaml: key '%s' with one value or more expected", key);
  }

  @Test
  void presetsAreSweepsOfSam() {
    for (String name : SweepPresets.names()) {
      assertThat(SweepPresets.of(name)).isNotEmpty().allMatch(s -> s.baseline() >= 0);
    }
    assertThat(SweepPresets.of("sam-all")).hasSize(12);
  }
}
