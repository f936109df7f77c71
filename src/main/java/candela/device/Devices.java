package candela.device;

import candela.device.cpu.CpuDevice;
import candela.device.cuda.Cards;
import candela.device.cuda.CudaDevice;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** The devices by name. */
public final class Devices {
  private Devices() {}

  /** With the precision of the device's own: TF32 on a card. */
  public static Device open(String name, int threads) {
    return open(name, threads, null);
  }

  /**
   * Opens a device; the caller closes it.
   *
   * @param name "cpu", "cuda:0", "cuda:1", …
   * @param threads of the CPU's kernels; 0, and whatever is above the machine's cores: all cores
   * @param precision null for the device's own: TF32 on a card, float32 on the CPU
   * @throws CandelaException when it is not there, with the reason
   */
  public static Device open(String name, int threads, Precision precision) {
    if (threads < 0) {
      throw CandelaException.of("threads: must be 0 (all cores) or more, is %d", threads);
    }
    if (name.equals("cpu")) {
      if (precision != null && precision != Precision.FLOAT32) {
        throw CandelaException.of(
            "precision: the cpu computes in float32; %s needs --device cuda:0", precision);
      }
      int cores = Runtime.getRuntime().availableProcessors();
      return new CpuDevice(threads == 0 ? cores : Math.min(threads, cores));
    }
    if (name.matches("cuda:[0-9]{1,3}")) {
      int card = Integer.parseInt(name.substring(5));
      return new CudaDevice(card, precision == null ? Precision.TF32 : precision);
    }
    throw CandelaException.of(
        "device: auto, cpu, cuda:0, cuda:1, … expected, got '%s'; candela devices tells what is"
            + " there",
        name);
  }

  /**
   * The first card where there is one that can be used, else the CPU.
   *
   * @param precision null for the device's own
   * @param say hears why a card that is there is not used
   */
  public static Device auto(int threads, Precision precision, Consumer<String> say) {
    boolean card = precision != null && precision != Precision.FLOAT32;
    if (hasDriver() || card) {
      try {
        return open("cuda:0", threads, precision);
      } catch (CandelaException e) {
        if (card) {
          throw new CandelaException(
              "precision: " + precision + " needs a card; " + e.getMessage(), e);
        }
        say.accept(e.getMessage() + "; goes on with the cpu");
      }
    }
    return open("cpu", threads, precision);
  }

  /** NVIDIA's driver shows itself as a device file; without one nothing of CUDA is loaded. */
  private static boolean hasDriver() {
    return Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/dev/dxg"));
  }

  /** What there is: every device with its description, or why it cannot be used. */
  public static Map<String, String> list() {
    Map<String, String> list = new LinkedHashMap<>();
    list.put("cpu", described("cpu"));
    int cards;
    try {
      cards = Cards.count();
    } catch (CandelaException e) {
      list.put("cuda:0", "not there: " + e.getMessage());
      return list;
    }
    for (int card = 0; card < cards; card++) {
      list.put("cuda:" + card, described("cuda:" + card));
    }
    return list;
  }

  private static String described(String name) {
    try (Device device = open(name, 0)) {
      return String.format(
          Locale.ROOT,
          "%s; %s, %,d MiB free",
          device.describe(),
          name.equals("cpu") ? device.precision() : "tf32 (or float32, bf16, fp16)",
          device.freeBytes() >> 20);
    } catch (CandelaException e) {
      return "cannot be used: " + e.getMessage();
    }
  }
}
