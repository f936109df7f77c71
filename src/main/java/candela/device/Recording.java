package candela.device;

/** Work on a device that is run many times, on the same memory. Close it before the device. */
public interface Recording extends AutoCloseable {
  void run();

  @Override
  default void close() {}
}
