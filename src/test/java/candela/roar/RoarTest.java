package candela.roar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.image.Image;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Seeds;
import candela.onnx.OnnxModel;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.train.Dataset;
import candela.train.Recipe;
import candela.train.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoarTest {
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

  private static Settings settings(Recipe recipe, int restarts, String... methods) {
    return new Settings(
        recipe,
        Arrays.stream(methods).map(Methods::parse).toList(),
        Fractions.parse("0.3,0.9"),
        Ranking.ABSOLUTE,
        false,
        restarts);
  }

  /** Throws when it has been told so often, as if the process were killed. */
  private static final class Killer implements Roar.Listener {
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
    Path out = Files.createDirectories(folder.resolve(name));
    Settings settings = settings(recipe(), 1, "gradient", "random-map");
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar(settings, Sources.of(recipe()), null, out, device, 1e-9);
      assertThat(roar.run(results, Double.POSITIVE_INFINITY, new Killer(kill))).isTrue();
    }
    return results;
  }

  /** A run tells 10 steps and a result a training, of which it has 5, and 2 groups a method. */
  @Test
  void aRunThatIsKilledAnywhereGoesOnToTheSameBits() throws IOException {
    List<Result> wanted = run("whole", new Results(), 0).all();
    assertThat(wanted).hasSize(1 + 2 * 2);
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
    run("killed", results, 0);
    assertThat(results.all().stream().map(Result::training))
        .containsExactlyElementsOf(wanted.stream().map(Result::training).toList());
    assertThat(results.all().stream().map(Result::accuracy))
        .containsExactlyElementsOf(wanted.stream().map(Result::accuracy).toList());
    assertThat(Files.readAllBytes(folder.resolve("killed/model.onnx")))
        .isEqualTo(Files.readAllBytes(folder.resolve("whole/model.onnx")));
    try (Stream<Path> files = Files.list(folder.resolve("killed"))) {
      assertThat(files.map(f -> f.getFileName().toString())).containsExactly("model.onnx");
    }
  }

  @Test
  void whatLiesInTheFolderOfAnotherRunIsRefused() throws IOException {
    assertThatThrownBy(() -> run("other", new Results(), 4)).hasMessage("killed");
    Settings others = settings(recipe(), 2, "gradient", "random-map");
    try (Device device = TestDevice.open(2)) {
      Roar roar = new Roar(others, Sources.of(recipe()), null, folder.resolve("other"), device, 1);
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
      Settings settings = settings(large, 1, "gradient", "random-map");
      Roar roar = new Roar(settings, data, model, folder, device, 1);
      assertThat(roar.trainings()).hasSize(5);
      List<Image> pictures = roar.example(0, 3);
      assertThat(pictures).hasSize(3);
      assertThat(pictures.get(0)).isEqualTo(data[1].picture(3));
      byte[] mean = Removal.means(data[0]);
      // 0.3 and 0.9 of 4096 pixels, to the nearest; few have the mean's colour by themselves
      assertThat(filled(pictures.get(1), mean)).isBetween(1229L, 1260L);
      assertThat(filled(pictures.get(2), mean)).isBetween(3686L, 3700L);
      assertThat(roar.example(1, 3).get(1)).isNotEqualTo(roar.example(1, 4).get(1));
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
    Dataset[] data = Sources.of(recipe());
    Path model = folder.resolve("m.onnx");
    try (Device device = TestDevice.open(2);
        var trainer = new candela.train.Trainer(recipe(), data, device, null, 1)) {
      trainer.export(model, java.util.Map.of());
      Removal removal = Removal.of(Fractions.parse("0.5"), false, data[0], 1);
      var network = candela.graph.Network.load(model).channelsFirst();
      try (var explainer = new Explainer(network, data, Ranking.ABSOLUTE, removal, device, 4)) {
        List<byte[]> steps = explainer.steps(Methods.parse("random-map"), 78, 82);
        assertThat(steps.get(0)).isNotEqualTo(steps.get(1));
        assertThat(steps.get(1)).isNotEqualTo(steps.get(2));
        assertThat(explainer.steps(Methods.parse("random-map"), 80, 82).get(0))
            .isEqualTo(steps.get(2));
        Method rise = Methods.parse("rise:masks=3,seed=4");
        float[] third = explainer.maps(rise, 0, 3).get(2).map();
        assertThat(explainer.maps(rise, 2, 3).get(0).map()).containsExactly(third);
        Method random = Methods.parse("random-map");
        float[] noise = explainer.maps(random, 2, 3).get(0).map();
        assertThat(explainer.maps(Seeds.plus(random, 2L << 32), 0, 1).get(0).map())
            .containsExactly(noise);
      }
    }
  }

  @Test
  void modelsOfOtherPicturesOrClassesAreRefused() {
    Dataset[] data = Sources.of(recipe());
    Path model = Shipped.model("cnn", folder);
    assertThat(OnnxModel.read(model).inputs()).hasSize(1);
    try (Device device = TestDevice.open(2)) {
      assertThatThrownBy(
              () -> new Roar(settings(recipe(), 1, "sobel"), data, model, folder, device, 1))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("cnn.onnx: images [3,16,16] expected");
    }
    assertThatThrownBy(() -> settings(recipe(), 0, "sobel"))
        .hasMessage("restarts: 1 or more expected, got 0");
    Recipe start =
        Recipe.parse("s.yaml", "data: synthetic\nstart: model.onnx\n", Path.of("/nowhere"));
    assertThatThrownBy(() -> settings(start, 1, "sobel"))
        .hasMessageContaining("s: architecture expected");
  }

  /** One of the parameters of integrated gradients is called method, too. */
  @Test
  void theConfigurationHasMethodsWithAllTheirParameters() {
    String all = settings(recipe(), 1, "integrated-gradients").configuration().toString();
    assertThat(all).contains("method=integrated-gradients", "nSteps=50", "method=gausslegendre");
  }

  /** What models were trained on is what explained models read. */
  @Test
  void inputsAreThoseThatModelFilesAskFor() {
    Dataset test = Sources.of(recipe())[1];
    Preparation preparation = Preparation.of(Dataset.PREPROCESS, Shape.of(1, 3, 16, 16), "small");
    assertThat(preparation.of(test.picture(5)).pixels()).containsExactly(test.input(5));
  }
}
