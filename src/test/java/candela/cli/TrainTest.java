package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.onnx.OnnxModel;
import candela.study.Ledger;
import candela.study.Shipped;
import candela.train.Scenes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The commands that make data and models, and the models that come with Candela. */
class TrainTest {
  private static final String FOCUS =
      "SELECT value FROM score JOIN method USING (method) WHERE name %s 'centre-prior' AND part ="
          + " ''";

  @TempDir Path folder;

  @Test
  void dataWritesPicturesMasksAndBoxesThatTrainReads() throws IOException {
    Path set = folder.resolve("set");
    String small = "count=16,test=8,size=16,seed=4";
    Path dead = Files.createDirectories(folder.resolve(".set.candela-part"));
    Files.writeString(dead.resolve("old.png"), "of a run that was killed");
    Path other = Files.createDirectories(folder.resolve(".set.20240101"));
    MainTest.Ran data = MainTest.run("data", set.toString(), "--set", small);
    assertThat(dead).doesNotExist();
    assertThat(other).exists();
    try (var files = Files.list(set)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("train", "test", "masks", "boxes.csv", "settings.txt");
    }
    assertThat(data.code()).as(data.err()).isZero();
    assertThat(data.out()).contains("24 pictures of 8 classes");
    assertThat(Files.readAllLines(set.resolve("boxes.csv"))).hasSize(25);
    String settings = Files.readString(set.resolve("settings.txt")).strip();
    assertThat(settings)
        .isEqualTo(
            "synthetic:count=16,test=8,size=16,seed=4,colour=0.0,background=0.0,clutter=6,"
                + "distractors=3,artefact=none,decides=shape");
    assertThat(Scenes.parse(settings)).isEqualTo(Scenes.parse("synthetic:" + small));
    assertThat(set.resolve("train/star/000006.png")).isNotEmptyFile();
    assertThat(set.resolve("masks/train/star/000006.png")).isNotEmptyFile();
    MainTest.Ran again = MainTest.run("data", set.toString());
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("a new folder expected, it is there already");

    Path recipe = folder.resolve("tiny.yaml");
    Files.writeString(
        recipe,
        """
        data: images:path=set
        architecture: mlp
        epochs: 2
        batch: 8
        optimiser: sgd:rate=0.01
        measure: ["fgsm:ball=linf,epsilon=0.01"]
        measure-noise: [0.1]
        """);
    Path out = folder.resolve("models");
    MainTest.Ran train = MainTest.run("train", recipe.toString(), "--out", out.toString());
    assertThat(train.code()).as(train.err()).isZero();
    assertThat(train.out())
        .contains("16 pictures [3,16,16] to learn from, 8 to test on, 8 classes")
        .contains("epoch 2 of 2: training loss")
        .contains("images/s")
        .contains("accuracy, clean")
        .contains("accuracy, noise 0.1");
    JsonNode record = new ObjectMapper().readTree(out.resolve("tiny.json").toFile());
    Path model = out.resolve("tiny.onnx");
    assertThat(record.get("sha256").asString()).isEqualTo(OnnxModel.read(model).sha256());
    assertThat(record.get("accuracy").size()).isEqualTo(3);
    assertThat(out.resolve("tiny.checkpoint")).doesNotExist();
    String fgsm = "fgsm:ball=linf,epsilon=0.01";
    MainTest.Ran attack =
        MainTest.run("attack", model.toString(), "--data=images:path=" + set, "--attack", fgsm);
    assertThat(attack.code()).as(attack.err()).isZero();
    double clean = 100 * record.get("accuracy").get("clean").asDouble();
    assertThat(attack.out())
        .contains(String.format(Locale.ROOT, "accuracy, clean: %.2f %% of 8", clean))
        .contains("ball=linf,epsilon=0.01");
    MainTest.Ran unlike =
        MainTest.run(
            "attack", model.toString(), "--data=images:path=" + set, "--preprocess=caffe-bgr");
    assertThat(unlike.code()).as(unlike.err()).isZero();
    assertThat(unlike.out()).startsWith("accuracy, clean").isNotEqualTo(attack.out());
    MainTest.Ran explain =
        MainTest.run(
            "explain",
            set.resolve("test/star/000022.png").toString(),
            "--model=" + model,
            "--preprocess=unit",
            "--method=gradient",
            "--out=" + folder.resolve("maps"));
    assertThat(explain.code()).as(explain.err()).isZero();
  }

  @Test
  void theModelThatARecipeGoesOnFromIsNotWrittenOver() throws IOException {
    Path cnn = Shipped.model("cnn", folder);
    byte[] before = Files.readAllBytes(cnn);
    Path recipe = folder.resolve("cnn.yaml");
    Files.writeString(
        recipe, "data: synthetic:count=8,test=8\nstart: cnn.onnx\nepochs: 1\nbatch: 8\n");
    MainTest.Ran ran = MainTest.run("train", recipe.toString(), "--out", folder.toString());
    assertThat(ran.code()).as(ran.out()).isEqualTo(2);
    assertThat(ran.err()).contains("--out: another file expected than those that are read, " + cnn);
    assertThat(cnn).hasBinaryContent(before);
  }

