package candela.study;

import candela.device.Device;
import candela.image.Filter;
import candela.image.Image;
import candela.image.Npy;
import candela.image.Preprocess;
import candela.image.Resize;
import candela.image.Scale;
import candela.method.Attribution;
import candela.method.Method;
import candela.method.Preparation;
import candela.method.Subject;
import candela.metric.Explained;
import candela.metric.Explainer;
import candela.metric.Metric;
import candela.metric.Score;
import candela.metric.Truth;
import candela.probe.Asked;
import candela.probe.Mapped;
import candela.probe.Pipeline;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Progress;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Does units: all maps, similarities and scores of one image under one model.
 *
 * <p>Owns its pipeline, kept while the model stays; not the device. For one thread.
 */
final class Worker implements AutoCloseable {
  /** Side of the maps that the report shows, at most; and of its photos. */
  private static final int SEEN = 64;

  private static final int VIEW = 160;

  /** Percentile of |value| where colours end. */
  private static final double CLIP = 99;

  private final Study study;
  private final Plans plans;
  private final Device device;
  private final int batch;
  private final Path maps;
  private Model open;
  private Plan plan;
  private Map<Study.Measure<Metric>, String> unmeasured;
  private Pipeline pipeline;

  /** Rows of an image's metrics, for progress. */
  private long metrics;

  /**
   * @param maps where maps go as .npy; null for nowhere
   */
  Worker(Study study, Plans plans, Device device, int batch, Path maps) {
    this.study = study;
    this.plans = plans;
    this.device = device;
    this.batch = batch;
    this.maps = maps;
  }

  Findings run(Model model, Photo photo, Progress progress) {
    long start = System.nanoTime();
    use(model);
    Preparation preparation = model.preparation();
    Preparation.Picture picture =
        photo.shown()
            ? preparation.read(photo.file())
            : new Preparation.Picture(preparation.pixels(photo.file()), null);
    Asked asked = new Asked(pipeline);
    Prediction said = asked.prediction(picture.pixels());
    check(said, model, photo);
    int target = target(photo, said, model);
    Shape shape = preparation.shape();
    Subject subject = preparation.subject(picture.pixels(), target);
    List<Attribution> found = new ArrayList<>();
    long rows = explain(subject, asked, found, (done, all) -> progress.at(done, all + metrics));
    write(model, photo, found);
    String noTruth = noTruth(photo, target);
    boolean[] truth = noTruth == null ? truth(photo, model, shape) : null;
    List<Findings.Scored> scored = new ArrayList<>();
    long maps = rows;
    Progress on = (done, all) -> progress.at(maps + done, maps + all);
    rows += judge(subject, asked, truth, noTruth, found, scored, on) + asked.rows();
    return new Findings(
        model.name(),
        photo.name(),
        target,
        model.labels().of(target),
        said.best(),
        model.labels().of(said.best()),
        said.probability(target),
        photo.shown() ? Resize.within(picture.view(), VIEW).png() : new byte[0],
        Comparison.of(study, plan, found, shape.dim(1), shape.dim(2)),
        scored,
        photo.shown() ? seen(found) : List.of(),
        rows,
        (System.nanoTime() - start) / 1e9);
  }

  /** Why metrics of the object have no number; null where they have: boxes are of one class. */
  private static String noTruth(Photo photo, int target) {
    if (photo.boxes().isEmpty()) {
      return "the table of boxes has none of this image";
    }
    return photo.label() == target
        ? null
        : "the boxes are of class " + photo.label() + ", the map is of class " + target;
  }

  /** The pixels of the class; of an input that is given as it is, boxes are in its own. */
  private static boolean[] truth(Photo photo, Model model, Shape shape) {
    int h = shape.dim(1);
    int w = shape.dim(2);
    if (Preparation.isInput(photo.file())) {
      return Truth.of(photo.boxes(), w, h, Preprocess.of("raw"), h, w);
    }
    Image image = Image.read(photo.file());
    Preprocess preprocess = model.preparation().preprocess();
    return Truth.of(photo.boxes(), image.width(), image.height(), preprocess, h, w);
  }

  private void use(Model model) {
    if (open != model) {
      close();
      plan = plans.of(model);
      unmeasured = plans.unmeasured().get(model);
      metrics = Estimate.metrics(plans.of(study, model), plan, model, device);
      pipeline = new Pipeline(model.network(), device, batch, model.output());
      open = model;
    }
  }

  private static void check(Prediction said, Model model, Photo photo) {
    if (!said.isFinite()) {
      throw CandelaException.of(
          "%s: finite class scores expected, %s gives NaN or infinity; check its weights and the"
              + " preprocessing",
          photo.file(), model.name());
    }
  }

  private int target(Photo photo, Prediction said, Model model) {
    int target =
        switch (study.target()) {
          case "top" -> said.best();
          case "label" -> photo.label();
          default -> Integer.parseInt(study.target());
        };
    int classes = said.logits().length;
    if (target >= classes) {
      throw CandelaException.of(
          "%s: target: 0 to %d expected, the classes of %s; got %d",
          photo.file(), classes - 1, model.name(), target);
    }
    return target;
  }

