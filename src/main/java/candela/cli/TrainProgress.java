package candela.cli;

import candela.train.Learner;
import candela.train.Trainer;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.Supplier;

/** How far training is: loss, accuracy, rate and time left; a line an epoch. */
final class TrainProgress implements Trainer.Listener, AutoCloseable {
  private static final long BETWEEN = 500_000_000L;
  private static final long BETWEEN_LINES = 20_000_000_000L;

  private final PrintStream out;
  private final int epochs;
  private final boolean terminal = System.console() != null && System.console().isTerminal();
  private long last = System.nanoTime();
  private double rate;
  private double left;
  private boolean shown;

  TrainProgress(PrintStream out, int epochs) {
    this.out = out;
    this.epochs = epochs;
  }

  @Override
  public boolean goesOn() {
    return !Interruption.asked();
  }

  @Override
  public void step(
      int epoch, int batch, int batches, Learner.Tally soFar, double rate, double left) {
    this.rate = rate;
    this.left = left;
    long now = System.nanoTime();
    if (now - last > (terminal ? BETWEEN : BETWEEN_LINES)) {
      last = now;
      String line =
          String.format(
              Locale.ROOT,
              "epoch %d of %d, batch %d of %d: %s, %s",
              epoch + 1,
              epochs,
              batch,
              batches,
              words("loss", soFar),
              pace());
      // On a terminal each line takes the place of the one before.
      out.print(terminal ? "\r" + line + "\033[K" : line + System.lineSeparator());
      out.flush();
      shown = terminal;
    }
  }

  @Override
  public void epoch(int epoch, Learner.Tally trained, Supplier<Learner.Tally> tested) {
    close();
    out.printf(
        Locale.ROOT,
        "epoch %d of %d: %s; %s; %s%n",
        epoch + 1,
        epochs,
        words("training loss", trained),
        words("test loss", tested.get()),
        pace());
  }

  private static String words(String what, Learner.Tally t) {
    return String.format(
        Locale.ROOT, "%s %.3f, accuracy %.2f %%", what, t.meanLoss(), 100 * t.accuracy());
  }

  private String pace() {
    return String.format(
        Locale.ROOT, "%.0f images/s, %d:%02d left", rate, (long) left / 60, (long) left % 60);
  }

  @Override
  public void close() {
    if (shown) {
      out.print("\r\033[K");
      shown = false;
    }
  }
}
