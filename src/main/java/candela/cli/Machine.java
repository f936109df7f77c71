package candela.cli;

import candela.device.Device;
import candela.device.Devices;
import candela.tensor.CandelaException;
import picocli.CommandLine.Option;

/** Options of all commands that run a network. */
final class Machine {
  @Option(
      names = "--device",
      paramLabel = "cpu|auto",
      description = "Where to run. Default: ${DEFAULT-VALUE}.")
  String device = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: all cores. Does not change results.")
  int threads;

  @Option(
      names = {"-X", "--debug"},
      description = "Show where an error arose.")
  boolean debug;

  Device open() {
    return open(threads);
  }

  /**
   * @param threads of this device alone, 0 for all cores
   */
  Device open(int threads) {
    if (threads < 0) {
      throw CandelaException.of("--threads: 1 or more expected, got %d", threads);
    }
    return Devices.open(device.equals("auto") ? "cpu" : device, threads);
  }
}