  /** Two quarters of any mosaic have half of a map that is the same in each: a Focus of 0.5. */
  @Test
  void mosaicsAreMeasuredByAStudy() throws IOException {
    Path set = folder.resolve("set");
    Path four = folder.resolve("four");
    MainTest.Ran data = MainTest.run("data", set.toString(), "--set", "count=24,test=2");
    assertThat(data.code()).as(data.err()).isZero();
    String classes = "--classes=" + set.resolve("boxes.csv");
    String stars = "--mosaics=" + set.resolve("train/star");
    String hearts = "--mosaics=" + set.resolve("train/heart");
    MainTest.Ran ran =
        MainTest.run(
            "data", four.toString(), stars, hearts, classes, "--set", "count=5,tile=32,seed=3");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).isEqualTo("5 mosaics of 2 classes in " + four + "\n");
    assertThat(Files.readAllLines(four.resolve("boxes.csv"))).hasSize(11);
    assertThat(four.resolve("settings.txt")).hasContent("mosaics:count=5,tile=32,seed=3");
    Path study = folder.resolve("focus.yaml");
    Files.writeString(
        study,
        """
        models: [cnn]
        images: [four]
        boxes: four/boxes.csv
        target: label
        sweeps:
          - methods: [centre-prior, input-x-gradient]
        metrics: [relevance-mass]
        """);
    Path ledger = folder.resolve("focus.duckdb");
    MainTest.Ran measured = MainTest.run("study", study.toString(), "--ledger=" + ledger);
    assertThat(measured.code()).as(measured.err()).isZero();
    try (Ledger l = Ledger.read(ledger)) {
      List<List<Object>> focus = l.query(String.format(FOCUS, "="));
      assertThat(focus).hasSize(5);
      assertThat(focus)
          .allSatisfy(row -> assertThat((double) row.getFirst()).isCloseTo(0.5, within(1e-6)));
      assertThat(l.query(String.format(FOCUS, "<>")).stream().distinct()).hasSize(5);
    }
  }

  @Test
  void mosaicsWithoutClassesAndClassesWithoutMosaicsAreRefused() {
    String four = folder.resolve("four").toString();
    assertThat(MainTest.run("data", four, "--mosaics=" + folder).err())
        .isEqualTo(
            "candela: --mosaics: --classes FILE expected with it, the photos' classes; it is not"
                + " given\n");
    assertThat(MainTest.run("data", four, "--classes=x.csv").err())
        .isEqualTo(
            "candela: --classes and --labels: --mosaics PATH expected with them, it is not"
                + " given\n");
    assertThat(folder.resolve("four")).doesNotExist();
  }

  /** The folder cannot be made where a file is: nothing is left beside it. */
  @Test
  void dataThatCannotBeWrittenLeavesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    MainTest.Ran ran =
        MainTest.run("data", file.resolve("set").toString(), "--set", "count=2,test=2,size=16");
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("cannot be written");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  /**
   * The disk holds one checkpoint but not two: the old one stays in whole, and training goes on.
   */
  @Test
  void aFullDiskKeepsTheCheckpointFromWhichTrainingGoesOn() throws Exception {
    Path disk = Files.createDirectories(folder.resolve("disk"));
    SmallDisk.assumed(disk);
    Path recipe = folder.resolve("wide.yaml");
    Files.writeString(
        recipe,
        """
        data: synthetic:count=32,test=8,size=16
        architecture: mlp
        epochs: 3
        batch: 8
        optimiser: sgd:rate=0.01
        """);
    Path whole = folder.resolve("whole");
    train(0, recipe, whole);
    Path stopped = folder.resolve("stopped");
    train(1, recipe, stopped, "--limit=1e-6");
    Path old = stopped.resolve("wide.checkpoint");
    Path kept = Files.createDirectories(folder.resolve("kept"));
    var child = new Child(folder);
    ProcessBuilder full =
        SmallDisk.of(
            Files.size(old) * 3 / 2,
            disk,
            "cp " + old + " \"$0\"",
            child.command(arguments(recipe, disk, "--checkpoint=1e-6")),
            "cp \"$0\"/* " + kept);
    assertThat(child.start(full).waitFor()).as(child.said()).isEqualTo(2);
    assertThat(child.said())
        .contains("wide.checkpoint: cannot be written: no space left on its disk; free some");
    try (var left = Files.list(kept)) {
      assertThat(left).containsExactly(kept.resolve("wide.checkpoint"));
    }
    assertThat(train(0, recipe, kept)).contains("goes on from");
    assertThat(kept.resolve("wide.onnx")).hasSameBinaryContentAs(whole.resolve("wide.onnx"));
  }

  /** In an epoch of 500 steps, whose checkpoint would come at its end. */
  @Test
  void anInterruptedRunSavesWhatItHasAndSaysSo() throws Exception {
    Path recipe = folder.resolve("long.yaml");
    Files.writeString(
        recipe,
        """
        data: synthetic:count=4000,test=8,size=16
        architecture: cnn
        epochs: 2
        batch: 8
        optimiser: sgd:rate=0.01
        """);
    Path out = folder.resolve("interrupted");
    var child = new Child(folder);
    Process process = child.start(new ProcessBuilder(child.command(arguments(recipe, out))));
    while (process.isAlive() && !child.said().contains("epoch 1 of 2")) {
      Thread.sleep(20);
    }
    Thread.sleep(200); // some steps, not 500
    process.destroy();
    assertThat(process.waitFor()).as(child.said()).isEqualTo(128 + 15);
    assertThat(child.said())
        .endsWith("candela: interrupted; what is done is kept, and the same command goes on\n")
        .doesNotContain("stopped by");
    try (var left = Files.list(out)) {
      assertThat(left)
          .containsExactlyInAnyOrder(out.resolve("long.checkpoint"), out.resolve(".long.lock"));
    }
    assertThat(train(0, recipe, out)).containsPattern("goes on from .*, step (?!500)[5-9]");
    Path whole = folder.resolve("whole");
    train(0, recipe, whole);
    assertThat(out.resolve("long.onnx")).hasSameBinaryContentAs(whole.resolve("long.onnx"));
  }

  private static String train(int code, Path recipe, Path out, String... more) {
    MainTest.Ran ran = MainTest.run(arguments(recipe, out, more));
    assertThat(ran.code()).as(ran.err()).isEqualTo(code);
    return ran.out();
  }

  private static String[] arguments(Path recipe, Path out, String... more) {
    return Stream.concat(Stream.of("train", recipe.toString(), "--out=" + out), Stream.of(more))
        .toArray(String[]::new);
  }

  /** Runs of other recipes write other files. */
  @Test
  void twoRunsOfARecipeDoNotShareAFolder() throws IOException {
    Path recipe = folder.resolve("one.yaml");
    Files.writeString(
        recipe,
        """
        data: synthetic:count=8,test=8,size=16
        architecture: mlp
        epochs: 1
        batch: 8
        optimiser: sgd:rate=0.01
        """);
    Path out = Files.createDirectories(folder.resolve("models"));
    try (var _ = FolderLock.of(out, ".one.lock")) {
      MainTest.Ran ran = MainTest.run(arguments(recipe, out));
      assertThat(ran.code()).isEqualTo(2);
      assertThat(ran.err())
          .isEqualTo(
              "candela: %s: another run is at work in this folder; wait for it, or use another\n",
              out);
      assertThat(ran.out()).isEmpty();
      train(0, Files.copy(recipe, folder.resolve("other.yaml")), out);
    }
    train(0, recipe, out);
  }

  /** A model to start from before all pictures are read, pictures by the recipe that names them. */
  @Test
  void whatARecipeNamesAndIsNotThereIsSaidOfIt() throws IOException {
    String out = "--out=" + folder.resolve("models");
    Path start = recipe("start.yaml", "data: images:path=nowhere", "start: no.onnx");
    assertThat(MainTest.run("train", start.toString(), out).err())
        .contains("start.yaml:2: start: ", "no.onnx: a model file expected, there is none");
    Path nowhere = recipe("data.yaml", "data: images:path=nowhere", "architecture: mlp");
    assertThat(MainTest.run("train", nowhere.toString(), out).err())
        .startsWith("candela: data: data: ")
        .contains("nowhere");
    Path empty = Files.createDirectories(folder.resolve("empty"));
    Path none = recipe("none.yaml", "data: images:path=" + empty, "architecture: mlp");
    assertThat(MainTest.run("train", none.toString(), out).err())
        .containsOnlyOnce("empty")
        .contains("folders of pictures by class expected, found none");
  }

  private Path recipe(String name, String... lines) throws IOException {
    return Files.writeString(folder.resolve(name), String.join("\n", lines) + "\n");
  }

  @Test
  void wrongRecipesAreOneSentence() throws IOException {
    Path recipe = Files.writeString(folder.resolve("bad.yaml"), "data: synthetic\nepoch: 3\n");
    MainTest.Ran ran = MainTest.run("train", recipe.toString());
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err().strip().lines()).hasSize(1);
    assertThat(MainTest.run("train", "nowhere.yaml").err()).contains("there is no such file");
  }

  @Test
  void explainNeedsNothing() throws IOException {
    Path out = folder.resolve("first");
    MainTest.Ran ran = MainTest.run("explain", "--out=" + out);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("come with Candela, in " + out.resolve("example"), "star");
    for (String picture : Shipped.PICTURES) {
      assertThat(out.resolve(picture + ".gradient.overlay.png")).isNotEmptyFile();
    }
    assertThat(ran.out()).contains("maps of 8 images in " + out);
    JsonNode p = new ObjectMapper().readTree(out.resolve("provenance.json").toFile());
    for (JsonNode image : p.get("images")) {
      assertThat(image.get("target").get("label").asString())
          .isEqualTo(image.get("name").asString());
    }
  }
}
