package candela.cli;

import candela.cli.Reading.Loaded;
import candela.device.Device;
import candela.device.Philox;
import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.metric.Similarities;
import candela.probe.Pipeline;
import candela.sanity.Compared;
import candela.sanity.Order;
import candela.sanity.Randomisation;
import candela.sanity.SanityCheck;
import candela.sanity.SanityCheck.Found;
import candela.sanity.SanityCheck.Picture;
import candela.sanity.Variant;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** One run of {@code candela sanity}: images in groups, results to a folder. */
final class SanityRun implements AutoCloseable {
  /** Images whose rows share batches, and whose maps are held at a time. */
  private static final int GROUP = 8;

  /** Bytes of the maps that are held, unless those of one image take more. */
  private static final long MOST = 512L << 20;

  /** Where none are given, those of these that fit. */
  private static final List<String> USUAL = List.of("spearman", "ssim", "hog");

  private final SanityCommand options;
  private final Network network;
  private final Labels labels;
  private final Suited suited;
  private final List<String> methodNames = new ArrayList<>();
  private final Preparation preparation;
  private final Device device;
  private final List<Variant> variants = new ArrayList<>();
  private final List<String> similarities;

  /** The similarities, and the rise of complexity. */
  private final List<String> measures = new ArrayList<>();

  /** Place of the variant that has nothing learnt left; -1 where there is none. */
  private int forgotten = -1;

  /** The model, and those that it is compared with and that read the same images. */
  private final List<Network> explained = new ArrayList<>();

  /** Files of the models that it is compared with, for provenance. */
  private final List<Object> others = new ArrayList<>();

  private final SanityCheck check;
  private final Reading reading;
  private final SanityTable table;
  private final Map<String, Object> provenance;
  private final PrintStream out = System.out;
  private final long start;
  private final List<Object> images = new ArrayList<>();
  private final List<Object> failures = new ArrayList<>();
  private int done;

  SanityRun(
      SanityCommand options,
      Network network,
      Labels labels,
      List<Method> asked,
      Randomisation randomisation,
      long start) {
    this.options = options;
    this.network = network;
    this.labels = labels;
    this.start = start;
    preparation = Preparation.of(options.classifier.preprocess, network, options.images);
    vary(randomisation);
    similarities =
        options.similarities.isEmpty()
            ? Similarities.fitting(USUAL, preparation.shape().dim(1), preparation.shape().dim(2))
            : options.similarities;
    device = options.machine.open();
    try {
      suited = Suited.of(asked, explained, preparation, device, options.output.name);
      check =
          new SanityCheck(
              new SanityCheck.Settings(
                  suited.methods(),
                  similarities,
                  options.absolute,
                  options.bins,
                  options.predicted,
                  options.batch.rows(),
                  options.output.name),
              device,
              preparation);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
    Map<String, Integer> seen = new HashMap<>();
    Methods.names(suited.methods()).forEach(n -> methodNames.add(Inputs.unique(n, seen)));
    reading =
        new Reading(
            network, preparation, labels, options.classifier.labels, options.target, this::failed);
    measures.addAll(similarities);
    measures.add(SanityCheck.RISE);
    table = new SanityTable(methodNames, variants, measures, forgotten);
    provenance = Provenance.head(device, preparation, suited.methods(), methodNames);
    provenance.put("leftOut", suited.reasons());
    provenance.put("model", file(options.classifier.model, network));
    provenance.put("output", options.output.name);
    provenance.put("labels", options.classifier.labels);
    provenance.put("batch", options.batch.given);
    provenance.put("target", options.target.given);
    provenance.put("order", options.order);
    provenance.put("init", options.init);
    provenance.put("stages", options.stages);
    provenance.put("seed", options.seed);
    provenance.put("shifts", options.shifts);
    provenance.put("against", others);
    provenance.put("similarities", similarities);
    provenance.put("absolute", options.absolute);
    provenance.put("complexity", Provenance.ordered("histogram", options.bins));
    provenance.put("predicted", options.predicted);
    provenance.put("images", images);
    provenance.put("failed", failures);
  }

  private void vary(Randomisation randomisation) {
    explained.add(network);
    variants.add(new Variant(Variant.Kind.ANOTHER_CLASS, "other class", "", () -> network));
    for (Randomisation.Stage s : randomisation.of(network.model(), options.output.name)) {
      variants.add(
          new Variant(
              Variant.Kind.RANDOMISED,
              s.name(),
              s.layer(),
              () -> Network.of(s.model()).channelsFirst()));
    }
    if (randomisation.order() != Order.INDEPENDENT) {
      forgotten = variants.size() - 1;
    }
    options.shifts.stream().distinct().forEach(by -> variants.add(Variant.shifted(by, network)));
    Map<String, Integer> seen = new HashMap<>();
    for (Path file : options.against) {
      Network other = options.classifier.inputShape.load(file).channelsFirst();
      String name = Inputs.unique(file.getFileName().toString(), seen);
      others.add(file(file, other));
      if (other.inputShape().equals(network.inputShape())) {
        explained.add(other);
      }
      variants.add(new Variant(Variant.Kind.ANOTHER_MODEL, name, "", () -> other));
    }
  }

  private static Map<String, Object> file(Path file, Network network) {
    return Provenance.ordered("file", file, "sha256", network.model().sha256());
  }

  int run(List<Inputs.Input> all) {
    options.classifier.sayWhatWasAssumed(network, preparation, options.output);
    if (methodNames.isEmpty()) {
      return Main.WRONG;
    }
    List<Inputs.Input> inputs = left(all);
    int n = grouped();
    for (int from = 0; from < inputs.size(); from += n) {
      group(inputs, from, Math.min(from + n, inputs.size()));
    }
    provenance.put("seconds", (System.nanoTime() - start) / 1e9);
    Json.write(options.out.resolve("provenance.json"), provenance);
    if (done > 0) {
      table.print(out, Words.counted(done, "image"));
      table.tellWithout(System.err);
      out.printf(
          Locale.ROOT,
          "%n%s, %s in %s: %.1f s%n",
          Words.counted(variants.size() + 1, "network"),
          Words.counted(done, "image"),
          options.out,
          (System.nanoTime() - start) / 1e9);
    }
    if (done == 0 && !failures.isEmpty()) {
      return Main.WRONG;
    }
    return failures.isEmpty() && suited.leftOut().isEmpty() ? Main.OK : Main.PARTIAL;
  }

  /** The images that a killed run of the same check has not done; takes over what it has. */
  private List<Inputs.Input> left(List<Inputs.Input> inputs) {
    var before = new SanityDone(options.out, provenance);
    List<Inputs.Input> left = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Inputs.Input i : inputs) {
      Map<?, ?> known = before.of(i);
      if (known == null) {
        left.add(i);
      } else {
        images.add(known);
        names.add(i.name());
      }
    }
    table.restore(before.rows(), names);
    done = names.size();
    if (done > 0) {
      out.println("goes on from " + options.out + ": " + Words.counted(done, "image") + " done");
    }
    return left;
  }

