package candela.cli;

import candela.tensor.CandelaException;
import java.io.PrintStream;
import picocli.CommandLine.Option;

/** When training that goes on where it was stopped is stopped and saved. */
final class Checkpoints {
  @Option(
      names = "--limit",
      paramLabel = "SECONDS",
      description = "Stop after so long; the same command goes on. Default: none.")
  double limit = Double.POSITIVE_INFINITY;

  @Option(
      names = "--checkpoint",
      paramLabel = "SECONDS",
      description = "From one checkpoint to the next. Default: ${DEFAULT-VALUE}.")
  double between = 60;

  void check() {
    check("--limit", limit);
    check("--checkpoint", between);
  }

  /** Unless it was interrupted, which is said of every command. */
  static void sayStopped(PrintStream out) {
    if (!Interruption.asked()) {
      out.println("stopped by --limit; the same command goes on");
    }
  }

  private static void check(String option, double seconds) {
    if (!(seconds > 0)) {
      throw CandelaException.of(
          "%s: seconds above 0 expected, got %s; leave it out for the default", option, seconds);
    }
  }
}
