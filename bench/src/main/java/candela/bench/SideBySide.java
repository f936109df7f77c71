package candela.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Candela, ONNX Runtime and PyTorch in turns on the same networks, in one run; prints one table.
 */
@Command(name = "bench/run", mixinStandardHelpOptions = true, showDefaultValues = true)
public final class SideBySide implements Callable<Integer> {
  @Parameters(
      paramLabel = "NETWORK",
      description = "squeezenet1.1, resnet50, googlenet, vgg19; timm:NAME of Python's timm")
  private List<String> networks = Networks.NAMES;

  @Option(names = "--engines", split = ",", description = "default: all that can run here")
  private List<String> engines = List.of();

  @Option(names = "--batch", description = "images a call")
  private int batch = 16;

  @Option(names = "--threads", description = "threads of every engine")
  private int threads = 2;

  @Option(
      names = "--rounds",
      description = "turns of every engine; at least 7 for numbers to report")
  private int rounds = 9;

  @Option(names = "--check", description = "only compare what the engines compute")
  private boolean check;

  @Option(
      names = "--no-memory",
      description = "do not measure memory (each engine in a process of its own)")
  private boolean noMemory;

  private final PrintStream out = System.out;
  private final Table table = new Table();

  public static void main(String[] arguments) {
    var command = new CommandLine(new SideBySide());
    command.setExecutionExceptionHandler(
        (e, of, parsed) -> {
          if (!(e instanceof IOException)) {
            throw e;
          }
          System.err.println("bench/run: " + e.getMessage());
          return 2;
        });
    System.exit(command.execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    boolean ours = networks.stream().anyMatch(n -> !Timm.isTimm(n));
    if (ours && engines.isEmpty() && !Engines.pythonHasTorch()) {
      out.println("No Python with torch, onnx and numpy (CANDELA_BENCH_PYTHON): left out.");
    }
    out.printf(
        Locale.ROOT,
        "Load of the machine before the run: %s; batch %d, %d threads.%n",
        Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0],
        batch,
        threads);
    if (!check) {
      // also when it is stopped before: what was measured took minutes
      Runtime.getRuntime().addShutdownHook(new Thread(() -> table.print(out)));
    }
    for (String network : networks) {
      if (!measure(network)) {
        out.printf("%s: the engines disagree; it is not measured.%n", network);
        return 1;
      }
    }
    return 0;
  }

  private boolean measure(String network) throws IOException, InterruptedException {
    Path published = Engines.home().resolve("../../shared/models/squeezenet1.1.onnx");
    Path folder = Engines.home().resolve("target/models");
    Path file =
        Timm.isTimm(network)
            ? Timm.file(network, folder)
            : Networks.file(network, folder, published);
    List<String> names = engines.isEmpty() ? Engines.names(network) : engines;
    Setting setting = Setting.of(file, batch, threads);
    List<Engine> open = new ArrayList<>();
    try {
      for (String name : names) {
        open.add(Engines.open(name, setting));
      }
      out.printf("%n%s: relative L2 differences%n", file.getFileName());
      if (!Agreement.check(open, Timm.isTimm(network), out)) {
        return false;
      }
      if (!check) {
        List<Engine> differentiating = open.stream().filter(Engine::differentiates).toList();
        List<Runnable> forward = open.stream().map(e -> (Runnable) e::forward).toList();
        List<Runnable> gradient =
            differentiating.stream().map(e -> (Runnable) e::gradient).toList();
        table.add(network, "forward", batch, open, Rounds.run(forward, rounds));
        table.add(network, "gradient", batch, differentiating, Rounds.run(gradient, rounds));
      }
    } finally {
      open.forEach(Engine::close);
    }
    if (!noMemory && !check) {
      for (String name : names) {
        table.memory(network, MemoryUse.measure(name, setting));
      }
    }
    return true;
  }
}
