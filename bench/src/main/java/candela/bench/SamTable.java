package candela.bench;

import candela.study.Plan;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The results of {@link SamBench} as Markdown, and where they come from. */
final class SamTable {
  private record Pair(Timing peer, Timing own) {
    double ratio() {
      return peer.seconds() / own.seconds();
    }
  }

  /** Noise above which times say little. */
  private static final double QUIET = 1.5;

  private final double required;
  private final Map<SamFamily, Pair> families = new EnumMap<>(SamFamily.class);
  private final List<Double> noise = new ArrayList<>();
  private Timing whole;
  private Plan.Rows rows;
  private TorchSam torch;
  private double single;
  private double forward;
  private double backward;

  SamTable(double required) {
    this.required = required;
  }

  void noise(double seconds) {
    noise.add(seconds);
  }

  void add(SamFamily family, Timing peer, Timing own) {
    families.put(family, new Pair(peer, own));
  }

  /** Candela's run of all methods together: what counts. */
  void whole(Timing timing) {
    whole = timing;
  }

  void rows(Plan.Rows of) {
    rows = of;
  }

  /**
   * @param single PyTorch's seconds for forward and backward of one row alone
   * @param forward Candela's seconds a row
   * @param backward Candela's for forward and backward
   */
  void speeds(TorchSam of, double single, double forward, double backward) {
    torch = of;
    this.single = single;
    this.forward = forward;
    this.backward = backward;
  }

  void print(PrintStream out, double part) {
    if (part < 1) {
      out.printf(
          Locale.ROOT, "%nSeconds are EXTRAPOLATED from %s of the rows; not for a report.%n", part);
    }
    out.println();
    out.println(
        "| method | rows asked | rows run | PyTorch s | Candela s | ratio | rows | speed |");
    out.println("|---|--:|--:|--:|--:|--:|--:|--:|");
    Timing peers = Timing.NONE;
    for (var f : families.entrySet()) {
      line(out, f.getKey().title(), f.getValue());
      peers = peers.plus(f.getValue().peer());
    }
    Pair all = new Pair(peers, whole);
    line(out, "all, in one go", all);
    out.printf(
        Locale.ROOT,
        "%n%.2f times as fast; required %.1f: %s. Noise of the machine %.2f.%n",
        all.ratio(),
        required,
        all.ratio() >= required ? "reached" : "missed",
        Collections.max(noise) / Collections.min(noise));
    if (Collections.max(noise) > QUIET * Collections.min(noise)) {
      out.println("The machine was busy with something else: NO RESULT, run it again.");
    }
    out.println(
        "Ratio = rows (sharing) x speed (time of a row: kernels, executor, batching, windows).");
    speeds(out);
    windows(out);
    descent(out);
    out.printf(
        Locale.ROOT,
        "Each setting of each sweep once is %,d rows; each comparison with its two maps, as scripts"
            + " a comparison run them, %,d: PyTorch would take about %.0f s, %.1f times as long.%n",
        rows.settings(),
        rows.comparisons(),
        peers.seconds() * rows.comparisons() / rows.settings(),
        all.ratio() * rows.comparisons() / rows.settings());
  }

  private static void line(PrintStream out, String name, Pair p) {
    double shared = (double) p.peer().asked() / p.own().asked();
    out.printf(
        Locale.ROOT,
        "| %s | %,d | %,d | %.1f | %.1f | %.2f | %.2f | %.2f |%n",
        name,
        p.peer().asked(),
        p.own().asked(),
        p.peer().seconds(),
        p.own().seconds(),
        p.ratio(),
        shared,
        p.ratio() / shared);
  }

  private void speeds(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "The network alone, ms a row: forward PyTorch %.2f (%s, batch %d), Candela %.2f: %.2f times"
            + " as fast; with backward %.2f (%s, batch %d), %.2f: %.2f times.%n",
        torch.forward().seconds() * 1e3,
        torch.forward().model().name(),
        torch.forward().batch(),
        forward * 1e3,
        torch.forward().seconds() / forward,
        torch.backward().seconds() * 1e3,
        torch.backward().model().name(),
        torch.backward().batch(),
        backward * 1e3,
        torch.backward().seconds() / backward);
  }

  /** What computing only what a window may change gives, which a loop of whole images does not. */
  private void windows(PrintStream out) {
    Pair sliding = families.get(SamFamily.SP);
    double row = sliding.own().seconds() / sliding.own().asked();
    out.printf(
        Locale.ROOT,
        "Sliding patch, ms a row: Candela %.2f, where its network alone, whole, is %.2f.%n",
        row * 1e3,
        forward * 1e3);
  }

  /** What packing many descents into batches gives, which loops around one image do not. */
  private void descent(PrintStream out) {
    Pair mp = families.get(SamFamily.MP);
    double step = mp.peer().seconds() / mp.peer().asked();
    out.printf(
        Locale.ROOT,
        "MP, ms a step: PyTorch %.1f, of which its network alone, one row at a time, %.1f; in full"
            + " batches that would be %.1f, and its MP %.1f s instead of %.1f s. Candela %.1f.%n",
        step * 1e3,
        single * 1e3,
        torch.backward().seconds() * 1e3,
        (step - single + torch.backward().seconds()) * mp.peer().asked(),
        mp.peer().seconds(),
        mp.own().seconds() / mp.own().asked() * 1e3);
  }
}
