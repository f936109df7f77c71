package candela.device.cuda;

import candela.device.Library;
import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/** The cards of the machine. */
public final class Cards {
  private Cards() {}

  /**
   * How many cards there are.
   *
   * @throws CandelaException when there is no CUDA library, no driver or no card, with the reason
   */
  public static int count() {
    return count(Library.open("cuda"));
  }

  static int count(Library library) {
    int count;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.JAVA_INT);
      library.entry("cd_device_count", Library.POINTER).call(out);
      count = out.get(ValueLayout.JAVA_INT, 0);
    } catch (CandelaException e) {
      throw CandelaException.of(
          "cuda: no CUDA driver (%s); use --device cpu, or install NVIDIA's driver 580 or newer",
          e.getMessage());
    }
    if (count == 0) {
      throw CandelaException.of("cuda: the driver finds no card; use --device cpu");
    }
    return count;
  }

  /** "NVIDIA H200, compute capability 9.0, 139 GiB". */
  public static String describe(int card) {
    Driver.load();
    CUdevice device = device(card);
    byte[] name = new byte[256];
    Driver.check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, device));
    long[] bytes = {0};
    Driver.check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, device));
    String text = new String(name, StandardCharsets.UTF_8);
    return String.format(
        Locale.ROOT,
        "%s, compute capability %d.%d, %d GiB",
        text.substring(0, text.indexOf('\0')),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        bytes[0] >> 30);
  }

  /** "13.0": what the driver supports. */
  static String driver() {
    int[] version = {0};
    Driver.check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0] / 1000 + "." + version[0] % 1000 / 10;
  }

  static CUdevice device(int card) {
    CUdevice device = new CUdevice();
    Driver.check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, card));
    return device;
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = {0};
    Driver.check("cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, which, device));
    return value[0];
  }
}
