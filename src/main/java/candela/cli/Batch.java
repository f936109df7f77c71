package candela.cli;

import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import picocli.CommandLine.Option;

/** How many rows a network is asked at a time. */
final class Batch {
  @Option(
      names = "--batch",
      paramLabel = "N",
      description =
          "Rows of a batch. On the CPU it does not change results. Default: 16; on a card what is"
              + " measured to be fast.")
  Integer given;

  int rows() {
    if (given == null) {
      return Pipeline.CHOSEN;
    }
    check(given);
    return given;
  }

  /** Also of commands that have a default of their own. */
  static void check(int rows) {
    if (rows < 1) {
      throw CandelaException.of("--batch: 1 or more expected, got %d", rows);
    }
  }
}
