package candela.bench;

/**
 * The same arithmetic every time, on two threads: its time moves only when the machine's speed
 * does.
 */
final class FixedLoop {
  private static final int STEPS = 60_000_000;

  /** Where results go, so that the loop is not removed. */
  private static volatile double sink;

  private FixedLoop() {}

  static double seconds() throws InterruptedException {
    long start = System.nanoTime();
    Thread other = Thread.ofPlatform().start(FixedLoop::loop);
    loop();
    other.join();
    return (System.nanoTime() - start) * 1e-9;
  }

  private static void loop() {
    double a = 1;
    double b = 2;
    double c = 3;
    double d = 4;
    for (int i = 0; i < STEPS; i++) {
      a = Math.fma(a, 0.999, 0.1);
      b = Math.fma(b, 0.999, 0.2);
      c = Math.fma(c, 0.999, 0.3);
      d = Math.fma(d, 0.999, 0.4);
    }
    sink = a + b + c + d;
  }
}
