package candela.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Attack.Ball;
import candela.device.Device;
import candela.device.Philox;
import candela.graph.Compare;
import candela.graph.Network;
import candela.graph.Ort;
import candela.graph.SessionOptions;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final Trainer.Listener SILENT =
      new Trainer.Listener() {
        @Override
        public void step(
            int epoch, int batch, int batches, Learner.Tally t, double rate, double left) {}

        @Override
        public void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested) {}
      };

  @TempDir Path folder;

  private static Recipe recipe(String... lines) {
    String text =
        """
        data: synthetic:count=40,test=16,size=16,seed=2
        architecture: cnn
        batch: 8
        epochs: 2
        augment: on:flip=true,crop=2,colour=0.2
        """;
    return Recipe.parse("small.yaml", text + String.join("\n", lines), Path.of("."));
  }

  /** The file that a run writes; stopped after so many steps and started again, 0 for never. */
  private byte[] trained(Recipe recipe, int threads, int stop) throws Exception {
    Dataset[] data = Sources.of(recipe);
    Path checkpoint = folder.resolve("run" + threads + "-" + stop + ".checkpoint");
    Path model = folder.resolve("model.onnx");
    if (stop > 0) {
      assertThatThrownBy(() -> run(recipe, data, threads, checkpoint, stop, model))
          .hasMessage("stopped");
      assertThat(checkpoint).exists();
    }
    run(recipe, data, threads, checkpoint, Integer.MAX_VALUE, model);
    return Files.readAllBytes(model);
  }

  private static void run(
      Recipe recipe, Dataset[] data, int threads, Path checkpoint, int stop, Path model) {
    int[] left = {stop};
    Trainer.Listener stopping =
        new Trainer.Listener() {
          @Override
          public void step(
              int epoch, int batch, int batches, Learner.Tally t, double rate, double time) {
            if (--left[0] == 0) {
              throw new IllegalStateException("stopped");
            }
          }

          @Override
          public void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested) {}
        };
    try (Device device = TestDevice.open(threads);
        Trainer trainer = new Trainer(recipe, data, device, checkpoint, 0)) {
      assertThat(trainer.run(Double.POSITIVE_INFINITY, stopping)).isTrue();
      trainer.export(model, Map.of());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "optimiser: sgd:rate=0.05,nesterov=true,decay=1e-3",
        "optimiser: adamw:rate=1e-3,decay=0.1",
        "noise: 0.1",
        "attack: pgd:ball=l2,epsilon=0.5,steps=2",
      })
  void theSameBitsAtAnyThreadsAndAfterAStop(String line) throws Exception {
    Recipe recipe = recipe(line);
    byte[] wanted = trained(recipe, 1, 0);
    assertThat(trained(recipe, 2, 0)).as("two threads").isEqualTo(wanted);
    assertThat(trained(recipe, 2, 3)).as("stopped in the first epoch").isEqualTo(wanted);
    assertThat(trained(recipe, 1, 7)).as("stopped in the second epoch").isEqualTo(wanted);
  }

  /** 5 steps an epoch: a run whose time is up before it begins is no standstill. */
  @Test
  void aStepIsDoneHoweverShortTheLimit() {
    Recipe recipe = recipe("seed: 5");
    Path checkpoint = folder.resolve("short.checkpoint");
    Dataset[] data = Sources.of(recipe);
    try (Device device = TestDevice.open(2)) {
      for (int steps = 1; steps <= 10; steps++) {
        try (Trainer trainer = new Trainer(recipe, data, device, checkpoint, 60)) {
          assertThat(trainer.run(0, SILENT)).isEqualTo(steps == 10);
          assertThat(trainer.learner().steps()).isEqualTo(steps);
        }
      }
    }
  }

  @Test
  void otherSeedsGiveOtherModels() throws Exception {
    assertThat(trained(recipe("seed: 3"), 2, 0)).isNotEqualTo(trained(recipe("seed: 4"), 1, 0));
  }

  /** Two classes told apart by an artefact: right nearly always within a few epochs. */
  @Test
  void itLearnsAndTheFileSaysTheSame() throws Exception {
    Recipe recipe =
        Recipe.parse(
            "easy.yaml",
            """
            data: synthetic:count=256,test=64,size=32,seed=2,artefact=watermark,decides=artefact
            architecture: cnn
            batch: 32
            epochs: 6
            optimiser: adam:rate=3e-3
            """,
            folder);
    Dataset[] data = Sources.of(recipe);
    try (Device device = TestDevice.open(2);
        Trainer trainer = new Trainer(recipe, data, device, null, 1)) {
      trainer.run(Double.POSITIVE_INFINITY, SILENT);
      assertThat(trainer.test(null).accuracy()).isGreaterThan(0.9);
      Path model = folder.resolve("easy.onnx");
      trainer.export(model, Map.of());
      agreesWithOnnxRuntime(trainer, data[1], model);
    }
  }

  private static void agreesWithOnnxRuntime(Trainer trainer, Dataset test, Path model)
      throws Exception {
    int n = 8;
    int size = test.image().count();
    float[] x = new float[n * size];
    for (int i = 0; i < n; i++) {
      byte[] levels = test.pixels().get(i);
      Augmentation.NONE.apply(levels, 3, 32, 32, new Philox(0, 0), x, i * size);
    }
    float[] wanted = Ort.run(model, x, n, 3, 32, 32);
    try (Device device = TestDevice.open(2);
        var session = Network.load(model).session(device, n, SessionOptions.FORWARD)) {
      device.write(session.input(), x);
      session.forward();
      Compare.assertClose("trained", device.read(session.output()), wanted, 1e-5);
    }
    assertThat(trainer.classes()).containsExactly("plain", "watermark");
  }

  /** An attack raises the loss and stays in its ball and in the range of pixels. */
  @Test
  void attacksClimbInsideTheirBall() {
    Recipe recipe = recipe();
    Dataset[] data = Sources.of(recipe);
    try (Device device = TestDevice.open(2);
        Trainer trainer = new Trainer(recipe, data, device, null, 1)) {
      trainer.run(Double.POSITIVE_INFINITY, SILENT);
      double clean = trainer.test(null).meanLoss();
      for (Pgd attack :
          new Pgd[] {
            Pgd.fgsm(Ball.LINF, 0.05),
            new Pgd(Ball.LINF, 0.05, 0.02, 5, true),
            Pgd.fgsm(Ball.L2, 1),
            new Pgd(Ball.L2, 1, 0.3, 5, true)
          }) {
        assertThat(trainer.test(attack).meanLoss()).as("%s", attack).isGreaterThan(clean);
        check(trainer.learner(), data[1], attack);
      }
      assertThat(trainer.test(null).meanLoss()).isEqualTo(clean);
      assertThat(trainer.testOnNoise(0.3).seen()).isEqualTo(16);
    }
  }

  private static void check(Learner learner, Dataset test, Pgd attack) {
    int n = learner.batch();
    int size = test.image().count();
    float[] x = new float[n * size];
    long[] labels = new long[n];
    for (int i = 0; i < n; i++) {
      byte[] levels = test.pixels().get(i);
      Augmentation.NONE.apply(levels, 3, 16, 16, new Philox(0, 0), x, i * size);
      labels[i] = test.labels()[i];
    }
    float[] y = learner.attacked(x, labels, attack, 5, 0);
    assertThat(learner.attacked(x, labels, attack, 5, 0)).isEqualTo(y);
    for (int i = 0; i < n; i++) {
      double length = 0;
      for (int k = i * size; k < (i + 1) * size; k++) {
        double off = Math.abs((double) y[k] - x[k]);
        length = attack.ball() == Ball.L2 ? Math.hypot(length, off) : Math.max(length, off);
        assertThat(y[k]).isBetween(0f, 1f);
      }
      assertThat(length).isBetween(0.2 * attack.epsilon(), attack.epsilon() * 1.0001);
    }
  }

  @Test
  void foreignAndDamagedCheckpointsAreRefused() throws Exception {
    Recipe recipe = recipe();
    trained(recipe, 1, 0);
    Path checkpoint = folder.resolve("run1-0.checkpoint");
    Recipe other = recipe("seed: 5");
    try (Device device = TestDevice.open(1)) {
      assertThatThrownBy(() -> new Trainer(other, Sources.of(other), device, checkpoint, 1))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("a checkpoint of this recipe and its data expected");
      Dataset[] data = Sources.of(recipe);
      Dataset[] changed = {data[0].with(data[0].pixels().reversed()), data[1]};
      assertThatThrownBy(() -> new Trainer(recipe, changed, device, checkpoint, 1))
          .as("other pictures under the same labels")
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("a checkpoint of this recipe and its data expected");
      byte[] bytes = Files.readAllBytes(checkpoint);
      Files.write(checkpoint, Arrays.copyOf(bytes, bytes.length - 100));
      assertThatThrownBy(() -> new Trainer(recipe, Sources.of(recipe), device, checkpoint, 1))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("the file is damaged");
    }
  }

  /** Names with commas are told from two names. */
  @Test
  void theFileNamesItsClasses() throws Exception {
    Recipe recipe = recipe();
    Dataset[] data = Sources.of(recipe);
    List<String> classes = new ArrayList<>(data[0].classes());
    classes.set(0, "disc, round");
    for (int i = 0; i < 2; i++) {
      data[i] = new Dataset(data[i].image(), data[i].pixels(), data[i].labels(), classes);
    }
    Path model = folder.resolve("named.onnx");
    try (Device device = TestDevice.open(1);
        Trainer trainer = new Trainer(recipe, data, device, null, 1)) {
      trainer.export(model, Map.of());
    }
    String line = OnnxModel.read(model).metadata().get("classes") + "\n";
    assertThat(candela.config.Csv.read(line).getFirst().cells()).isEqualTo(classes);
  }

  /** A run that began with one model does not go on with another. */
  @Test
  void aCheckpointIsOfItsStartModel() throws Exception {
    Path start = folder.resolve("start.onnx");
    Files.write(start, trained(recipe(), 1, 0));
    String text =
        "data: synthetic:count=40,test=16,size=16,seed=2\nstart: start.onnx\nbatch: 8\nepochs: 2\n";
    Recipe recipe = Recipe.parse("on.yaml", text, folder);
    Dataset[] data = Sources.of(recipe);
    Path checkpoint = folder.resolve("on.checkpoint");
    assertThatThrownBy(() -> run(recipe, data, 1, checkpoint, 3, folder.resolve("on.onnx")))
        .hasMessage("stopped");
    byte[] begun = Files.readAllBytes(start);
    Files.write(start, trained(recipe("seed: 9"), 2, 0));
    assertThatThrownBy(
            () -> run(recipe, data, 1, checkpoint, Integer.MAX_VALUE, folder.resolve("on.onnx")))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("checkpoint");
    Files.write(start, begun);
    run(recipe, data, 1, checkpoint, Integer.MAX_VALUE, folder.resolve("on.onnx"));
    assertThat(folder.resolve("on.onnx")).exists();
  }

  @Test
  void divergenceAndSmallDataAreSaid() {
    Recipe recipe = recipe();
    try (Device device = TestDevice.open(2);
        Trainer trainer = new Trainer(recipe, Sources.of(recipe), device, null, 1)) {
      float[] images = new float[8 * 3 * 16 * 16];
      images[5] = Float.NaN;
      assertThatThrownBy(() -> trainer.learner().step(images, new long[8], 0.1))
          .isInstanceOf(CandelaException.class)
          .hasMessage("cnn: the loss of step 1 is NaN: training has diverged; use a lower rate");
      String text =
          "data: synthetic:count=8,test=8,size=16,seed=2\narchitecture: cnn\nbatch: 9\nepochs: 1";
      Recipe few = Recipe.parse("small.yaml", text, Path.of("."));
      assertThatThrownBy(() -> new Trainer(few, Sources.of(few), device, null, 1))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("small: batch: at most");
    }
  }
}
