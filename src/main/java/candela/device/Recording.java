package candela.device;

/** Work on a device that is run many times, on the same memory. Close it before the device. */
public interface Recording extends AutoCloseable {
  void run();

  /**
   * Chooses how it runs, where that is to be measured, by running it some times; after its first
   * run.
   *
   * @param before makes what it reads and overwrites
   */
  default void choose(Runnable before) {}

  @Override
  default void close() {}
}
