package candela;

import candela.device.Device;
import candela.device.Devices;
import candela.device.Precision;

/**
 * The device that the tests run on: system property {@code candela.device}, "cpu" where it is not
 * set. A card multiplies in float32, so that the tolerances are the CPU's, unless {@code
 * candela.precision} says otherwise.
 */
public final class TestDevice {
  private static Device kept;

  private TestDevice() {}

  /** "cpu", "cuda:0", …; stands in every failure. */
  public static String name() {
    return property("candela.device", "cpu");
  }

  public static boolean isCpu() {
    return name().equals("cpu");
  }

  /**
   * Opens it; the caller closes it. A card takes any number of threads and uses none.
   *
   * <p>The context of a card lasts as long as some device is open, and starting it for each test
   * would take longer than the tests: one device stays open.
   */
  public static synchronized Device open(int threads) {
    if (kept == null && !isCpu()) {
      kept = opened(threads);
    }
    return opened(threads);
  }

  private static Device opened(int threads) {
    String precision = property("candela.precision", Precision.FLOAT32.toString());
    return Devices.open(name(), threads, Precision.of(precision));
  }

  /** An empty property is one that the build passed through without a value. */
  private static String property(String name, String otherwise) {
    String value = System.getProperty(name, "");
    return value.isEmpty() ? otherwise : value;
  }
}