  /** How many images are a group. */
  private int grouped() {
    long map = (long) Float.BYTES * preparation.shape().dim(1) * preparation.shape().dim(2);
    long image = map * methodNames.size() * (variants.size() + 1);
    return Math.clamp(MOST / image, 1, GROUP);
  }

  /** Checks the images from one to another (exclusive) of those that this run has to check. */
  private void group(List<Inputs.Input> all, int from, int to) {
    List<Inputs.Input> inputs = all.subList(from, to);
    // Before they are read: what changes after that is another image.
    Map<Inputs.Input, String> hashes = new HashMap<>();
    inputs.forEach(i -> hashes.put(i, WholeFile.sha256(i.file())));
    List<Loaded> group;
    try (var pipeline = new Pipeline(network, device, options.batch.rows(), options.output.name)) {
      group = reading.of(inputs, pipeline);
    }
    if (group.isEmpty()) {
      return;
    }
    List<Picture> pictures = group.stream().map(this::picture).toList();
    List<Found> found = new ArrayList<>();
    List<Compared> compared;
    try (var progress = new Console("checking")) {
      var listener =
          new SanityCheck.Listener() {
            @Override
            public void found(int variant, Found of) {
              found.add(of);
            }

            @Override
            public void rows(long done, long ofGroup) {
              long each = ofGroup / pictures.size();
              progress.at(each * from + done, each * all.size());
            }
          };
      compared = check.run(network, variants, pictures, listener);
    }
    for (int i = 0; i < group.size(); i++) {
      int image = i;
      Loaded l = group.get(i);
      images.add(
          Provenance.ordered(
              "file",
              l.input().file(),
              "sha256",
              hashes.get(l.input()),
              "name",
              l.input().name(),
              "target",
              l.target(),
              "label",
              labels.of(l.target()),
              "probability",
              l.prediction().probability(l.target()),
              "otherClass",
              pictures.get(i).other()));
      int[] targets = found.stream().skip(1).mapToInt(f -> f.targets()[image]).toArray();
      List<Compared> own = compared.stream().filter(c -> c.image() == image).toList();
      table.add(l.input().name(), l.target(), targets, own);
      new SanitySheet(methodNames, variants, measures, labels)
          .draw(l, found, i, own)
          .writePng(options.out.resolve(l.input().name() + ".sanity.png"));
    }
    done += group.size();
    Map<String, Object> written = table.write(options.out.resolve("sanity.csv"));
    written.put("images", SanityDone.sha256(images));
    provenance.put("table", written);
    Json.write(options.out.resolve("provenance.json"), provenance);
    table.curves(network.name()).writePng(options.out.resolve("curves.png"));
  }

  /** With a class that is another by chance, the same for all images of one class. */
  private Picture picture(Loaded l) {
    int classes = l.prediction().logits().length;
    if (classes < 2) {
      return new Picture(l.picture().pixels(), l.target(), -1);
    }
    int more = 1 + new Philox(options.seed, l.target()).below(classes - 1);
    return new Picture(l.picture().pixels(), l.target(), (l.target() + more) % classes);
  }

  private void failed(Inputs.Input input, String reason) {
    failures.add(Provenance.ordered("file", input.file(), "reason", reason));
    System.err.println("candela: " + reason);
  }

  @Override
  public void close() {
    device.close();
  }
}
