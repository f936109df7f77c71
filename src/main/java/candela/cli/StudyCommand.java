package candela.cli;

import candela.device.Device;
import candela.image.WholeFile;
import candela.metric.Similarity;
import candela.probe.BatchSize;
import candela.probe.Pipeline;
import candela.study.Estimate;
import candela.study.Gaps;
import candela.study.Ledger;
import candela.study.Material;
import candela.study.Model;
import candela.study.Plan;
import candela.study.Plans;
import candela.study.Study;
import candela.study.StudyRun;
import candela.study.Summary;
import candela.tensor.CandelaException;
import candela.tensor.Resource;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code candela study}: how much maps depend on their hyper-parameters. */
@Command(
    name = "study",
    description =
        "Sweep hyper-parameters of methods over models and images; a study that was stopped goes"
            + " on.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Results go to LEDGER, a DuckDB file, as each unit (a model and an image) ends, and to a"
          + " report.",
      "",
      "Examples:",
      "  candela study quickstart",
      "  candela study study.yaml --dry-run",
      "  candela study study.yaml --ledger results.duckdb",
      "",
      "A method that has no meaning for a model is left out of its units, a metric has no number;"
          + " the",
      "reason is printed and the rest done. Parameters that are wrong, or do not fit the images,"
          + " stop all.",
      "",
      "Exit codes, of --dry-run too: 0 all done, 1 some units could not be done or some methods"
          + " or",
      "metrics were left out, 2 wrong usage or input, or nothing was left to be done."
    })
final class StudyCommand implements Callable<Integer> {
  /** A study that comes with Candela. */
  private static final String QUICKSTART = "quickstart";

  @Parameters(paramLabel = "FILE", description = "YAML file, or quickstart.")
  Path file;

  @Option(
      names = {"-l", "--ledger"},
      paramLabel = "FILE",
      description = "Where results go. Default: candela-out/NAME.duckdb.")
  Path ledger;

