package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.cli.MainTest.Ran;
import candela.config.Csv;
import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.image.Npy;
import candela.method.Preparation;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Metrics;
import candela.metric.Score;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Metrics of maps that are files. */
class MeasureTest {
  private static final int SIDE = 64;

  @TempDir Path folder;

  private Path model;
  private Path picture;

  /** All of a map's importance is at one pixel, or it falls from the first pixel to the last. */
  @BeforeEach
  void maps() {
    model = Shipped.model("cnn", folder);
    picture = Shipped.pictures(folder).getFirst();
    float[] one = new float[SIDE * SIDE];
    one[5 * SIDE + 7] = 2;
    new Npy(new int[] {SIDE, SIDE}, one).write(folder.resolve("one.npy"));
    float[] ramp = new float[SIDE * SIDE];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = ramp.length - i;
    }
    new Npy(new int[] {1, SIDE, SIDE}, ramp).write(folder.resolve("ramp.npy"));
  }

  @Test
  void whatIsReadIsNotWrittenOver() throws IOException {
    Path map = folder.resolve("one.npy");
    byte[] before = Files.readAllBytes(map);
    for (Path out : List.of(map, picture, model)) {
      Ran ran = measure("--map=" + map, "--metric=sparseness", "--out=" + out);
      assertThat(ran.code()).isEqualTo(2);
      assertThat(ran.err())
          .contains("--out: another file expected than those that are read, " + out);
    }
    assertThat(map).hasBinaryContent(before);
  }

  @Test
  void aMapThatIsAFolderIsRefused() {
    Ran ran = measure("--map=/");
    assertThat(ran.code()).isEqualTo(2);
    assertThat(ran.err()).contains("candela: /: cannot be read: Is a directory");
  }

  private Ran measure(String... more) {
    var arguments = new ArrayList<>(List.of("measure", picture.toString(), "--model=" + model));
    arguments.addAll(List.of("--preprocess=" + Shipped.PREPROCESS, "--target=1", "--device=cpu"));
    arguments.addAll(List.of(more));
    return MainTest.run(arguments.toArray(String[]::new));
  }

  private String map(String name) {
    return "--map=" + folder.resolve(name + ".npy");
  }

  @Test
  void numbersAreThoseOfTheMetrics() throws Exception {
    Path csv = folder.resolve("m.csv");
    Ran ran =
        measure(
            map("one"),
            map("ramp"),
            "--truth=" + folder.resolve("one.npy"),
            "--metric=sparseness",
            "--metric=pointing-game:tolerance=0",
            "--metric=deletion",
            "--out=" + csv);
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("cross, ", "metric ", " lower ", " one ", " ramp", "deletion ");
    List<List<String>> lines =
        Csv.read(Files.readString(csv)).stream().map(Csv.Row::cells).toList();
    assertThat(lines.getFirst()).containsExactly("metric", "map", "part", "value", "reason");
    // the Gini index of one value among n
    double n = SIDE * SIDE;
    assertThat(value(lines, "sparseness", "one")).isEqualTo(1 - 1 / n);
    assertThat(value(lines, "pointing-game", "one")).isEqualTo(1);
    assertThat(value(lines, "pointing-game", "ramp")).isEqualTo(0);
    for (String map : List.of("one", "ramp")) {
      assertThat(value(lines, "deletion", map)).isEqualTo(deletion(map));
    }
    assertThat(deletion("one")).isNotEqualTo(deletion("ramp"));
  }

  private static double value(List<List<String>> lines, String metric, String map) {
    return lines.stream()
        .filter(l -> l.get(0).split(":")[0].equals(metric))
        .filter(l -> l.get(1).equals(map) && l.get(2).isEmpty())
        .mapToDouble(l -> Double.parseDouble(l.get(3)))
        .findFirst()
        .orElseThrow();
  }

  private double deletion(String map) {
    Network network = Network.load(model).channelsFirst();
    Preparation p = Preparation.of(Shipped.PREPROCESS, network.inputShape(), network.name());
    float[] values = Npy.read(folder.resolve(map + ".npy")).values();
    var explained = new Explained(p.shape(), p.read(picture).pixels(), 1, values, SIDE, SIDE, null);
    try (Device device = Devices.open("cpu", 1);
        var pipeline = new Pipeline(network, device, 8);
        var workspace = new Workspace(device)) {
      Metric deletion = Metrics.parse("deletion");
      Probe<Score> probe = deletion.probe(explained, workspace);
      pipeline.run(List.of(probe));
      return probe.result().value();
    }
  }

  /** Without a truth and a method, those that need them are not tried; named, they are told. */
  @Test
  void whatAMapAloneDoesNotTellIsLeftOut() {
    Ran ran = measure(map("one"));
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).contains("infidelity", "road").doesNotContain("roc-auc", "max-sens");
    ran = measure(map("one"), "--metric=roc-auc", "--metric=complexity");
    assertThat(ran.code()).isEqualTo(Main.PARTIAL);
    assertThat(ran.out()).contains("complexity");
    assertThat(ran.err())
        .contains(
            "candela: left out: roc-auc: the pixels of the class are needed; give --truth FILE\n");
  }

  /** No table and no file of nothing. */
  @Test
  void whereNothingIsLeftToMeasureThatIsWrongUsage() {
    Path csv = folder.resolve("m.csv");
    Ran ran = measure(map("one"), "--metric=pointing-game", "--metric=roc-auc", "--out=" + csv);
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.out()).contains("cross, ").doesNotContain("metric", "better");
    assertThat(ran.err())
        .isEqualTo(
            "candela: left out: pointing-game: the pixels of the class are needed; give --truth"
                + " FILE\n"
                + "candela: left out: roc-auc: the pixels of the class are needed; give --truth"
                + " FILE\n");
    assertThat(csv).doesNotExist();
  }

  @Test
  void mapsThatAreCalledAlikeHaveTheirPathsForNames() throws IOException {
    Path other = Files.createDirectory(folder.resolve("other")).resolve("one.npy");
    Files.copy(folder.resolve("ramp.npy"), other);
    Path csv = folder.resolve("m.csv");
    Ran ran =
        measure(map("one"), map("ramp"), "--map=" + other, "--metric=sparseness", "--out=" + csv);
    assertThat(ran.code()).as(ran.err()).isZero();
    String one = folder.resolve("one.npy").toString();
    assertThat(ran.out()).contains(" " + one + "   ", " ramp   ", " " + other + "\n");
    List<List<String>> lines =
        Csv.read(Files.readString(csv)).stream().map(Csv.Row::cells).toList();
    assertThat(lines.stream().skip(1).map(l -> l.get(1)))
        .containsExactly(one, "ramp", other.toString());
    assertThat(value(lines, "sparseness", other.toString()))
        .isEqualTo(value(lines, "sparseness", "ramp"))
        .isNotEqualTo(value(lines, "sparseness", one));
  }

  @Test
  void axesOfLengthOneAreNoneOfAMap() {
    Path file = folder.resolve("m.npy");
    for (int[] shape :
        new int[][] {{33, 7}, {1, 33, 7}, {1, 1, 33, 7}, {33, 7, 1}, {1, 33, 7, 1}}) {
      new Npy(shape, new float[33 * 7]).write(file);
      MapFile map = MapFile.read(file);
      assertThat(new int[] {map.h(), map.w()}).as(Arrays.toString(shape)).containsExactly(33, 7);
    }
    for (int[] shape : new int[][] {{33, 7, 3}, {3, 33, 7}, {3, 33, 7, 1}, {2, 1, 7, 33}}) {
      new Npy(shape, new float[Arrays.stream(shape).reduce(1, (a, b) -> a * b)]).write(file);
      assertThatThrownBy(() -> MapFile.read(file))
          .hasMessageEndingWith(Arrays.toString(shape) + "; join its channels first");
    }
  }

  @Test
  void mapsThatDoNotFitAreRefused() {
    new Npy(new int[] {3, 2, 2}, new float[12]).write(folder.resolve("colours.npy"));
    assertThat(measure(map("colours")).err())
        .endsWith("colours.npy: a map [h,w] expected, got [3, 2, 2]; join its channels first\n");
    new Npy(new int[] {4}, new float[4]).write(folder.resolve("line.npy"));
    assertThat(measure(map("line")).err()).endsWith("line.npy: a map [h,w] expected, got [4]\n");
    new Npy(new int[] {3, 0, 2}, new float[0]).write(folder.resolve("none.npy"));
    assertThat(measure(map("none")).err()).endsWith("a map [h,w] expected, got [3, 0, 2]\n");
    new Npy(new int[] {1, 2}, new float[] {1, Float.NaN}).write(folder.resolve("nan.npy"));
    assertThat(measure(map("nan")).err()).endsWith("1 of 2 values that are NaN or infinite\n");
    Ran ran = measure(map("one"), "--truth=" + folder.resolve("nan.npy"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
  }

  /** As one of another image, or of its transpose. */
  @ParameterizedTest
  @CsvSource({"65, 32", "32, 65"})
  void aMapLargerThanTheInputIsRefused(int h, int w) {
    new Npy(new int[] {h, w}, new float[h * w]).write(folder.resolve("large.npy"));
    Ran ran = measure(map("large"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .contains("large.npy: a map of at most [64,64], the model's input, expected, got ")
        .contains("[%d,%d]; make one of what the model reads\n".formatted(h, w));
  }

  @Test
  void aSmallerMapIsEnlargedAndSaid() {
    new Npy(new int[] {4, 4}, new float[16]).write(folder.resolve("small.npy"));
    Ran ran = measure(map("small"), map("one"), "--metric=pointing-game");
    assertThat(ran.err())
        .startsWith(
            "candela: %s: [4,4] is enlarged, bilinearly, to the model's input, [64,64]\n"
                .formatted(folder.resolve("small.npy")))
        .doesNotContain("one.npy");
    new Npy(new int[] {6, 4}, new float[24]).write(folder.resolve("other.npy"));
    ran = measure(map("other"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .isEqualTo(
            "candela: %s: a map in the proportions of the model's input, [64,64], expected, got"
                    .formatted(folder.resolve("other.npy"))
                + " [6,4]; make one of what the model reads, rows first\n");
  }

  /**
   * Of inputs [64,96]: grids, windows of 29 by steps of 5 and of 60 by 8; not what lies otherwise.
   */
  @ParameterizedTest
  @CsvSource({
    "4, 6, true",
    "2, 3, true",
    "3, 4, true",
    "5, 7, true",
    "1, 1, true",
    "8, 14, true",
    "1, 5, true",
    "64, 96, true",
    "6, 4, false",
    "28, 28, false",
    "7, 7, false",
    "40, 40, false",
    "3, 40, false"
  })
  void aMapHasTheProportionsOfTheInputOrOfItsWindows(int h, int w, boolean fits) {
    var map = new MapFile(Path.of("m.npy"), h, w, new float[h * w]);
    if (fits) {
      map.checkFits(64, 96);
    } else {
      assertThatThrownBy(() -> map.checkFits(64, 96))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("in the proportions of the model's input, [64,96], expected");
    }
  }

  @Test
  void settingsOfAMetricHaveNamesOfTheirOwn() {
    Ran ran = measure(map("one"), "--metric=deletion", "--metric=deletion:step=999,score=logit");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("deletion:step=0,score=probability ", "deletion:step=999,score=logit ");
    ran = measure(map("one"), "--metric=sic", "--metric=sic:least=0.8");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .isEqualTo("candela: --metric: every metric once expected, 'sic:least=0.8' equals 'sic'\n");
    ran = measure(map("one"), "--metric=aic", "--metric=deletion", "--metric=deletion");
    assertThat(ran.err())
        .isEqualTo("candela: --metric: every metric once expected, 'deletion' is there twice\n");
    ran = measure(map("one"), map("one"), "--metric=deletion");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .isEqualTo(
            "candela: --map: every map once expected, '"
                + folder.resolve("one.npy")
                + "' is there twice\n");
  }

  @Test
  void whatIsNoNumberIsSaidWhy() throws IOException {
    new Npy(new int[] {SIDE, SIDE}, new float[SIDE * SIDE]).write(folder.resolve("zeros.npy"));
    new Npy(new int[] {2, 2}, new float[4]).write(folder.resolve("nothing.npy"));
    Path csv = folder.resolve("m.csv");
    Ran ran =
        measure(
            map("one"),
            map("zeros"),
            map("nothing"),
            "--metric=sic:least=2",
            "--metric=sparseness",
            "--metric=roc-auc",
            "--truth=" + folder.resolve("zeros.npy"),
            "--out=" + csv);
    // a number that a metric does not give is no failure
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.err())
        .contains(folder.resolve("zeros.npy") + ": all values are 0: no pixel shows the class\n")
        .contains("candela: NaN of all maps: roc-auc: no pixel shows the class\n")
        .contains("candela: NaN of zeros, nothing: sparseness: the map is 0 everywhere\n")
        .containsPattern(
            "candela: NaN of all maps: sic: the image scores [0-9.e-]+, below least"
                + " \\(2.0\\)\n");
    List<List<String>> lines =
        Csv.read(Files.readString(csv)).stream().map(Csv.Row::cells).toList();
    assertThat(lines)
        .contains(List.of("sparseness", "zeros", "", "NaN", "the map is 0 everywhere"));
    assertThat(lines)
        .filteredOn(l -> l.get(0).equals("sparseness") && l.get(1).equals("one"))
        .allMatch(l -> l.get(4).isEmpty())
        .isNotEmpty();
  }

  @Test
  void aSimilarityIsNoMetric() {
    Ran ran = measure(map("one"), "--metric=Top_K:k=5");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .isEqualTo(
            "candela: --metric: Top_K compares two maps, a metric of one expected; give it as a"
                + " similarity of a study\n");
  }

  /** Nothing is printed: nothing was computed. */
  @Test
  void aPlaceForNumbersThatCannotBeIsToldBefore() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    Ran ran = measure(map("one"), "--out=" + file.resolve("a.csv"));
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err())
        .startsWith("candela: --out: a folder expected that can be written: " + file)
        .hasLineCount(1);
  }
}
