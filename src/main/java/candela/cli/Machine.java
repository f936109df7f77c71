package candela.cli;

import candela.device.Device;
import candela.device.Devices;
import candela.device.Precision;
import candela.tensor.CandelaException;
import candela.tensor.Storage;
import picocli.CommandLine.Option;

/** Options of all commands that run a network. */
final class Machine {
  @Option(
      names = "--device",
      paramLabel = "cpu|cuda:N|auto",
      description = "Where to run; auto: the first card, else the CPU. Default: ${DEFAULT-VALUE}.")
  String device = "auto";

  @Option(
      names = "--precision",
      paramLabel = "float32|tf32|bf16|fp16",
      description =
          "How a card rounds: tf32 factors of convolutions and products; bf16, fp16 what lies"
              + " between convolutions, held in 16 bits. Default: tf32 on a card, float32 on the"
              + " CPU. manipulate takes float32, its default, and tf32 only.")
  String precision;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "CPU threads. Default: all cores. Does not change results.")
  int threads;

  Device open() {
    return open(threads);
  }

  /**
   * @param threads of this device alone, 0 for all cores
   */
  Device open(int threads) {
    return open(threads, chosen());
  }

  private Device open(int threads, Precision chosen) {
    if (threads < 0) {
      throw CandelaException.of(
          "--threads: 1 or more, or 0 for all cores, expected, got %d", threads);
    }
    if (device.equals("auto")) {
      return Devices.auto(threads, chosen, System.err::println);
    }
    return Devices.open(device, threads, chosen);
  }

  /** For differences of gradients: float32 where none is given, as TF32 is coarse for them. */
  Device openFine() {
    return open(threads, fine());
  }

  /**
   * @throws CandelaException where the precision holds values in 16 bits
   */
  Precision fine() {
    Precision p = precision == null ? Precision.FLOAT32 : chosen();
    if (p.storage() != Storage.FLOAT32) {
      throw CandelaException.of(
          "--precision: float32 or tf32 expected, got %s; differences of gradients are lost in 16"
              + " bits",
          p);
    }
    return p;
  }

  /** Null for the device's own. */
  private Precision chosen() {
    return precision == null ? null : Precision.of(precision);
  }
}
