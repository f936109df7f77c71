package candela.cli;

import candela.cli.Reading.Loaded;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Softened;
import candela.image.Image;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.Npy;
import candela.image.WholeFile;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.metric.Maps;
import candela.metric.Pair;
import candela.metric.Similarities;
import candela.metric.Treatment;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.sanity.Manipulation;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** One run of {@code candela manipulate}. */
final class ManipulateRun implements AutoCloseable {
  /** The image, in 8 bits and as it is, and the sheet: files in the folder of results. */
  static final List<String> PICTURES =
      List.of("manipulated.png", "manipulated.npy", "manipulation.png");

  /** How maps are compared. */
  private static final List<String> SIMILARITIES = List.of("spearman", "ssim");

  /** Of a record, what the descent does not depend on. */
  private static final Set<String> OWN = Set.of("time", "java", "system", "methods");

  private final ManipulateCommand options;
  private final Network network;
  private final Labels labels;
  private final List<Method> methods;
  private final List<String> names = new ArrayList<>();
  private final Manipulation manipulation;
  private final Preparation preparation;
  private final Device device;
  private final Pipeline pipeline;
  private final ManipulateSheet sheet;
  private final PrintStream out = System.out;
  private final long start;

  /** An image under the network: its class and its maps. */
  record Seen(String name, Image view, Subject subject, Prediction says, List<Attribution> maps) {}

  ManipulateRun(
      ManipulateCommand options,
      Network network,
      Labels labels,
      List<Method> methods,
      Manipulation manipulation,
      long start) {
    this.options = options;
    this.network = network;
    this.labels = labels;
    this.methods = methods;
    this.manipulation = manipulation;
    this.start = start;
    Map<String, Integer> seen = new HashMap<>();
    methods.forEach(m -> names.add(Inputs.unique(Methods.name(m), seen)));
    preparation = Preparation.of(options.classifier.preprocess, network, List.of());
    if (preparation.levels().black().isEmpty()) {
      throw CandelaException.of(
          "manipulate: a model of pictures, of 1 or 3 channels, expected; %s takes %s",
          network.name(), preparation.shape());
    }
    sheet = new ManipulateSheet(preparation, labels, names);
    device = options.machine.openFine();
    pipeline = options.output.pipeline(network, device, options.batch);
  }

  private Path picture(int i) {
    return options.out.resolve(PICTURES.get(i));
  }

  int run() {
    options.classifier.sayWhatWasAssumed(network, preparation, options.output);
    List<Inputs.Input> inputs = Reading.inputs(List.of(options.image, options.other), options.out);
    // Before they are read: what changes after that is another image.
    List<String> hashes = inputs.stream().map(i -> WholeFile.sha256(i.file())).toList();
    List<Loaded> both =
        Reading.strict(network, preparation, labels, options.classifier.labels, options.target)
            .of(inputs, pipeline);
    if (both.size() != 2) {
      throw CandelaException.of("manipulate: two image files expected, got %d", both.size());
    }
    Seen image = seen(both.get(0));
    Seen other = seen(both.get(1));
    sayWhatIsNotSmooth();
    Map<String, Object> record = provenance(both, hashes);
    var state = new ManipulateState(options.out, Provenance.common(record, OWN).toString());
    List<String> losses = new ArrayList<>();
    Manipulation.Result found = manipulated(image, other, state, losses);
    if (losses.size() < manipulation.iterations()) {
      return Main.PARTIAL; // interrupted
    }
    Seen changed = seen("manipulated", image.subject().with(found.image()), methods);
    float[] rounded = preparation.rounded(found.image());
    Seen png = seen("manipulated.png", image.subject().with(rounded), methods.subList(0, 1));
    changed.view().writePng(picture(0));
    new Npy(preparation.shape().dims(), found.image()).write(picture(1));
    losses.addFirst("iteration,map,probability");
    WholeFile.write(options.out.resolve("loss.csv"), part -> Files.write(part, losses));
    sheet.draw(network.name(), image, changed, other).writePng(picture(2));
    add(record, found, both.get(0).target(), List.of(image, changed, png));
    Json.write(options.out.resolve("provenance.json"), record);
    state.delete();
    print(image, changed, png, other);
    out.printf(
        Locale.ROOT,
        "%n%s in %s: %.1f s%n",
        Words.counted(manipulation.iterations(), "iteration"),
        options.out,
        (System.nanoTime() - start) / 1e9);
    return Main.OK;
  }

  /** What the descent cannot follow. */
  private void sayWhatIsNotSmooth() {
    Softened soft = Softened.of(network.model(), manipulation.beta());
    List<String> left = new ArrayList<>();
    soft.corners().forEach((op, n) -> left.add(op + (n == 1 ? "" : " (" + n + ")")));
    if (!left.isEmpty()) {
      System.err.printf(
          "candela: %s: not softened though the slope jumps: %s; the map may follow less well%n",
          network.name(), String.join(", ", left));
    } else if (soft.rectifiers() == 0) {
      System.err.printf(
          "candela: %s: nothing was softened, it has no Relu, Clip, LeakyRelu or PRelu%n",
          network.name());
    }
  }

