package candela.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The results of all networks as Markdown, with what Candela is required to reach. */
final class Table {
  private final List<String> times = new ArrayList<>();
  private final List<String> ratios = new ArrayList<>();
  private final List<String> memory = new ArrayList<>();

  synchronized void add(
      String network, String work, int batch, List<Engine> engines, Rounds rounds) {
    double perImage = 1e3 / batch;
    int candela = find(engines, CandelaEngine.class);
    for (int e = 0; e < engines.size(); e++) {
      times.add(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.1f | %.1f – %.1f | %s |",
              network,
              work,
              engines.get(e).name(),
              rounds.median(e) * perImage,
              rounds.min(e) * perImage,
              rounds.max(e) * perImage,
              candela < 0 ? "" : String.format(Locale.ROOT, "%.2f", rounds.speedup(candela, e))));
    }
    if (candela >= 0) {
      require(network, work, engines, rounds, candela);
    }
  }

  /**
   * @param row engine, opening, forward, gradient and the engine's own account, in bars
   */
  synchronized void memory(String network, String row) {
    memory.add("| " + network + " " + row);
  }

  /** Nothing where nothing was measured. */
  synchronized void print(PrintStream out) {
    if (times.isEmpty()) {
      return;
    }
    out.println("\nTime of an image in milliseconds: median over rounds, fastest – slowest round.");
    out.println("Last column: how many times as fast Candela is (median of the rounds' ratios).\n");
    out.println("| network | work | engine | ms | range | Candela's speed-up |");
    out.println("|---|---|---|--:|--:|--:|");
    times.forEach(out::println);
    if (!ratios.isEmpty()) {
      out.println("\n| network | work | against | speed-up | required | | machine's noise |");
      out.println("|---|---|---|--:|--:|---|--:|");
      ratios.forEach(out::println);
    }
    if (!memory.isEmpty()) {
      out.println(
          "\nMemory in MiB: what opening takes, and the further rise in each kind of work.\n");
      out.println("| network | engine | opening | forward | gradient | its own account |");
      out.println("|---|---|--:|--:|--:|---|");
      memory.forEach(out::println);
    }
  }

  /** Forward against ONNX Runtime; the gradient against whichever PyTorch is fastest. */
  private void require(
      String network, String work, List<Engine> engines, Rounds rounds, int candela) {
    boolean forward = work.equals("forward");
    int against = -1;
    for (int e = 0; e < engines.size(); e++) {
      boolean rival = forward ? engines.get(e) instanceof OnnxRuntimeEngine : e != candela;
      if (rival && (against < 0 || rounds.median(e) < rounds.median(against))) {
        against = e;
      }
    }
    if (against < 0) {
      return;
    }
    double required = forward ? 1.0 : network.equals("resnet50") ? 1.3 : 1.2;
    boolean asked = Networks.NAMES.contains(network);
    double reached = rounds.speedup(candela, against);
    ratios.add(
        String.format(
            Locale.ROOT,
            "| %s | %s | %s | %.2f | %s | %s | %.2f |",
            network,
            work,
            engines.get(against).name(),
            reached,
            asked ? Double.toString(required) : "",
            !asked ? "" : reached >= required ? "reached" : "missed",
            rounds.noise()));
  }

  private static int find(List<Engine> engines, Class<? extends Engine> kind) {
    for (int e = 0; e < engines.size(); e++) {
      if (kind.isInstance(engines.get(e))) {
        return e;
      }
    }
    return -1;
  }
}
