package candela.cli;

import candela.cli.Reading.Loaded;
import candela.device.Device;
import candela.graph.Network;
import candela.image.ContactSheet;
import candela.image.HeatMap;
import candela.image.Image;
import candela.image.Inputs;
import candela.image.Npy;
import candela.image.Resize;
import candela.image.Scale;
import candela.image.WholeFile;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.metric.Maps;
import candela.metric.Pair;
import candela.metric.Treatment;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.sanity.Manipulation;
import candela.tensor.CandelaException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One run of {@code candela manipulate}. */
final class ManipulateRun implements AutoCloseable {
  /** How maps are compared. */
  private static final List<String> SIMILARITIES = List.of("spearman", "ssim");

  /** How many times as large the change is drawn. */
  private static final int TIMES = 10;

  /** Pixels of a picture's longer side, at least. */
  private static final int SHOWN = 224;

  private final ManipulateCommand options;
  private final Network network;
  private final Labels labels;
  private final List<Method> methods;
  private final List<String> names = new ArrayList<>();
  private final Manipulation manipulation;
  private final Preparation preparation;
  private final Device device;
  private final Pipeline pipeline;
  private final PrintStream out = System.out;
  private final long start;

  /** An image under the network: its class and all its maps. */
  private record Seen(
      String name, Image view, Subject subject, Prediction says, List<Attribution> maps) {}

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
    preparation =
        Preparation.of(options.classifier.preprocess, network.inputShape(), network.name());
    WholeFile.makeFolder("--out", options.out);
    device = options.machine.open();
    pipeline = new Pipeline(network, device, options.batch.rows(), options.output.name);
  }

  int run() {
    List<Loaded> both =
        new Reading(
                network,
                preparation,
                labels,
                options.classifier.labels,
                options.target,
                (input, reason) -> {
                  throw new CandelaException(reason);
                })
            .of(Inputs.of(List.of(options.image, options.other)), pipeline);
    if (both.size() != 2) {
      throw CandelaException.of("manipulate: two image files expected, got %d", both.size());
    }
    Seen image = seen(both.get(0));
    Seen other = seen(both.get(1));
    List<String> losses = new ArrayList<>(List.of("iteration,map,probability"));
    float[] pixels = manipulated(image, other, losses);
    Seen changed = seen("manipulated", preparation.image(pixels), with(image.subject(), pixels));
    write(image, changed, other, losses);
    print(image, changed, other);
    out.printf(
        Locale.ROOT,
        "%n%s in %s: %.1f s%n",
        Explanation.counted(manipulation.iterations(), "iteration"),
        options.out,
        (System.nanoTime() - start) / 1e9);
    return Main.OK;
  }

  private float[] manipulated(Seen image, Seen other, List<String> losses) {
    try (var progress = new Console("manipulating", "iterations")) {
      return manipulation
          .of(
              network,
              options.output.name,
              device,
              image.subject(),
              other.maps().getFirst().values(),
              (iteration, map, probability) -> {
                losses.add(String.format(Locale.ROOT, "%d,%.6g,%.6g", iteration, map, probability));
                return progress.at(iteration, manipulation.iterations());
              })
          .image();
    }
  }

  private static Subject with(Subject subject, float[] pixels) {
    return new Subject(subject.shape(), pixels, subject.target(), subject.levels());
  }

  private Seen seen(Loaded l) {
    var subject =
        new Subject(preparation.shape(), l.picture().pixels(), l.target(), preparation.levels());
    return seen(l.input().name(), preparation.image(l.picture().pixels()), subject);
  }

  private Seen seen(String name, Image view, Subject subject) {
    var logits = new Logits(device, subject.pixels());
    pipeline.run(List.of(logits));
    try (var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes =
          methods.stream().map(m -> m.probe(subject, workspace)).toList();
      pipeline.run(probes);
      return new Seen(
          name,
          view,
          subject,
          new Prediction(logits.result()),
          probes.stream().map(Probe::result).toList());
    }
  }

  private void write(Seen image, Seen changed, Seen other, List<String> losses) {
    changed.view().writePng(options.out.resolve("manipulated.png"));
    new Npy(preparation.shape().dims(), changed.subject().pixels())
        .write(options.out.resolve("manipulated.npy"));
    WholeFile.write(options.out.resolve("loss.csv"), part -> Files.write(part, losses));
    sheet(image, changed, other).writePng(options.out.resolve("manipulation.png"));
    Map<String, Object> record = Provenance.head(device, preparation, methods, names);
    record.put(
        "model",
        Provenance.ordered("file", options.classifier.model, "sha256", network.model().sha256()));
    record.put("image", options.image);
    record.put("other", options.other);
    record.put("target", image.subject().target());
    record.put("otherTarget", other.subject().target());
    record.put("map", options.map);
    record.put("iterations", options.iterations);
    record.put("rate", options.rate);
    record.put("keep", options.keep);
    record.put("beta", options.beta);
    Json.write(options.out.resolve("provenance.json"), record);
  }

  /** A row an image: as it is, and its maps; below, what was changed. */
  private Image sheet(Seen image, Seen changed, Seen other) {
    var sheet =
        new ContactSheet(
            network.name(),
            "the map of "
                + options.map
                + " was manipulated; the change is drawn "
                + TIMES
                + " times as large");
    for (Seen s : List.of(image, changed, other)) {
      Image view = Resize.enlarged(s.view(), SHOWN);
      List<ContactSheet.Cell> row = new ArrayList<>();
      row.add(new ContactSheet.Cell(view, s.name(), caption(s), null));
      for (int m = 0; m < methods.size(); m++) {
        Attribution a = s.maps().get(m);
        Scale scale = Scale.of(a.map(), a.channels().signed(), Scale.PERCENTILE);
        Image map =
            new HeatMap(a.map(), a.height(), a.width(), scale).draw(view.width(), view.height());
        row.add(new ContactSheet.Cell(map, names.get(m), "", null));
      }
      sheet.row(row);
    }
    Image change = Resize.enlarged(change(image, changed), SHOWN);
    sheet.row(List.of(new ContactSheet.Cell(change, "change", size(image, changed), null)));
    return sheet.draw();
  }

  /** Grey where nothing changed. */
  private Image change(Seen image, Seen changed) {
    float[] from = image.subject().pixels();
    float[] to = changed.subject().pixels();
    List<Float> black = preparation.levels().black();
    List<Float> white = preparation.levels().white();
    int n = from.length / black.size();
    float[] shown = new float[from.length];
    for (int i = 0; i < shown.length; i++) {
      float middle = (black.get(i / n) + white.get(i / n)) / 2;
      shown[i] = middle + TIMES * (to[i] - from[i]);
    }
    return preparation.image(shown);
  }

  /** Of the change, in levels 0 to 255. */
  private String size(Seen image, Seen changed) {
    float[] from = image.subject().pixels();
    float[] to = changed.subject().pixels();
    double most = 0;
    double sum = 0;
    int n = from.length / preparation.levels().black().size();
    for (int i = 0; i < from.length; i++) {
      double level =
          255.0
              / (preparation.levels().white().get(i / n) - preparation.levels().black().get(i / n));
      double by = Math.abs(level * ((double) to[i] - from[i]));
      most = Math.max(most, by);
      sum += by * by;
    }
    return String.format(
        Locale.ROOT, "%.1f of 255 at most, %.2f rms", most, Math.sqrt(sum / from.length));
  }

  private String caption(Seen s) {
    int best = s.says().best();
    return String.format(
        Locale.ROOT, "%s %.1f %%", labels.brief(best), 100 * s.says().probability(best));
  }

  private void print(Seen image, Seen changed, Seen other) {
    int target = image.subject().target();
    out.printf(
        Locale.ROOT,
        "%n%s: %s %.2f %%, manipulated %.2f %% (predicted: %s); changed by %s%n%n",
        image.name(),
        labels.brief(target),
        100 * image.says().probability(target),
        100 * changed.says().probability(target),
        labels.brief(changed.says().best()),
        size(image, changed));
    for (String s : SIMILARITIES) {
      out.printf("%s of maps%n", s);
      var table = new Table("lrrr", "method", "to its own", "to the other's", "own to other's");
      for (int m = 0; m < methods.size(); m++) {
        double[] v = compare(m, s, image, changed, other);
        table.add(
            names.get(m),
            SanityTable.number(v[0]),
            SanityTable.number(v[1]),
            SanityTable.number(v[2]));
      }
      table.print(out);
    }
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