  /**
   * @param losses a line an iteration is added
   */
  private Manipulation.Result manipulated(
      Seen image, Seen other, ManipulateState state, List<String> losses) {
    ManipulateState.Begun begun = state.read();
    if (begun != null) {
      losses.addAll(begun.losses());
      System.err.printf(
          "goes on: %d of %d iterations are done%n",
          begun.state().done(), manipulation.iterations());
    }
    try (var saving = Interruption.saving();
        var progress = new Console("manipulating", "iterations")) {
      Manipulation.Result result =
          manipulation.of(
              network,
              options.output.name,
              device,
              image.subject(),
              other.maps().getFirst().values(),
              begun == null ? null : begun.state(),
              (s, map, probability) -> {
                losses.add(String.format(Locale.ROOT, "%d,%.6g,%.6g", s.done(), map, probability));
                state.keep(s, losses);
                if (Interruption.asked()) {
                  state.write(s, losses);
                  return false;
                }
                return progress.at(s.done(), manipulation.iterations());
              });
      saving.done();
      return result;
    }
  }

  private Seen seen(Loaded l) {
    Subject subject = preparation.subject(l.picture().pixels(), l.target());
    return seen(l.input().name(), subject, methods);
  }

  private Seen seen(String name, Subject subject, List<Method> methods) {
    var logits = new Logits(device, subject.pixels());
    pipeline.run(List.of(logits));
    try (var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes =
          methods.stream().map(m -> m.probe(subject, workspace)).toList();
      pipeline.run(probes);
      return new Seen(
          name,
          preparation.image(subject.pixels()),
          subject,
          logits.result(),
          probes.stream().map(Probe::result).toList());
    }
  }

  /**
   * All but what comes of it.
   *
   * @param hashes of their files
   */
  private Map<String, Object> provenance(List<Loaded> both, List<String> hashes) {
    Map<String, Object> record = Provenance.head(device, preparation, methods, names);
    record.put(
        "model",
        Provenance.ordered("file", options.classifier.model, "sha256", network.model().sha256()));
    record.put("output", Provenance.output(options.output, network));
    record.put("image", file(both.get(0), hashes.get(0)));
    record.put("other", file(both.get(1), hashes.get(1)));
    record.put("map", options.map);
    record.put("iterations", manipulation.iterations());
    record.put("rate", manipulation.rate());
    record.put("keep", manipulation.keep());
    record.put("beta", manipulation.beta());
    record.put("growth", manipulation.growth());
    return record;
  }

  /**
   * @param seen the image, manipulated, and that rounded
   */
  private static void add(
      Map<String, Object> record, Manipulation.Result found, int target, List<Seen> seen) {
    record.put("loss", Provenance.ordered("map", found.map(), "probability", found.probability()));
    List<Double> p = seen.stream().map(s -> s.says().probability(target)).toList();
    record.put(
        "probability",
        Provenance.ordered(
            "image", p.get(0), "manipulated", p.get(1), "manipulated.png", p.get(2)));
  }

  private static Map<String, Object> file(Loaded l, String sha256) {
    return Provenance.ordered("file", l.input().file(), "sha256", sha256, "target", l.target());
  }

  private void print(Seen image, Seen changed, Seen png, Seen other) {
    int target = image.subject().target();
    out.printf(
        Locale.ROOT,
        "%n%s: %s %.2f %%, manipulated %.2f %% (predicted: %s), in 8 bits %.2f %% (%s); changed by"
            + " %s%n%n",
        image.name(),
        labels.brief(target),
        100 * image.says().probability(target),
        100 * changed.says().probability(target),
        labels.brief(changed.says().best()),
        100 * png.says().probability(target),
        labels.brief(png.says().best()),
        sheet.size(image, changed));
    Shape shape = preparation.shape();
    for (String s : Similarities.fitting(SIMILARITIES, shape.dim(1), shape.dim(2))) {
      out.printf("%s of maps%n", s);
      var table = new Table("lrrr", "method", "to its own", "to the other's", "own to other's");
      for (int m = 0; m < methods.size(); m++) {
        add(table, names.get(m), compare(m, s, image, changed, other));
        if (m == 0) {
          add(table, names.get(m) + ", in 8 bits", compare(m, s, image, png, other));
        }
      }
      table.print(out);
    }
  }

  private static void add(Table table, String name, double[] values) {
    List<Object> cells = new ArrayList<>(List.of(name));
    for (double v : values) {
      cells.add(Table.number(v));
    }
    table.add(cells.toArray());
  }

  /** Of the manipulated map with its own and with the other's, and of those two. */
  private double[] compare(int method, String similarity, Seen image, Seen changed, Seen other) {
    int h = preparation.shape().dim(1);
    int w = preparation.shape().dim(2);
    Treatment treatment = null;
    List<float[]> maps = new ArrayList<>();
    for (Seen s : List.of(changed, image, other)) {
      Attribution a = s.maps().get(method);
      treatment = Treatment.standard(a.channels().signed());
      maps.add(treatment.apply(a.map(), a.height(), a.width(), h, w));
    }
    return treatment
        .similarity(similarity)
        .of(new Maps(h, w, maps), List.of(new Pair(1, 0), new Pair(2, 0), new Pair(2, 1)));
  }

  @Override
  public void close() {
    pipeline.close();
    device.close();
  }
}
