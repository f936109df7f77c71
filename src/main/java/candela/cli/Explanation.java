package candela.cli;

import candela.cli.Reading.Loaded;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Inputs;
import candela.image.Labels;
import candela.image.WholeFile;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.probe.Halves;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One run of {@code candela explain}: images in groups through one pipeline, results to a folder.
 */
final class Explanation implements AutoCloseable {
  /** Images whose rows share batches. */
  private static final int GROUP = 8;

  private final Explain options;
  private final Network network;
  private final Labels labels;
  private final Suited suited;
  private final List<Method> methods;
  private final List<String> methodNames = new ArrayList<>();
  private final Preparation preparation;
  private final Device device;
  private final Pipeline pipeline;
  private final Provenance provenance;
  private final Gallery gallery;
  private final Reading reading;
  private final PrintStream out = System.out;
  private int explained;
  private int failed;

  /** Maps with values that are no numbers. */
  private int without;

  Explanation(Explain options, Network network, Labels labels, List<Method> asked, long start) {
    this.options = options;
    this.network = network;
    this.labels = labels;
    preparation = Preparation.of(options.classifier.preprocess, network, options.images);
    WholeFile.makeFolder("--out", options.out);
    device = options.machine.open();
    try {
      suited = Suited.of(asked, List.of(network), preparation, device, options.output.name);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
    methods = suited.methods();
    Map<String, Integer> seen = new HashMap<>();
    methods.forEach(m -> methodNames.add(Inputs.unique(Methods.name(m), seen)));
    pipeline = options.output.pipeline(network, device, options.batch);
    provenance =
        new Provenance(options, network, pipeline, preparation, suited, methodNames, start);
    gallery =
        new Gallery(
            options.out,
            network.name(),
            "preprocessing: " + preparation.name() + " · device: " + device.name(),
            methodNames,
            methods.stream().map(m -> Methods.text(m.on(preparation.shape()))).toList(),
            options.clip,
            options.scale == Explain.Colours.SHARED);
    reading =
        new Reading(
            network, preparation, labels, options.classifier.labels, options.target, this::failed);
  }

  int run(List<Inputs.Input> inputs) {
    if (methods.isEmpty()) {
      return Main.WRONG;
    }
    options.classifier.sayWhatWasAssumed(network, preparation, options.output);
    for (int from = 0; from < inputs.size(); from += GROUP) {
      int to = Math.min(from + GROUP, inputs.size());
      List<Loaded> group = reading.of(inputs.subList(from, to), pipeline);
      if (!group.isEmpty()) {
        group.forEach(this::print);
        String which = inputs.size() <= GROUP ? "" : " " + (from + 1) + "-" + to + " of ";
        explain(group, "explaining" + (which.isEmpty() ? "" : which + inputs.size()));
        explained += group.size();
        provenance.writeNowAndThen();
      }
    }
    gallery.finish();
    provenance.write();
    if (explained > 0) {
      out.printf(
          Locale.ROOT,
          "%n%s of %s in %s: %.1f s%n",
          Words.counted(explained * methods.size(), "map"),
          Words.counted(explained, "image"),
          options.out,
          provenance.seconds());
    }
    if (failed > 0 && inputs.size() > 1) {
      System.err.printf(
          "candela: %s of %d not explained%n", Words.counted(failed, "image"), inputs.size());
    }
    if (explained == 0) {
      return Main.WRONG;
    }
    boolean all = failed == 0 && without == 0 && suited.leftOut().isEmpty();
    return all ? Main.OK : Main.PARTIAL;
  }

  private void failed(Inputs.Input input, String reason) {
    failed++;
    provenance.failed(input, reason);
    System.err.println("candela: " + reason);
  }

  private void print(Loaded image) {
    out.printf("%n%s%n", image.input().file());
    Table table = new Table("rrlrr", "", "class", "name", "probability", "logit");
    List<Integer> top = new ArrayList<>(image.prediction().top(options.top));
    if (!top.contains(image.target())) {
      top.add(image.target());
    }
    for (int c : top) {
      table.add(
          c == image.target() ? "explained" : "",
          c,
          labels.of(c),
          String.format(Locale.ROOT, "%.2f %%", 100 * image.prediction().probability(c)),
          String.format(Locale.ROOT, "%.3f", image.prediction().logits()[c]));
    }
    table.print(out);
  }

  private void explain(List<Loaded> group, String what) {
    add(group, Halves.of(group, part -> found(part, what)));
    gallery.endGroup();
  }

  /** The maps of all methods, by image. */
  private List<List<Attribution>> found(List<Loaded> group, String what) {
    try (var workspace = new Workspace(device);
        var progress = new Console(what)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      for (Loaded image : group) {
        Subject subject = preparation.subject(image.picture().pixels(), image.target());
        methods.forEach(m -> probes.add(m.probe(subject, workspace)));
      }
      long start = System.nanoTime();
      long[] rows = new long[1];
      pipeline.run(
          probes,
          (done, all) -> {
            rows[0] = done;
            return progress.at(done, all);
          });
      List<List<Attribution>> found = new ArrayList<>();
      int n = methods.size();
      for (int i = 0; i < group.size(); i++) {
        found.add(probes.subList(i * n, (i + 1) * n).stream().map(Probe::result).toList());
      }
      provenance.ran(rows[0], System.nanoTime() - start);
      return found;
    }
  }

  private void add(List<Loaded> group, List<List<Attribution>> found) {
    for (int at = 0; at < group.size(); at++) {
      Loaded image = group.get(at);
      List<Attribution> maps = found.get(at);
      for (int i = 0; i < maps.size(); i++) {
        sayWhatIsStrange(image, i, maps.get(i));
      }
      String caption = Words.likely(image.target(), labels, image.prediction());
      var notes = gallery.add(image.input().name(), caption, image.picture().view(), maps);
      provenance.explained(image, labels, notes);
    }
  }

  private void sayWhatIsStrange(Loaded image, int i, Attribution found) {
    String remark = methods.get(i).remark(found);
    if (remark != null) {
      System.err.printf("candela: %s: %s: %s%n", image.input().name(), methodNames.get(i), remark);
    }
    float[] map = found.map();
    int strange = 0;
    for (float v : map) {
      strange += Float.isFinite(v) ? 0 : 1;
    }
    if (strange > 0) {
      without++;
      System.err.printf(
          "candela: %s: %s: %d of %d values are NaN or infinite, and grey in pictures; try other"
              + " parameters, or another method%n",
          image.input().name(), methodNames.get(i), strange, map.length);
    }
  }

  @Override
  public void close() {
    pipeline.close();
    device.close();
  }
}
