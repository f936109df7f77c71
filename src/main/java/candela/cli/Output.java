package candela.cli;

import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import picocli.CommandLine.Option;

/** Which of a model's outputs is asked. */
final class Output {
  @Option(
      names = "--output",
      paramLabel = "NAME",
      description = "Model output with the class scores. Default: the first.")
  String name;

  /** A pipeline that asks for it; where there can be none, the device is closed. */
  Pipeline pipeline(Network network, Device device, Batch batch) {
    try {
      return new Pipeline(network, device, batch.rows(), name);
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }
}
