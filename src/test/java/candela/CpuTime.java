package candela;

import java.lang.management.ManagementFactory;

/** What a thread has worked: other than the clock, it does not tell how busy the machine is. */
public final class CpuTime {
  private CpuTime() {}

  /** Of the current thread, in nanoseconds. */
  public static long nanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