  /** One map a method of the plan, in its order, or null; tells how many rows it took. */
  private long explain(Subject subject, Asked asked, List<Attribution> found, Progress progress) {
    try (var workspace = new Workspace(device, asked).ofMaps()) {
      List<Probe<Attribution>> probes =
          plan.runs().stream().map(r -> r.probe(subject, workspace)).toList();
      long rows = run(probes, progress);
      for (int i = 0; i < plan.methods().size(); i++) {
        int at = plan.given().get(i);
        Method method = plan.methods().get(i);
        found.add(plan.has(i) ? plan.runs().get(at).result(probes.get(at), method) : null);
      }
      return rows;
    }
  }

  /** Tells how many rows it took. */
  private long run(List<? extends Probe<?>> probes, Progress progress) {
    long[] rows = new long[1];
    boolean all =
        pipeline.run(
            probes,
            (done, of) -> {
              rows[0] = done;
              return progress.at(done, of);
            });
    if (!all) {
      throw new Stopped();
    }
    return rows[0];
  }

  /** Where the maps of a unit go. */
  static Path folder(Path maps, Model model, Photo photo) {
    return maps.resolve(model.name()).resolve(photo.name());
  }

  private void write(Model model, Photo photo, List<Attribution> found) {
    if (maps == null) {
      return;
    }
    Path folder = folder(maps, model, photo);
    for (int i = 0; i < found.size(); i++) {
      Attribution a = found.get(i);
      Path file = folder.resolve(i + ".npy");
      if (a != null) {
        new Npy(new int[] {a.height(), a.width()}, a.map()).write(file);
      } else {
        file.toFile().delete(); // of an earlier study
      }
    }
    // of an earlier study with more methods
    for (int i = found.size(); folder.resolve(i + ".npy").toFile().delete(); i++) {}
  }

  /**
   * Scores of all maps by all metrics, whose rows share batches; tells how many rows it took.
   *
   * @param noTruth why truth is null
   */
  private long judge(
      Subject subject,
      Asked asked,
      boolean[] truth,
      String noTruth,
      List<Attribution> found,
      List<Findings.Scored> scored,
      Progress progress) {
    record Judged(int method, String metric, Probe<Score> probe) {}
    try (var workspace = new Workspace(device, asked)) {
      List<Judged> all = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        Attribution a = found.get(i);
        if (a == null) {
          continue;
        }
        Explained explained =
            new Explained(
                    subject.shape(),
                    subject.pixels(),
                    subject.target(),
                    a.map(),
                    a.height(),
                    a.width(),
                    truth,
                    explainer(plan.methods().get(i), subject))
                .adding(a.contributions());
        for (Study.Measure<Metric> m : study.metrics()) {
          String reason = truth == null && m.of().needsTruth() ? noTruth : unmeasured.get(m);
          if (reason != null) {
            scored.add(new Findings.Scored(i, m.name(), "", Double.NaN, reason));
          } else {
            all.add(new Judged(i, m.name(), m.of().probe(explained, workspace)));
          }
        }
      }
      long rows = run(all.stream().map(Judged::probe).toList(), progress);
      for (Judged j : all) {
        Score score = j.probe().result();
        scored.add(new Findings.Scored(j.method(), j.metric(), "", score.value(), score.reason()));
        score
            .parts()
            .forEach((p, v) -> scored.add(new Findings.Scored(j.method(), j.metric(), p, v, "")));
      }
      return rows;
    }
  }

  /** A method, asked for maps of images like this one. */
  static Explainer explainer(Method method, Subject subject) {
    return (pixels, own) ->
        new Mapped<>(method.probe(subject.with(pixels), own.ofMaps()), Attribution::map);
  }

  private static List<Findings.Seen> seen(List<Attribution> found) {
    List<Findings.Seen> seen = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      Attribution a = found.get(i);
      if (a == null) {
        continue;
      }
      int h = Math.min(SEEN, a.height());
      int w = Math.min(SEEN, a.width());
      float[] map = a.map();
      if (h < a.height() || w < a.width()) {
        map = Resize.of(map, a.height(), a.width(), h, w, Filter.BILINEAR);
      }
      Scale scale = Scale.of(map, a.channels().signed(), CLIP);
      byte[] levels = new byte[map.length];
      for (int j = 0; j < levels.length; j++) {
        double part = scale.part(map[j]);
        levels[j] = (byte) (Double.isNaN(part) ? 0 : Math.round(127 * part));
      }
      seen.add(new Findings.Seen(i, h, w, a.channels().signed(), scale.limit(), levels));
    }
    return seen;
  }

  @Override
  public void close() {
    if (pipeline != null) {
      pipeline.close();
      pipeline = null;
      open = null;
    }
  }

  /** The run was told to stop. */
  static final class Stopped extends RuntimeException {}
}
