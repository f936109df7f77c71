package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.image.Npy;
import candela.method.Attribution;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.study.Shipped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
      var subject = new Subject(preparation.shape(), x, logits.best(), preparation.levels());
      try (var workspace = new Workspace(device)) {
        Probe<Attribution> probe = Methods.parse(method).probe(subject, workspace);
        pipeline.run(List.of(probe));
        return probe.result().map();
      }
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
