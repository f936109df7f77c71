package candela.cli;

import candela.graph.Network;
import candela.probe.Prediction;
import candela.tensor.CandelaException;
import picocli.CommandLine.Option;

/** The class whose score is explained. */
final class Target {
  @Option(
      names = {"-t", "--target"},
      paramLabel = "N|top",
      description = "Class to explain. Default: top, the predicted one.")
  String given = "top";

  /** Refuses what is neither a class number nor top. */
  void check() {
    fixed();
  }

  /** The class asked for, or the predicted one. */
  int of(Prediction p, Network network) {
    int fixed = fixed();
    if (fixed >= p.logits().length) {
      throw CandelaException.of(
          "--target: 0 to %d expected, the classes of %s; got %d",
          p.logits().length - 1, network.name(), fixed);
    }
    return fixed < 0 ? p.best() : fixed;
  }

  /** -1 for the predicted one. */
  private int fixed() {
    if (given.equals("top")) {
      return -1;
    }
    try {
      int n = Integer.parseInt(given);
      if (n >= 0) {
        return n;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw CandelaException.of(
        "--target: a class number of 0 or more, or top expected, got '%s'", given);
  }
}
