package candela.bench;

import candela.graph.ScoreKind;
import candela.method.Channels;
import candela.method.Lime;
import candela.method.MeaningfulPerturbation;
import candela.method.Method;
import candela.method.SlidingPatch;
import candela.method.SmoothGrad;
import candela.method.Subject;
import candela.study.Plan;
import candela.study.Run;
import candela.study.Setting;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * All maps of {@code sam-all} for one image on SqueezeNet 1.1: Candela's plan against PyTorch
 * through DJL, every setting for itself, in one run; prints one table.
 */
@Command(name = "bench/run sam", mixinStandardHelpOptions = true, showDefaultValues = true)
public final class SamBench implements Callable<Integer> {
  private static final double REQUIRED = 3;

  /** Relative L2 of maps; or so many times what PyTorch's two formats differ, if that is more. */
  private static final double BOUND = 1e-4;

  private static final double ROUNDING = 3;

  private static final int FEW = 16;
  private static final List<Integer> BATCHES = List.of(8, 16, 32, 64);

  @Option(
      names = "--part",
      description =
          "fraction of every setting's rows that PyTorch runs, and of all that Candela runs; times"
              + " are extrapolated by rows")
  private double part = 1;

  @Option(names = "--batch", description = "rows of Candela's batches; default: the best of a few")
  private Integer batch;

  @Option(names = "--threads", description = "threads of both")
  private int threads = 2;

  private final PrintStream out = System.out;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new SamBench()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    if (!(part > 0 && part <= 1)) {
      throw new IllegalArgumentException("--part: above 0, at most 1 expected, got " + part);
    }
    Path shared = Engines.home().resolve("../../shared");
    SamSubject about = SamSubject.open(shared, Engines.home().resolve("target/models"));
    out.printf(
        Locale.ROOT,
        "%s, %s, sam-all; load of the machine before the run: %s; %d threads%s.%n",
        about.file().getFileName(),
        about.photo(),
        Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0],
        threads,
        part < 1 ? "; EXTRAPOLATED from " + part + " of the rows" : "");
    try (CandelaSam candela = new CandelaSam(about, batch == null ? FEW : batch, threads);
        TorchModel contiguous = new TorchModel(about.file(), threads, false);
        TorchModel channelsLast = new TorchModel(about.file(), threads, true)) {
      SamSubject known = about.of(candela.best(about.subject()));
      List<TorchModel> models = List.of(contiguous, channelsLast);
      if (!agree(candela, models, known.subject())) {
        out.println("The two sides disagree; no table.");
        return 1;
      }
      if (batch == null) {
        candela.choose(known, BATCHES, out);
      }
      TorchChoice choice = new TorchChoice(known.subject(), out);
      measure(candela, choice.of(models), choice, known);
    }
    return 0;
  }

  /** The same rows on both sides, a few of each method. */
  private boolean agree(CandelaSam candela, List<TorchModel> models, Subject subject) {
    Draws draws = Draws.candela(candela.device());
    boolean same = true;
    out.println("Relative L2 differences of maps, and of PyTorch's own in its two formats:");
    for (var f : few().entrySet()) {
      List<float[]> peers = new ArrayList<>();
      for (TorchModel m : models) {
        var choice = new TorchSam.Choice(m, FEW, 0);
        try (TorchMethod of = new TorchSam(choice, choice, m).open(f.getValue(), subject, draws)) {
          peers.add(of.map(of.loop()));
        }
      }
      double own = Agreement.difference(peers.get(1), peers.get(0));
      double bound = Math.max(BOUND, ROUNDING * own);
      double d = Agreement.difference(candela.map(f.getValue(), subject), peers.get(0));
      out.printf(Locale.ROOT, "  %-28s %.1e, %.1e (bound %.1e)%n", f.getKey(), d, own, bound);
      same &= d <= bound;
    }
    return same;
  }

  private static Map<String, Method> few() {
    Map<String, Method> few = new LinkedHashMap<>();
    few.put(
        "gradient",
        new SmoothGrad(1, 0, 0, SmoothGrad.Type.SMOOTHGRAD, 0, ScoreKind.LOGIT, Channels.MEAN));
    few.put("sliding patch, stride 19", new SlidingPatch(53, 19, ScoreKind.PROBABILITY));
    few.put("LIME, the same 100 coins", Lime.sam().with(100));
    few.put("MP, 10 steps, same jitter", MeaningfulPerturbation.sam().with(10));
    return few;
  }

  private void measure(CandelaSam candela, TorchSam torch, TorchChoice choice, SamSubject about)
      throws InterruptedException {
    Plan plan = about.plan();
    SamTable table = new SamTable(REQUIRED);
    Timing sum = Timing.NONE;
    for (SamFamily family : SamFamily.values()) {
      table.noise(FixedLoop.seconds());
      List<Run> runs = plan.runs().stream().filter(r -> family.has(r.method())).toList();
      Timing own = candela.run(runs, about.subject(), part);
      Timing peer = Timing.NONE;
      for (Method m : settings(plan, family)) {
        peer = peer.plus(torch.time(m, about.subject(), part));
      }
      table.add(family, peer, own);
      sum = sum.plus(own);
      out.printf(
          Locale.ROOT,
          "%s: PyTorch %.1f s, Candela %.1f s%n",
          family.title(),
          peer.seconds(),
          own.seconds());
    }
    table.noise(FixedLoop.seconds());
    // a part of everything would be the first method alone
    Timing whole = part < 1 ? sum : candela.run(plan.runs(), about.subject(), 1);
    table.whole(whole);
    table.noise(FixedLoop.seconds());
    table.rows(plan.rows(m -> candela.rows(m, about.subject()), whole.asked()));
    table.speeds(
        torch,
        choice.seconds(torch.single(), 1, true),
        candela.secondsARow(about, false),
        candela.secondsARow(about, true));
    table.print(out, part);
  }

  /** Every setting of every sweep: those that sweeps have in common come as often. */
  private static List<Method> settings(Plan plan, SamFamily family) {
    return plan.sweeps().stream()
        .flatMap(s -> s.settings().stream())
        .map(Setting::method)
        .filter(family::has)
        .toList();
  }
}
