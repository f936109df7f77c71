package candela.device;

import candela.device.cpu.CpuDevice;
import candela.tensor.CandelaException;

/** The devices by name. */
public final class Devices {
  private Devices() {}

  /**
   * Opens a device; the caller closes it.
   *
   * @param name "cpu"
   * @param threads of the CPU's kernels; 0, and whatever is above the machine's cores: all cores
   */
  public static Device open(String name, int threads) {
    if (threads < 0) {
      throw CandelaException.of("threads: must be 0 (all cores) or more, is %d", threads);
    }
    if (name.equals("cpu")) {
      int cores = Runtime.getRuntime().availableProcessors();
      return new CpuDevice(threads == 0 ? cores : Math.min(threads, cores));
    }
    throw CandelaException.of("device: '%s' is not known; it takes cpu", name);
  }
}
