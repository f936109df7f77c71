package candela.cli;

import candela.tensor.CandelaException;
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

  private static void check(String option, double seconds) {
    if (!(seconds > 0)) {
      throw CandelaException.of(
          "%s: seconds above 0 expected, got %s; leave it out for the default", option, seconds);
    }
  }
}
