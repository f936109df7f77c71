package candela.cli;

import candela.image.WholeFile;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C, or a kill that asks: work that goes on by the same command is told to stop where it is
 * and to save that, and is waited for a while; then one sentence. The exit code is the system's,
 * 130 or 143. For one run in a process; any thread may ask.
 */
final class Interruption {
  /** What work may take that is told to stop: a step, or a group of pictures, and a checkpoint. */
  private static final long PATIENCE_SECONDS = 20;

  /** Commands that, started again, go on where they were. */
  private static final List<String> GOING_ON =
      List.of("train", "sanity", "manipulate", "roar", "study");

  /** Held by work that saves what it has done when it is told to stop. */
  private static final Semaphore SAVING = new Semaphore(1);

  private static volatile boolean asked;
  private static volatile boolean lost;
  private static final CountDownLatch ENDED = new CountDownLatch(1);

  private Interruption() {}

  /** Whether to stop. */
  static boolean asked() {
    return asked;
  }

  /** Whether what work was to save is not saved: why, has to be told. */
  static boolean lost() {
    return lost;
  }

  /** Watches over a command until {@link #ended}. */
  static void watch(String command) {
    WholeFile.last(() -> stop(command));
  }

  /** From here on nothing is interrupted. */
  static void ended() {
    ENDED.countDown();
  }

  /** While it is open, whoever interrupts waits: work looks whether it is {@link #asked}. */
  static Saving saving() {
    SAVING.acquireUninterruptibly();
    return new Saving();
  }

  /** Of work that saves what it has done. */
  static final class Saving implements AutoCloseable {
    private boolean done;

    private Saving() {}

    /** The work is saved, or at its end. */
    void done() {
      done = true;
    }

    @Override
    public void close() {
      lost |= !done;
      SAVING.release();
    }
  }

  private static void stop(String command) {
    if (ENDED.getCount() == 0) {
      return;
    }
    asked = true;
    boolean kept = false;
    try {
      kept = SAVING.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS) && !lost;
      if (lost) {
        boolean _ = ENDED.await(1, TimeUnit.SECONDS); // the command tells why
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    String then = kept ? "what is done is kept" : "what was done since it was last saved is lost";
    System.err.println(
        "candela: interrupted"
            + (GOING_ON.contains(command) ? "; " + then + ", and the same command goes on" : ""));
  }
}