  @Option(names = "--dry-run", description = "Print the plan and what it costs; run nothing.")
  boolean dryRun;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description =
          "Units at a time, sharing the threads. Does not change results. Default:"
              + " ${DEFAULT-VALUE}.")
  int jobs = 1;

  @Mixin Batch batch;

  @Mixin Machine machine;

  private final PrintStream out = System.out;

  @Override
  public Integer call() {
    if (jobs < 1) {
      throw CandelaException.of("--jobs: 1 or more expected, got %d", jobs);
    }
    batch.rows();
    long start = System.nanoTime();
    Study asked = read();
    Path to = ledger == null ? Path.of("candela-out", asked.name() + ".duckdb") : ledger;
    Path folder = WholeFile.folder(to);
    if (!dryRun) {
      WholeFile.makeFolder("--ledger", folder);
    }
    Material material = Material.of(asked, folder.resolve("shipped"));
    Study study =
        asked.fitting(material.models().stream().map(m -> m.preparation().shape()).toList());
    for (Study.Measure<Similarity> m : asked.similarities()) {
      if (!study.similarities().contains(m)) {
        Suited.tell(m.name() + ": a similarity of larger maps");
      }
    }
    Reading.sayWhatIsLeftOut(study.paths(), folder);
    Plan plan = Plan.of(study.sweeps());
    if (!dryRun || ledger != null) {
      Ledger.check(to, study, plan, material);
    }
    return dryRun ? print(study, plan, material) : run(study, plan, material, to, start);
  }

  private Study read() {
    if (!file.toString().equals(QUICKSTART) || Files.exists(file)) {
      return Study.read(file);
    }
    String text = Resource.text(StudyCommand.class, "/candela/quickstart.yaml");
    return Study.parse(QUICKSTART, text, Path.of("").toAbsolutePath());
  }

  /** A ledger is begun after all checks: it would refuse the study once that is corrected. */
  private int run(Study study, Plan plan, Material material, Path to, long start) {
    int threads = threads();
    int rows;
    String where;
    Plans plans;
    try (Device probe = machine.open()) {
      plans = plans(study, plan, material, probe);
      if (plans.models().isEmpty()) {
        return Main.WRONG;
      }
      rows = rows(plans.models(), probe);
      where = probe.describe() + ", " + probe.precision();
    }
    try (Ledger open = Ledger.open(to, study, plan, material)) {
      open.leaveOut(plans);
      open.others(Version.NUMBER, where).forEach(other -> tell(to, other, where));
      open.ran(Version.NUMBER, where, threads, rows, jobs, study.text());
      int failed = units(study, plans, material, open, rows, to);
      Path report = ReportCommand.beside(to);
      Summary.print(open).forEach(out::println);
      ReportCommand.write(open, report);
      double seconds = (System.nanoTime() - start) / 1e9;
      out.printf(Locale.ROOT, "%nledger: %s%nreport: %s%n%.0f s in all%n", to, report, seconds);
      if (failed == plans.models().size() * material.photos().size()) {
        return Main.WRONG;
      }
      return failed == 0 ? whole(plans) : Main.PARTIAL;
    }
  }

  /** What fits each model, once it is checked; tells what is left out. */
  private static Plans plans(Study study, Plan plan, Material material, Device device) {
    Plans plans = Plans.of(study, plan, material.models(), device);
    for (Model m : plans.models()) {
      Plans.check(study, plans.of(m), m, device);
    }
    tell(Gaps.of(plan, plans));
    for (Model m : plans.models()) {
      plans
          .unmeasured()
          .get(m)
          .forEach((of, why) -> Suited.tell(m.name() + ": " + of.name() + ": " + why));
    }
    return plans;
  }

  private static void tell(Gaps gaps) {
    gaps.gaps().forEach(g -> Suited.tell(g.text()));
    gaps.uncompared().forEach(line -> System.err.println("candela: " + Main.oneLine(line)));
  }

  private static void tell(Path ledger, String other, String where) {
    System.err.printf(
        Locale.ROOT,
        "candela: %s: units of an earlier run are by %s; what this one adds is by Candela %s on"
            + " %s, whose numbers may differ: for all by one, choose another file with --ledger%n",
        ledger,
        other,
        Version.NUMBER,
        where);
  }

  private int threads() {
    return machine.threads == 0 ? Runtime.getRuntime().availableProcessors() : machine.threads;
  }

  /** Tells how many failed. */
  private int units(Study study, Plans plans, Material material, Ledger open, int rows, Path to) {
    int each = Math.max(1, threads() / jobs);
    Path maps =
        study.maps()
            ? to.resolveSibling(
                to.getFileName().toString().replaceFirst("\\.duckdb$", "") + "-maps")
            : null;
    try (var progress = new StudyProgress(System.err)) {
      var run = new StudyRun(study, plans, material, open, rows, maps, progress);
      return run.run(jobs, () -> machine.open(jobs == 1 ? machine.threads : each));
    }
  }

  private static int whole(Plans plans) {
    return plans.isWhole() ? Main.OK : Main.PARTIAL;
  }

  /** Of all batches: what was asked for, or the most that is chosen for one of the models. */
  private int rows(List<Model> models, Device device) {
    int given = batch.rows();
    return given != Pipeline.CHOSEN
        ? given
        : models.stream()
            .mapToInt(m -> BatchSize.of(m.network(), device, m.output(), true))
            .max()
            .orElseThrow();
  }

  /** Tells the exit code. */
  private int print(Study study, Plan plan, Material material) {
    try (Device device = machine.open()) {
      Plans plans = plans(study, plan, material, device);
      if (plans.models().isEmpty()) {
        return Main.WRONG;
      }
      print(study, plan, plans, material.photos().size(), device);
      return whole(plans);
    }
  }

  private void print(Study study, Plan plan, Plans plans, int photos, Device device) {
    List<Model> models = plans.models();
    out.printf(
        Locale.ROOT,
        "%s: %d models x %d images = %d units; %d sweeps, %d settings, %d different maps from %d"
            + " runs%n%n",
        study.name(),
        models.size(),
        photos,
        models.size() * photos,
        plan.sweeps().size(),
        plan.sweeps().stream().mapToInt(s -> s.settings().size()).sum(),
        plan.methods().size(),
        plan.runs().size());
    double seconds = 0;
    long bytes = 0;
    boolean open = false;
    Table table =
        new Table(
            "lrrrrrr",
            "an image under",
            "comparisons",
            "settings",
            "shared",
            "metrics",
            "time",
            "memory");
    int rows = rows(models, device);
    for (Model m : models) {
      Estimate e = Estimate.of(plans.of(study, m), plans.of(m), m, device, rows);
      table.add(
          m.name(),
          String.format(Locale.ROOT, "%,d", e.maps().comparisons()),
          String.format(Locale.ROOT, "%,d", e.maps().settings()),
          String.format(Locale.ROOT, "%,d", e.maps().planned()),
          String.format(Locale.ROOT, "%,d", e.metrics()),
          String.format(Locale.ROOT, "%.1f s", e.seconds()),
          String.format(Locale.ROOT, "%d MiB", e.bytes() >> 20));
      seconds += e.seconds() * photos;
      bytes = Math.max(bytes, e.bytes());
      open |= e.open();
    }
    table.print(out);
    out.printf(
        Locale.ROOT,
        "%nrows: comparisons, where each is a run of two maps; settings, where each is run for"
            + " itself; shared, what is run%s%n%s %s in all at batch %d, %d MiB for the"
            + " networks%n",
        open ? ", and more: some methods ask by what they see first" : "",
        open ? "at least" : "about",
        StudyProgress.time(seconds),
        rows,
        bytes >> 20);
  }
}
