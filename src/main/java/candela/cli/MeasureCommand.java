package candela.cli;

import candela.config.Csv;
import candela.config.Spec;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.Npy;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
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
      "A map is a .npy file of numbers [h,w], as explain writes them; one that is smaller",
      "than the model's input is enlarged, a larger one refused. Metrics that ask a method again",
      "need a study. What does not fit is left out, and the reason printed.",
      "",
      "Examples:",
      "  candela measure cat.jpg --model m.onnx --map mine.npy --map theirs.npy",
      "  candela measure in.npy --model m.onnx --map a.npy --metric deletion:preset=sam -o a.csv",
      "",
      "Exit codes: 0 all done, 1 some metrics were left out, 2 wrong usage or input."
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
      description = "A CSV file of all numbers and their parts.")
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
      WholeFile.makeFolder("--out", WholeFile.folder(out));
    }
    Network network = classifier.network();
    Preparation preparation =
        Preparation.of(classifier.preprocess, network.inputShape(), network.name(), List.of(image));
    Labels names = Labels.read(classifier.labels);
    try (Device device = machine.open();
        var pipeline = new Pipeline(network, device, batch.rows(), output.name)) {
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
      return metrics.stream().map(MeasureCommand::metric).toList();
    }
    return Metrics.names().stream()
        .map(Metrics::parse)
        .filter(m -> !m.needsMethod() && (truth != null || !m.needsTruth()))
        .toList();
  }

  private static Metric metric(String text) {
    String name = Spec.parse(text).name();
    if (Similarities.names().contains(name.replace('_', '-'))) {
      throw CandelaException.of(
          "--metric: %s compares two maps, a metric of one expected; give it as a similarity of a"
              + " study",
          name);
    }
    return Metrics.parse(text);
  }

  private List<Judged> judged(Shape shape, float[] pixels, int explained) {
    boolean[] object = truth == null ? null : object(shape);
    Map<String, Integer> seen = new HashMap<>();
    List<Judged> all = new ArrayList<>();
    for (Path file : maps) {
      Npy map = plane(file);
      int[] dims = map.shape();
      int h = dims[dims.length - 2];
      int w = dims[dims.length - 1];
      if (h > shape.dim(1) || w > shape.dim(2)) {
        throw CandelaException.of(
            "%s: a map of at most [%d,%d], the model's input, expected, got [%d,%d]; make one of"
                + " what the model reads",
            file, shape.dim(1), shape.dim(2), h, w);
      }
      String name = Inputs.unique(file.getFileName().toString().replaceAll("\\.npy$", ""), seen);
      Explained one = new Explained(shape, pixels, explained, map.values(), h, w, object);
      all.add(new Judged(name, one));
    }
    return all;
  }

  private boolean[] object(Shape shape) {
    Npy npy = plane(truth);
    if (!npy.isOne(shape.dim(1), shape.dim(2))) {
      throw CandelaException.of(
          "%s: the model's input of [%d,%d] expected, got %s",
          truth, shape.dim(1), shape.dim(2), Arrays.toString(npy.shape()));
    }
    boolean[] object = new boolean[npy.values().length];
    for (int i = 0; i < object.length; i++) {
      object[i] = npy.values()[i] != 0;
    }
    return object;
  }

  /** [h,w], or the same after axes of length 1, of numbers. */
  private static Npy plane(Path file) {
    Npy npy = Npy.read(file);
    int[] dims = npy.shape();
    boolean flat =
        dims.length >= 2
            && npy.isOne(dims[dims.length - 2], dims[dims.length - 1])
            && npy.values().length > 0;
    if (!flat) {
      throw CandelaException.of(
          "%s: a map [h,w] expected, got %s%s",
          file,
          Arrays.toString(dims),
          dims.length > 2 && npy.values().length > 0 ? "; join its channels first" : "");
    }
    for (float v : npy.values()) {
      if (!Float.isFinite(v)) {
        throw CandelaException.of("%s: finite numbers expected, got %s", file, v);
      }
    }
    return npy;
  }

  private int measure(List<Metric> all, List<Judged> judged, Device device, Pipeline pipeline) {
    List<String> title = new ArrayList<>(List.of("metric", "better"));
    judged.forEach(j -> title.add(j.name()));
    var table = new Table("ll" + "r".repeat(judged.size()), title.toArray(String[]::new));
    List<String> lines = new ArrayList<>(List.of(Csv.line("metric", "map", "part", "value")));
    List<String> left = new ArrayList<>();
    for (Metric m : all) {
      if (truth == null && m.needsTruth()) {
        left.add(Metrics.name(m) + ": the pixels of the class are needed; give --truth FILE");
        continue;
      }
      String text = Metrics.name(m) + ":" + Metrics.text(m);
      try (var workspace = new Workspace(device);
          var progress = new Console(Metrics.name(m))) {
        List<Probe<Score>> probes =
            judged.stream().map(j -> m.probe(j.explained(), workspace)).toList();
        pipeline.run(probes, progress);
        List<String> row = new ArrayList<>(List.of(Metrics.name(m), better(m)));
        for (int i = 0; i < probes.size(); i++) {
          Score score = probes.get(i).result();
          String map = judged.get(i).name();
          row.add(String.format(Locale.ROOT, "%.5g", score.value()));
          lines.add(Csv.line(text, map, "", Double.toString(score.value())));
          score.parts().forEach((p, v) -> lines.add(Csv.line(text, map, p, Double.toString(v))));
        }
        table.add(row.toArray());
      } catch (CandelaException e) {
        left.add(Main.sentence(e));
      }
    }
    table.print(System.out);
    left.forEach(why -> System.err.println("candela: left out: " + why));
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
