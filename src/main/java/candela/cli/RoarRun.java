package candela.cli;

import candela.device.Device;
import candela.method.Preparation;
import candela.roar.Result;
import candela.roar.Results;
import candela.roar.Roar;
import candela.roar.RoarSettings;
import candela.roar.Training;
import candela.tensor.Shape;
import candela.train.Dataset;
import candela.train.Sources;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One run of {@code candela roar}: data, trainings, results to a folder. */
final class RoarRun implements AutoCloseable {
  /** Of the way from chance to always right, what is hardly better. */
  private static final double LITTLE = 0.1;

  private final RoarCommand options;
  private final RoarSettings settings;
  private final Dataset[] data;
  private final Device device;
  private final Roar roar;
  private final RoarFile file;
  private final Results results;
  private final PrintStream out = System.out;
  private final long start;

  RoarRun(RoarCommand options, RoarSettings settings, long start) {
    this.options = options;
    this.settings = settings;
    this.start = start;
    data = Sources.of(settings.recipe());
    device = options.machine.open();
    try {
      roar =
          new Roar(
              Version.NUMBER,
              settings,
              data,
              options.model,
              options.out,
              device,
              options.checkpoints.between);
      file = new RoarFile(options.out, roar.configuration());
      results = file.read();
      roar.check(results);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  int run() {
    out.printf(
        "%s: %,d pictures %s to learn from, %,d to test on, %d classes; %s%n",
        settings.recipe().name(),
        data[0].size(),
        data[0].image(),
        data[1].size(),
        data[0].classes().size(),
        Words.counted(roar.trainings().size(), "training"));
    int before = asked().all().size();
    int others = results.all().size() - before;
    if (before + others > 0) {
      out.printf("goes on from %s: %d done", options.out, before);
      out.println(others == 0 ? "" : ", " + others + " more that are not asked for now");
    }
    boolean done;
    Map<String, Object> about = about();
    file.write(results, about);
    try (var saving = Interruption.saving();
        var progress =
            new RoarProgress(
                settings,
                roar.trainings(),
                before,
                r -> {
                  file.write(results, about);
                  doubt(r);
                })) {
      done = roar.run(results, options.checkpoints.limit, progress);
      saving.done();
    }
    if (!done) {
      Checkpoints.sayStopped(out);
      return Main.PARTIAL;
    }
    finish(about);
    return Main.OK;
  }

  /** A model that guesses was made for other pictures, or has learnt nothing. */
  private void doubt(Result r) {
    int classes = data[0].classes().size();
    double chance = 1.0 / classes;
    double little = chance + LITTLE * (1 - chance);
    if (r.training().equals(Training.UNCHANGED) && r.accuracy() < little) {
      System.err.printf(
          "%s is hardly better than chance, 1 of %d: %s%n",
          roar.model(),
          classes,
          options.model == null
              ? "what its maps call important will say little; train for longer"
              : "does it take pixels of 0 to 1, and these classes in this order?");
    }
  }

  /** What was asked for, as far as it is there. */
  private Results asked() {
    return results.of(roar.trainings());
  }

  private Map<String, Object> about() {
    Shape image = data[0].image();
    Shape input = Shape.of(1, image.dim(0), image.dim(1), image.dim(2));
    Preparation preparation = Preparation.of(Dataset.PREPROCESS, input, settings.recipe().name());
    return Provenance.head(device, preparation, settings.methods(), settings.names());
  }

  private void finish(Map<String, Object> about) {
    String explained = asked().of(List.of(Training.UNCHANGED)).all().getFirst().model();
    about.put("model", Provenance.ordered("file", roar.model(), "sha256", explained));
    about.put("classes", data[0].classes());
    file.write(results, about);
    Results asked = asked();
    RoarFile.writeCsv(options.out.resolve("roar.csv"), asked, settings::name);
    RoarTable table = new RoarTable(settings, asked);
    table.curves().writePng(options.out.resolve("curves.png"));
    String label = data[1].classes().get(data[1].labels()[0]);
    RoarSheet.draw(settings, roar, asked, 0, label).writePng(options.out.resolve("examples.png"));
    table.print(out);
    out.printf(
        Locale.ROOT,
        "%n%s in %s: %.1f s%n",
        Words.counted(asked.all().size(), "result"),
        options.out,
        (System.nanoTime() - start) / 1e9);
  }

  @Override
  public void close() {
    device.close();
  }
}
