package candela.sanity;

import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;

/**
 * A network whose slope has slopes.
 *
 * @param at the network
 * @param around the same {@link Network#withHeldChoices}: near an image, what has second
 *     derivatives
 */
record SoftNetwork(Pipeline at, Pipeline around) implements AutoCloseable {
  /** Points around an image that are asked together. */
  private static final int SIDES = 2;

  /**
   * @param output name of the output with the class scores, null for the first
   */
  static SoftNetwork of(Network network, Device device, String output) {
    var at = new Pipeline(network, device, 1, output);
    try {
      return new SoftNetwork(at, new Pipeline(network.withHeldChoices(), device, SIDES, output));
    } catch (RuntimeException e) {
      at.close();
      throw e;
    }
  }

  @Override
  public void close() {
    around.close();
    at.close();
  }
}
