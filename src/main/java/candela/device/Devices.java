package candela.device;

import candela.device.cpu.CpuDevice;
import candela.device.cuda.CudaDevice;
import candela.tensor.CandelaException;

/** The devices by name. */
public final class Devices {
  private Devices() {}

  /** A card multiplies with {@link Precision#TF32}. */
  public static Device open(String name, int threads) {
    return open(name, threads, name.startsWith("cuda") ? Precision.TF32 : Precision.FLOAT32);
  }

  /**
   * Opens a device; the caller closes it.
   *
   * @param name "cpu", "cuda:0", "cuda:1", …
   * @param threads of the CPU's kernels; 0, and whatever is above the machine's cores: all cores
   * @throws CandelaException when it is not there, with the reason
   */
  public static Device open(String name, int threads, Precision precision) {
    if (threads < 0) {
      throw CandelaException.of("threads: must be 0 (all cores) or more, is %d", threads);
    }
    if (name.equals("cpu")) {
      if (precision != Precision.FLOAT32) {
        throw CandelaException.of(
            "precision: the cpu computes in float32, %s expected a card", precision);
      }
      int cores = Runtime.getRuntime().availableProcessors();
      return new CpuDevice(threads == 0 ? cores : Math.min(threads, cores));
    }
    if (name.matches("cuda:[0-9]{1,3}")) {
      return new CudaDevice(Integer.parseInt(name.substring(5)), precision);
    }
    throw CandelaException.of("device: '%s' is not known; it takes cpu, cuda:0, cuda:1, …", name);
  }
}
