package candela.cli;

import candela.device.Device;
import candela.image.WholeFile;
import candela.probe.BatchSize;
import candela.probe.Pipeline;
import candela.study.Estimate;
import candela.study.Ledger;
import candela.study.Material;
import candela.study.Model;
import candela.study.Plan;
import candela.study.Study;
import candela.study.StudyRun;
import candela.study.Summary;
import candela.tensor.CandelaException;
import candela.tensor.Resource;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
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
      "Exit codes: 0 all done, 1 some units could not be done, 2 wrong usage or input."
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
    Study study = read();
    Path to = ledger == null ? Path.of("candela-out", study.name() + ".duckdb") : ledger;
    Path folder = WholeFile.folder(to);
    if (!dryRun) {
      WholeFile.makeFolder("--ledger", folder);
    }
    Material material = Material.of(study, folder.resolve("shipped"));
    Reading.sayWhatIsLeftOut(study.paths());
    Plan plan = Plan.of(study.sweeps());
    if (dryRun) {
      print(study, plan, material);
      return Main.OK;
    }
    int failed;
    try (Ledger open = Ledger.open(to, study, plan, material)) {
      failed = run(study, plan, material, open, to);
      Path report = ReportCommand.beside(to);
      Summary.print(open).forEach(out::println);
      ReportCommand.write(open, report);
      out.printf(
          Locale.ROOT, "%nledger: %s%nreport: %s%n%.0f s in all%n", to, report, seconds(start));
    }
    return failed == 0 ? Main.OK : Main.PARTIAL;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private Study read() {
    if (!file.toString().equals(QUICKSTART) || Files.exists(file)) {
      return Study.read(file);
    }
    String text = Resource.text(StudyCommand.class, "/candela/quickstart.yaml");
    return Study.parse(QUICKSTART, text, Path.of("").toAbsolutePath());
  }

  private int run(Study study, Plan plan, Material material, Ledger open, Path to) {
    Machine own = machine;
    int threads = own.threads == 0 ? Runtime.getRuntime().availableProcessors() : own.threads;
    int each = Math.max(1, threads / jobs);
    int rows;
    try (Device probe = own.open()) {
      material.models().forEach(m -> Estimate.check(study, plan, m, probe));
      rows = rows(material, probe);
      open.ran(Version.NUMBER, probe.describe(), threads, rows, jobs, study.text());
    }
    Path maps =
        study.maps()
            ? to.resolveSibling(
                to.getFileName().toString().replaceFirst("\\.duckdb$", "") + "-maps")
            : null;
    try (var progress = new StudyProgress(System.err)) {
      var run = new StudyRun(study, plan, material, open, rows, maps, progress);
      return run.run(jobs, () -> own.open(jobs == 1 ? own.threads : each));
    }
  }

  /** Of all batches: what was asked for, or the most that is chosen for one of the models. */
  private int rows(Material material, Device device) {
    int given = batch.rows();
    return given != Pipeline.CHOSEN
        ? given
        : material.models().stream()
            .mapToInt(m -> BatchSize.of(m.network(), device, m.output(), true))
            .max()
            .orElseThrow();
  }

  private void print(Study study, Plan plan, Material material) {
    int photos = material.photos().size();
    out.printf(
        Locale.ROOT,
        "%s: %d models x %d images = %d units; %d sweeps, %d settings, %d different maps from %d"
            + " runs%n%n",
        study.name(),
        material.models().size(),
        photos,
        material.models().size() * photos,
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
    int rows;
    try (Device device = machine.open()) {
      rows = rows(material, device);
      for (Model m : material.models()) {
        Estimate e = Estimate.of(study, plan, m, device, rows);
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
