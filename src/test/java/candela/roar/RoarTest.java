package candela.roar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Image;
import candela.image.StateFile;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Seeds;
import candela.onnx.ModelWriter;
import candela.onnx.OnnxModel;
import candela.probe.Pipeline;
import candela.probe.ScarceDevice;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Architectures;
import candela.train.Dataset;
import candela.train.Recipe;
import candela.train.Sources;
import candela.train.Trainer;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoarTest {
  /** Of both recipes. */
  private static final Dataset[] DATA = Sources.of(recipe());

  @TempDir Path folder;

  private static Recipe recipe() {
    return Recipe.parse(
        "small.yaml",
        """
        data: synthetic:count=80,test=24,size=16,seed=2
        architecture: mlp
        batch: 16
        epochs: 2
        augment: on:flip=true,crop=2
        """,
        Path.of("."));
  }

  /** Five steps a training. */
  private static Recipe once() {
    return Recipe.parse(
        "once.yaml",
        "data: synthetic:count=80,test=24,size=16,seed=2\n"
            + "architecture: mlp\n"
            + "batch: 16\n"
            + "epochs: 1\n",
        Path.of("."));
  }

  private static RoarSettings settings(Recipe recipe, int restarts, String... methods) {
    return settings(recipe, "0.3,0.9", false, restarts, methods);
  }

  private static RoarSettings settings(
      Recipe recipe, String fractions, boolean keep, int restarts, String... methods) {
    return new RoarSettings(
        recipe,
        Arrays.stream(methods).map(Methods::parse).toList(),
        Fractions.parse(fractions),
        Ranking.ABSOLUTE,
        keep,
        restarts);
  }

  /** Throws when it has been told so often, as if the process were killed. */
  private static class Killer implements Roar.Listener {
    private int left;

    Killer(int left) {
      this.left = left;
    }

    private void told() {
      if (--left == 0) {
        throw new IllegalStateException("killed");
      }
    }

    @Override
    public void explained(String method, int pictures, int all) {
      told();
    }

    @Override
    public void step(Training training, long steps, long all) {
      told();
    }

    @Override
    public void result(Result result) {
      told();
    }
  }

  private Results run(String name, Results results, int kill) throws IOException {
    return run(
        name, settings(recipe(), 1, "gradient", "random-map"), results, new Killer(kill), 1e-9);
  }

  private Results run(String name, RoarSettings settings, Results results, Roar.Listener listener)
      throws IOException {
    return run(name, settings, results, listener, 60);
  }

  private Results run(
      String name, RoarSettings settings, Results results, Roar.Listener listener, double between)
      throws IOException {
    Path out = Files.createDirectories(folder.resolve(name));
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar("1", settings, DATA, null, out, device, between);
      roar.check(results);
      assertThat(roar.run(results, Double.POSITIVE_INFINITY, listener)).isTrue();
    }
    return results;
  }

  /** Kills at the last result, when the files of the last training are still there. */
  private void toTheLastResult(String name, Results results) {
    Killer last =
        new Killer(0) {
          @Override
          public void result(Result result) {
            if (result.training().equals(new Training("random-map {seed=0}", 0.9, 0))) {
              throw new IllegalStateException("the last");
            }
          }
        };
    RoarSettings settings = settings(recipe(), 1, "gradient", "random-map");
    assertThatThrownBy(() -> run(name, settings, results, last, 1e-9)).hasMessage("the last");
  }

  private static List<String> accuracies(Results results) {
    return results.all().stream().map(r -> r.training() + " " + r.accuracy()).toList();
  }

  private List<String> files(String name) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(name))) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  /** A checkpoint without its time and its hash, whose place is behind two texts and 32 bytes. */
  private static byte[] withoutTime(Path checkpoint) throws IOException {
    byte[] all = Files.readAllBytes(checkpoint);
    var in = new DataInputStream(new ByteArrayInputStream(all));
    StateFile.readText(in);
    StateFile.readText(in);
    int time = all.length - in.available() + 32;
    Arrays.fill(all, time, time + 8, (byte) 0);
    return Arrays.copyOf(all, all.length - 32);
  }

  /** A run tells 10 steps and a result a training, of which it has 5, and 2 groups a method. */
  @Test
  void aRunThatIsKilledAnywhereGoesOnToTheSameBits() throws IOException {
    Results whole = new Results();
    toTheLastResult("whole", whole);
    assertThat(whole.all()).hasSize(1 + 2 * 2);
    Results results = new Results();
    int kills = 0;
    // In the explained model, between groups of pictures, in trainings, and after a result.
    for (int kill : new int[] {4, 9, 2, 12, 3, 15}) {
      try {
        run("killed", results, kill);
      } catch (IllegalStateException e) {
        kills++;
      }
    }
    assertThat(kills).isEqualTo(6);
    toTheLastResult("killed", results);
    assertThat(files("killed")).isEqualTo(files("whole")).hasSize(3);
    for (String file : files("whole")) {
      Path a = folder.resolve("whole").resolve(file);
      Path b = folder.resolve("killed").resolve(file);
      if (file.endsWith(".checkpoint")) {
        assertThat(withoutTime(b)).isEqualTo(withoutTime(a));
      } else {
        assertThat(b).hasSameBinaryContentAs(a);
      }
    }
    run("killed", results, 0);
    assertThat(accuracies(results)).isEqualTo(accuracies(whole));
    assertThat(files("killed")).containsExactly("model.onnx");
  }

  /** The steps of the first, killed run are of other fractions than those that go on. */
  @Test
  void otherMethodsFractionsAndRestartsShareWhatIsThere() throws IOException {
    RoarSettings few = settings(once(), "0.3,0.9", false, 1, "gradient");
    RoarSettings more = settings(once(), "0.3", false, 2, "sobel", "gradient");
    Results results = new Results();
    // 5 steps and the model, 2 groups, 5 steps and a result, and into the next training
    assertThatThrownBy(() -> run("shared", few, results, new Killer(6 + 2 + 6 + 3)))
        .hasMessage("killed");
    assertThat(results.all()).hasSize(2);
    assertThat(files("shared")).hasSize(2).anyMatch(f -> f.matches("gradient-[0-9a-f]{8}.steps"));
    run("shared", more, results, new Killer(0));
    Results alone = run("alone", more, new Results(), new Killer(0));
    List<Training> asked = alone.all().stream().map(Result::training).toList();
    assertThat(accuracies(results.of(asked))).isEqualTo(accuracies(alone)).hasSize(1 + 4);
    run("shared", few, results, new Killer(0));
    assertThat(results.all()).as("0.9 of the gradient").hasSize(1 + 4 + 1);
    assertThat(files("shared")).containsExactly("model.onnx");
  }

  /** Told to stop at a group of pictures and within a training, it saves both. */
  @Test
  void aListenerThatDoesNotGoOnStopsItWhereItIs() throws IOException {
    RoarSettings settings = settings(once(), "0.5", false, 1, "gradient");
    Results results = new Results();
    Path out = Files.createDirectories(folder.resolve("stopped"));
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar("1", settings, DATA, null, out, device, 60);
      for (int told : new int[] {3, 4, 3}) {
        int[] left = {told};
        Killer silent =
            new Killer(0) {
              @Override
              public boolean goesOn() {
                return left[0]-- > 0;
              }
            };
        assertThat(roar.run(results, Double.POSITIVE_INFINITY, silent)).isFalse();
      }
      assertThat(roar.run(results, Double.POSITIVE_INFINITY, new Killer(0))).isTrue();
    }
    Results whole = run("unstopped", settings, new Results(), new Killer(0));
    assertThat(accuracies(results)).isEqualTo(accuracies(whole));
  }

  /** Each call does a step or a group, though its time is up before it begins. */
  @Test
  void theShortestLimitGetsToTheEnd() throws IOException {
    RoarSettings settings = settings(once(), "0.5", false, 1, "sobel");
    Path out = Files.createDirectories(folder.resolve("limit"));
    Results results = new Results();
    int calls = 1;
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar("1", settings, DATA, null, out, device, 60);
      while (!roar.run(results, Double.MIN_VALUE, new Killer(0))) {
        assertThat(calls++).as("calls").isLessThan(20);
      }
    }
    assertThat(results.all()).hasSize(2);
    assertThat(calls).isGreaterThan(5);
  }

  @Test
  void aMethodThatDoesNotFitTheModelIsNamedBeforeAnyTraining() {
    RoarSettings settings = settings(once(), 1, "gradient", "rise:masks=4", "grad-cam");
    assertThatThrownBy(() -> run("unfit", settings, new Results(), new Killer(1)))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "grad-cam: mlp: no convolution of more than one pixel and no attention; name the value"
                + " to look at, layer=NAME");
  }

  @Test
  void modelFilesOfOthersAreNeitherExplainedNorWrittenOver() throws IOException {
    RoarSettings settings = settings(once(), 1, "sobel");
    Path foreign = Shipped.model("cnn", folder);
    Path model = Files.createDirectories(folder.resolve("model")).resolve("model.onnx");
    Files.copy(foreign, model);
    assertThatThrownBy(() -> run("model", settings, new Results(), new Killer(1)))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            model + ": another model lies where this run's goes; move it, or use another --out");
    assertThat(model).hasSameBinaryContentAs(foreign);
    Files.delete(model);
    Results results = new Results();
    assertThatThrownBy(() -> run("model", settings, results, new Killer(6))).hasMessage("killed");
    String sha256 = OnnxModel.read(model).sha256();
    assertThat(results.all().getFirst().model()).isEqualTo(sha256);
    Files.copy(foreign, model, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> run("model", settings, results, new Killer(1)))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(
            "model.onnx: the model that was explained expected, sha256 " + sha256);
  }

  @Test
  void aGivenModelThatSaysItIsMadeForOtherDataIsRefused() throws IOException {
    Path model = folder.resolve("given.onnx");
    try (Device device = TestDevice.open(2);
        var trainer = new Trainer(once(), DATA, device, null, 1)) {
      RoarSettings settings = settings(once(), 1, "sobel");
      trainer.export(model, Map.of("preprocess", "imagenet"));
      assertThatThrownBy(() -> new Roar("1", settings, DATA, model, folder, device, 1))
          .hasMessageContaining(
              "given.onnx: pixels of 0 to 1 (preprocess: unit) expected, the file");
      trainer.export(model, Map.of("classes", "a,b"));
      assertThatThrownBy(() -> new Roar("1", settings, DATA, model, folder, device, 1))
          .hasMessageContaining("expected, the file has a,b;");
    }
  }

  /** 0.001 of 256 pixels is none, 0.999 all. */
  @Test
  void fractionsThatChangeNothingOrLeaveNothingAreRefused() {
    for (String f : List.of("0.001", "0.999")) {
      assertThatThrownBy(
              () -> run("f", settings(once(), f, false, 1, "sobel"), new Results(), new Killer(0)))
          .hasMessageContaining("fractions: 1 to 255 of 256 pixels expected, " + f + " comes to");
    }
  }

  @Test
  void whatLiesInTheFolderOfAnotherRunIsRefused() throws IOException {
    assertThatThrownBy(() -> run("other", new Results(), 4)).hasMessage("killed");
    RoarSettings others = settings(recipe(), "0.3,0.9", true, 1, "gradient", "random-map");
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar("1", others, DATA, null, folder.resolve("other"), device, 1);
      assertThatThrownBy(() -> roar.run(new Results(), 100, new Killer(0)))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("unchanged.checkpoint: a checkpoint of this recipe");
    }
  }

  /**
   * 1 of 8 classes is right by chance; the model that comes with Candela is right nearly always.
   */
  @Test
  void aGivenModelIsExplainedAndItsPicturesLoseWhatTheyShould() {
    Recipe large =
        Recipe.parse(
            "large.yaml",
            "data: synthetic:count=16,test=32,size=64,seed=9\narchitecture: mlp\nbatch: 8\n",
            Path.of("."));
    Path model = Shipped.model("cnn", folder);
    Dataset[] data = Sources.of(large);
    try (Device device = TestDevice.open(2)) {
      RoarSettings settings = settings(large, 1, "gradient", "random-map");
      Roar roar = new Roar("1", settings, data, model, folder, device, 1);
      assertThat(roar.trainings()).hasSize(5);
      Method gradient = settings.methods().get(0);
      Method random = settings.methods().get(1);
      List<Image> pictures = roar.example(gradient, 3, new Results());
      assertThat(pictures).hasSize(3);
      assertThat(pictures.get(0)).isEqualTo(data[1].picture(3));
      byte[] mean = Removal.means(data[0]);
      // 0.3 and 0.9 of 4096 pixels, to the nearest; few have the mean's colour by themselves
      assertThat(filled(pictures.get(1), mean)).isBetween(1229L, 1260L);
      assertThat(filled(pictures.get(2), mean)).isBetween(3686L, 3700L);
      assertThat(roar.example(random, 3, new Results()).get(1))
          .isNotEqualTo(roar.example(random, 4, new Results()).get(1));
      Results results = new Results();
      assertThat(roar.run(results, 1e-9, new Killer(0))).as("time is up").isFalse();
      assertThat(results.all()).hasSize(1);
      assertThat(results.unchanged()).isGreaterThan(0.7);
    }
  }

  private static long filled(Image picture, byte[] mean) {
    long n = 0;
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        boolean all = true;
        for (int c = 0; c < 3; c++) {
          all &= picture.at(x, y, c) == (mean[c] & 255);
        }
        n += all ? 1 : 0;
      }
    }
    return n;
  }

  /** Noise is another for each picture: one for all would take away the same pixels everywhere. */
  @Test
  void noiseOfTwoPicturesDiffers() throws IOException {
    Path model = folder.resolve("m.onnx");
    try (Device device = TestDevice.open(2);
        var trainer = new Trainer(recipe(), DATA, device, null, 1)) {
      trainer.export(model, Map.of());
      Removal removal = Removal.of(Fractions.parse("0.5"), false, DATA[0], 1);
      var network = Network.load(model).channelsFirst();
      try (var ranker = new Ranker(network, DATA, Ranking.ABSOLUTE, removal, device, 4)) {
        List<byte[]> steps = ranker.steps(Methods.parse("random-map"), 78, 82);
        assertThat(steps.get(0)).isNotEqualTo(steps.get(1));
        assertThat(steps.get(1)).isNotEqualTo(steps.get(2));
        assertThat(ranker.steps(Methods.parse("random-map"), 80, 82).get(0))
            .isEqualTo(steps.get(2));
        Method rise = Methods.parse("rise:masks=3,seed=4");
        float[] third = ranker.maps(rise, 0, 3).get(2).map();
        assertThat(ranker.maps(rise, 2, 3).get(0).map()).containsExactly(third);
        Method random = Methods.parse("random-map");
        float[] noise = ranker.maps(random, 2, 3).get(0).map();
        assertThat(ranker.maps(Seeds.plus(random, 2L << 32), 0, 1).get(0).map())
            .containsExactly(noise);
      }
    }
  }

  @Test
  void modelsOfOtherPicturesOrClassesAreRefused() {
    Path model = Shipped.model("cnn", folder);
    assertThat(OnnxModel.read(model).inputs()).hasSize(1);
    try (Device device = TestDevice.open(2)) {
      assertThatThrownBy(
              () -> new Roar("1", settings(recipe(), 1, "sobel"), DATA, model, folder, device, 1))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("cnn.onnx: images [3,16,16] expected");
    }
    assertThatThrownBy(() -> settings(recipe(), 1, "sobel", "sobel"))
        .hasMessageContaining("methods: each once expected, got sobel twice");
    assertThatThrownBy(() -> settings(recipe(), 0, "sobel"))
        .hasMessage("restarts: 1 or more expected, got 0");
    Recipe start = Recipe.parse("s.yaml", "data: synthetic\nstart: cnn.onnx\n", folder);
    assertThatThrownBy(() -> settings(start, 1, "sobel"))
        .hasMessageContaining(
            "s: a recipe that trains from random weights expected, it has start:");
  }

  /** One of the parameters of integrated gradients is called method, too. */
  @Test
  void theKeyOfAMethodHasAllItsParameters() {
    String all = RoarSettings.key(Methods.parse("integrated-gradients"));
    assertThat(all).contains("integrated-gradients {", "nSteps=50", "method=gausslegendre");
  }

  /** What models were trained on is what explained models read. */
  @Test
  void inputsAreThoseThatModelFilesAskFor() {
    Dataset test = DATA[1];
    Preparation preparation = Preparation.of(Dataset.PREPROCESS, Shape.of(1, 3, 16, 16), "small");
    assertThat(preparation.of(test.picture(5)).pixels()).containsExactly(test.input(5));
  }

  @Test
  void picturesThatHaveNoRoomTogetherAreExplainedInHalves() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
    Network network = Network.of(Architectures.of("mlp", DATA[0].image(), 8, 1)).channelsFirst();
    Method method = Methods.parse("integrated-gradients:nSteps=2");
    List<byte[]> wanted = null;
    boolean came = true;
    for (int n = 0; came; n++) {
      try (var device = new ScarceDevice(TestDevice.open(1), 1L << 40);
          var ranker =
              new Ranker(network, DATA, Ranking.ABSOLUTE, removal(), device, Pipeline.CHOSEN)) {
        device.refuse(n);
        List<byte[]> steps = ranker.steps(method, 0, Ranker.GROUP);
        wanted = n == 0 ? steps : wanted;
        assertThat(steps).as("allocation %d", n).containsExactlyElementsOf(wanted);
        came = n == 0 || device.hasRefused();
      }
    }
  }

  private static Removal removal() {
    return Removal.of(Fractions.parse("0.3,0.9"), false, DATA[0], 1);
  }

  /** What the configuration names is what is explained, whatever lies there by then. */
  @Test
  void aModelThatIsAnotherByTheTimeItIsExplainedIsRefused() throws IOException {
    Path model = folder.resolve("given.onnx");
    run("made", settings(once(), "0.5", false, 1, "sobel"), new Results(), new Killer(0));
    Files.copy(folder.resolve("made/model.onnx"), model);
    Path out = Files.createDirectories(folder.resolve("given"));
    RoarSettings settings = settings(once(), "0.5", false, 1, "sobel");
    try (Device device = TestDevice.open(1)) {
      Roar roar = new Roar("1", settings, DATA, model, out, device, 60);
      byte[] bytes = ModelWriter.bytes(OnnxModel.read(model), Map.of("another", "one"), false);
      Files.write(model, bytes);
      Results results = new Results();
      assertThatThrownBy(() -> roar.run(results, 1e9, new Killer(0)))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("given.onnx: the model that was explained expected, sha256 ");
      assertThat(results.all()).isEmpty();
    }
  }
}
