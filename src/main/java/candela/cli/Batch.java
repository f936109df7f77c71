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
    if (given != null && given < 1) {
      throw CandelaException.of("--batch: 1 or more expected, got %d", given);
    }
    return given == null ? Pipeline.CHOSEN : given;
  }
}
