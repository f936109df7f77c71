package candela.device;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Whose turn it is on a device: kernels of one device share memory and threads, so that one thread
 * works on it at a time. A second one is told so at once, and so is who works on a closed device.
 *
 * <p>For any thread.
 */
public final class Turn {
  private final AtomicReference<Thread> holder = new AtomicReference<>();

  /** How often the holder has taken it. */
  private int depth;

  private final Runnable begins;
  private volatile boolean ended;

  /** For a device that any thread may call. */
  public Turn() {
    this(() -> {});
  }

  /**
   * @param begins what a thread needs before it may call the device, done first in each turn
   */
  public Turn(Runnable begins) {
    this.begins = begins;
  }

  /**
   * Work in a turn of its own, or within that which this thread has.
   *
   * @throws IllegalStateException where another thread has it, or the device is closed
   */
  public <T> T of(Supplier<T> work) {
    take();
    try {
      begin();
      return work.get();
    } finally {
      give();
    }
  }

  /** As {@link #of}. */
  public void run(Runnable work) {
    take();
    try {
      begin();
      work.run();
    } finally {
      give();
    }
  }

  private void take() {
    Thread own = Thread.currentThread();
    if (holder.get() != own && !holder.compareAndSet(null, own)) {
      throw taken();
    }
    depth++;
    if (ended) {
      give();
      throw new IllegalStateException("the device is closed; open another one");
    }
  }

  /** Once, however many turns are within this one. */
  private void begin() {
    if (depth == 1) {
      begins.run();
    }
  }

  private void give() {
    depth--;
    if (depth == 0) {
      holder.set(null);
    }
  }

  private static IllegalStateException taken() {
    return new IllegalStateException(
        "a device, with its pipelines, is for one thread at a time, and another one is at work on"
            + " it; open a device for each thread, the network may be shared");
  }

  /**
   * Before something of the device is closed, which may be after the device.
   *
   * @throws IllegalStateException where another thread has it
   */
  public void checkNobodyElses() {
    Thread other = holder.get();
    if (other != null && other != Thread.currentThread()) {
      throw taken();
    }
  }

  /**
   * Ends all turns, where it is nobody else's.
   *
   * @throws IllegalStateException where another thread has it, or it has ended
   */
  public void end() {
    take();
    ended = true;
    give();
  }
}
