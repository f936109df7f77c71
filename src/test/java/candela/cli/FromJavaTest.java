package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.image.Npy;
import candela.method.Attribution;
import candela.method.Methods;
import candela.method.Preparation;
import candela.metric.Deletion;
import candela.metric.Direction;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Score;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.study.Shipped;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The read-me's program of a few lines. */
class FromJavaTest {
  @TempDir Path folder;

  @Test
  void itGivesTheBitsOfTheCommand() {
    Path model = Shipped.model("cnn", folder);
    Path picture = Shipped.pictures(folder).get(3);
    MainTest.Ran ran =
        MainTest.run(
            "explain",
            picture.toString(),
            "--model=" + model,
            "--preprocess=" + Shipped.PREPROCESS,
            "--method=smoothgrad",
            "--out=" + folder.resolve("out"));
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(map(model, Shipped.PREPROCESS, picture, "smoothgrad"))
        .containsExactly(Npy.read(folder.resolve("out/heart.smoothgrad.npy")).values());
  }

  static float[] map(Path file, String preprocessing, Path picture, String method) {
    Network network = Network.load(file).channelsFirst();
    Preparation preparation = Preparation.of(preprocessing, network, List.of(picture));
    try (Device device = Devices.auto(0, null, System.err::println);
        var pipeline = new Pipeline(network, device, Pipeline.CHOSEN)) {
      float[] x = preparation.read(picture).pixels();
      var logits = new Logits(device, x);
      pipeline.run(List.of(logits));
      var subject = preparation.subject(x, logits.best());
      try (var workspace = new Workspace(device)) {
        Probe<Attribution> probe = Methods.parse(method).probe(subject, workspace);
        pipeline.run(List.of(probe));
        return probe.result().map();
      }
    }
  }

  /** The logit that is left without the pixel that a map calls the most important one. */
  private record WithoutTheFirst() implements Metric {
    @Override
    public Direction direction() {
      return Direction.LOWER_IS_BETTER;
    }

    static float[] changed(Explained explained) {
      float[] map = explained.fullMap();
      int most = 0;
      for (int i = 0; i < map.length; i++) {
        most = map[i] > map[most] ? i : most;
      }
      float[] x = explained.pixels().clone();
      for (int i = most; i < x.length; i += explained.height() * explained.width()) {
        x[i] = 0;
      }
      return x;
    }

    @Override
    public Probe<Score> probe(Explained explained, Workspace workspace) {
      Ask ask = Ask.score(ScoreKind.LOGIT);
      return new Sampled<>(ask, explained.shape(), explained.target(), 1) {
        private double score;

        @Override
        protected void fill(int first, Tensor rows) {
          workspace.device().write(rows, changed(explained));
        }

        @Override
        protected void add(int first, Answers answers) {
          score = answers.scores()[0];
        }

        @Override
        public Score result() {
          return new Score(score, Map.of(), List.of(), "");
        }
      };
    }
  }

  @Test
  void aMetricOfOnesOwnIsAskedLikeTheOthers() {
    Network network = Network.load(Shipped.model("cnn", folder)).channelsFirst();
    int n = network.inputShape().count();
    float[] x = new float[n];
    float[] map = new float[n / 3];
    for (int i = 0; i < n; i++) {
      x[i] = i % 7 / 7f;
      map[i / 3] = i % 11;
    }
    Shape shape = Shape.of(3, network.inputShape().dim(2), network.inputShape().dim(3));
    Explained explained = new Explained(shape, x, 2, map, shape.dim(1), shape.dim(2), null);
    try (Device device = Devices.auto(1, null, System.err::println);
        var pipeline = new Pipeline(network, device, 4);
        var workspace = new Workspace(device)) {
      Probe<Score> own = new WithoutTheFirst().probe(explained, workspace);
      var logits = new Logits(device, WithoutTheFirst.changed(explained));
      pipeline.run(List.of(own, new Deletion().probe(explained, workspace), logits));
      assertThat(own.result().value()).isEqualTo((double) logits.result().logits()[2]);
    }
  }

  @Test
  void theReadMeHasItWordForWord() throws IOException {
    String source = Files.readString(Path.of("src/test/java/candela/cli/FromJavaTest.java"));
    int begin = source.indexOf("  static float[] map(");
    String method = source.substring(begin, source.indexOf("\n  }\n", begin) + 4).indent(-2);
    String readMe = Files.readString(Path.of("README.md"));
    assertThat(readMe).contains("\n" + method + "```\n");
    for (String line : source.lines().filter(l -> l.startsWith("import candela.")).toList()) {
      String type = line.substring(line.lastIndexOf('.') + 1, line.length() - 1);
      String whole = line.substring(0, line.lastIndexOf('.')) + ".*;";
      assertThat(!method.contains(type) || readMe.contains(whole)).as(line).isTrue();
    }
  }
}
