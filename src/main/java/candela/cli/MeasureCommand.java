package candela.cli;

import candela.config.Csv;
import candela.config.Spec;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Preparation;
import candela.metric.Direction;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Metrics;
import candela.metric.Score;
import candela.metric.Similarities;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela measure}: metrics of maps that are files, whoever made them. */
@Command(
    name = "measure",
    description = "Measure how far maps that are there, yours or others', can be trusted.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A map is a .npy file of numbers [h,w], as explain writes them. One that is smaller than the",
      "model's input is enlarged, and said so; one that is larger, or has other proportions, is",
      "refused. Metrics that ask a method again need a study. What does not fit is left out, and",
      "the reason printed, as it is where a metric has no number (NaN) for a map.",
      "",
      "Examples:",
      "  candela measure cat.jpg --model m.onnx --map mine.npy --map theirs.npy",
      "  candela measure in.npy --model m.onnx --map a.npy --metric deletion:preset=sam -o a.csv",
      "",
      "Exit codes: 0 all done, 1 some metrics were left out, 2 wrong usage or input, or nothing",
      "was left to be done."
    })
final class MeasureCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "IMAGE",
      description = "Image file; a .npy file holds an input as the model reads it.")
  Path image;

  @Mixin Classifier classifier;

  @Option(
      names = "--map",
      required = true,
      paramLabel = "FILE",
      description = "A map of the image; may be repeated.")
  List<Path> maps = List.of();

  @Option(
      names = "--metric",
      paramLabel = "NAME[:key=value,…]",
      description = "A metric and its parameters; may be repeated. Default: all that need no more.")
  List<String> metrics = List.of();

  @Option(
      names = "--truth",
      paramLabel = "FILE",
      description =
          "A .npy file [h,w] of the model's input: the class is where it is not 0. For metrics that"
              + " ask where the object is.")
  Path truth;

  @Mixin Target target;

  @Mixin Output output;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "A CSV file of all numbers and their parts, and the reason where one is NaN.")
  Path out;

  @Mixin Batch batch;

  @Mixin Machine machine;

  /** A map and the name of its column. */
  private record Judged(String name, Explained explained) {}

  @Override
  public Integer call() {
    target.check();
    if (classifier.model == null) {
      throw CandelaException.of("measure: --model FILE expected");
    }
    List<Metric> all = wanted();
    if (out != null) {
      WholeFile.checkApart("--out", out, image, truth, classifier.model, classifier.labels);
      WholeFile.checkApart("--out", out, maps.toArray(Path[]::new));
      WholeFile.makeFolder("--out", WholeFile.folder(out));
    }
    Network network = classifier.network();
    Labels names = classifier.names(network, output);
    Preparation preparation = Preparation.of(classifier.preprocess, network, List.of(image));
    try (Device device = machine.open();
        var pipeline = new Pipeline(network, device, batch.rows(), output.name)) {
      classifier.sayWhatWasAssumed(network, preparation, output);
      Reading.Loaded read =
          Reading.strict(network, preparation, names, classifier.labels, target)
              .one(image, pipeline);
      System.out.printf(
          Locale.ROOT,
          "%s: %s, %.2f %%%n%n",
          image,
          names.brief(read.target()),
          100 * read.prediction().probability(read.target()));
      float[] pixels = read.picture().pixels();
      return measure(all, judged(preparation.shape(), pixels, read.target()), device, pipeline);
    }
  }

  private List<Metric> wanted() {
    if (!metrics.isEmpty()) {
      List<Metric> wanted = metrics.stream().map(MeasureCommand::metric).toList();
      for (int i = 0; i < wanted.size(); i++) {
        int before = wanted.indexOf(wanted.get(i));
        if (before < i) {
          boolean repeated = metrics.get(before).equals(metrics.get(i));
          throw CandelaException.of(
              "--metric: every metric once expected, '%s' %s",
              metrics.get(i), repeated ? "is there twice" : "equals '" + metrics.get(before) + "'");
        }
      }
      return wanted;
    }
    return Metrics.names().stream()
        .map(Metrics::parse)
        .filter(m -> !m.needsMethod() && (truth != null || !m.needsTruth()))
        .toList();
  }

  private static Metric metric(String text) {
    String name = Spec.parse(text).name();
    if (Similarities.names().contains(Words.listed(name))) {
      throw CandelaException.of(
          "--metric: %s compares two maps, a metric of one expected; give it as a similarity of a"
              + " study",
          name);
    }
    return Metrics.parse(text);
  }

  private List<Judged> judged(Shape shape, float[] pixels, int explained) {
    boolean[] object = truth == null ? null : object(shape);
    List<MapFile> read = maps.stream().map(MapFile::read).toList();
    List<String> names = names(maps);
    List<Judged> all = new ArrayList<>();
    for (MapFile map : read) {
      map.checkFits(shape.dim(1), shape.dim(2));
      if (!map.covers(shape.dim(1), shape.dim(2))) {
        System.err.printf(
            "candela: %s: [%d,%d] is enlarged, bilinearly, to the model's input, [%d,%d]%n",
            map.file(), map.h(), map.w(), shape.dim(1), shape.dim(2));
      }
      Explained one =
          new Explained(shape, pixels, explained, map.values(), map.h(), map.w(), object);
      all.add(new Judged(names.get(all.size()), one));
    }
    return all;
  }

  /** Of files, what they are called without ending; of several that are called alike, the paths. */
  private static List<String> names(List<Path> files) {
    for (Path f : files) {
      if (Collections.frequency(files, f) > 1) {
        throw CandelaException.of("--map: every map once expected, '%s' is there twice", f);
      }
    }
    List<String> names =
        files.stream().map(f -> f.getFileName().toString().replaceAll("\\.npy$", "")).toList();
    return IntStream.range(0, names.size())
        .mapToObj(
            i ->
                Collections.frequency(names, names.get(i)) == 1
                    ? names.get(i)
                    : files.get(i).toString())
        .toList();
  }

  private boolean[] object(Shape shape) {
    MapFile map = MapFile.read(truth);
    if (!map.covers(shape.dim(1), shape.dim(2))) {
      throw CandelaException.of(
          "%s: the model's input of [%d,%d] expected, got [%d,%d]",
          truth, shape.dim(1), shape.dim(2), map.h(), map.w());
    }
    boolean[] object = new boolean[map.values().length];
    boolean shown = false;
    for (int i = 0; i < object.length; i++) {
      object[i] = map.values()[i] != 0;
      shown |= object[i];
    }
    if (!shown) {
      System.err.println("candela: " + truth + ": all values are 0: no pixel shows the class");
    }
    return object;
  }

  private int measure(List<Metric> all, List<Judged> judged, Device device, Pipeline pipeline) {
    List<String> title = new ArrayList<>(List.of("metric", "better"));
    judged.forEach(j -> title.add(j.name()));
    var table = new Table("ll" + "r".repeat(judged.size()), title.toArray(String[]::new));
    List<String> lines =
        new ArrayList<>(List.of(Csv.line("metric", "map", "part", "value", "reason")));
    List<String> left = new ArrayList<>();
    Map<String, List<String>> without = new LinkedHashMap<>();
    List<String> names = Metrics.names(all);
    for (int at = 0; at < all.size(); at++) {
      Metric m = all.get(at);
      String name = names.get(at);
      if (truth == null && m.needsTruth()) {
        left.add(name + ": the pixels of the class are needed; give --truth FILE");
        continue;
      }
      String text = Metrics.name(m) + (Metrics.text(m).isEmpty() ? "" : ":" + Metrics.text(m));
      try (var workspace = new Workspace(device);
          var progress = new Console(name)) {
        List<Probe<Score>> probes =
            judged.stream().map(j -> m.probe(j.explained(), workspace)).toList();
        pipeline.run(probes, progress);
        List<String> row = new ArrayList<>(List.of(name, better(m)));
        for (int i = 0; i < probes.size(); i++) {
          Score score = probes.get(i).result();
          String map = judged.get(i).name();
          row.add(String.format(Locale.ROOT, "%.5g", score.value()));
          lines.add(Csv.line(text, map, "", Double.toString(score.value()), score.reason()));
          score
              .parts()
              .forEach((p, v) -> lines.add(Csv.line(text, map, p, Double.toString(v), "")));
          if (!score.reason().isEmpty()) {
            without.computeIfAbsent(name + ": " + score.reason(), k -> new ArrayList<>()).add(map);
          }
        }
        table.add(row.toArray());
      } catch (CandelaException | OutOfMemoryError e) {
        left.add(Main.sentence(e));
      }
    }
    left.forEach(why -> System.err.println("candela: left out: " + why));
    if (left.size() == all.size()) {
      return Main.WRONG;
    }
    table.print(System.out);
    without.forEach(
        (why, of) -> {
          boolean every = of.size() == judged.size() && of.size() > 1;
          String which = every ? "all maps" : String.join(", ", of);
          System.err.println("candela: NaN of " + which + ": " + why);
        });
    if (out != null) {
      byte[] csv = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
      WholeFile.write(out, part -> Files.write(part, csv));
    }
    return left.isEmpty() ? Main.OK : Main.PARTIAL;
  }

  private static String better(Metric m) {
    return m.direction() == Direction.HIGHER_IS_BETTER ? "higher" : "lower";
  }
}
