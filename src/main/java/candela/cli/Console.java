package candela.cli;

import candela.probe.Progress;
import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** How far a run is: a bar on a terminal, a line every ten seconds elsewhere. */
final class Console implements AutoCloseable, Progress {
  private static final long BETWEEN_LINES = 10_000_000_000L;

  /** Runs shorter than this show no bar, and load no classes for it. */
  private static final long QUIET = 700_000_000L;

  private final PrintStream err = System.err;
  private final String what;
  private final String unit;
  private final boolean terminal = System.console() != null && System.console().isTerminal();
  private final long start = System.nanoTime();
  private long lastLine = start;
  private ProgressBar bar;

  Console(String what) {
    this(what, "rows");
  }

  Console(String what, String unit) {
    this.what = what;
    this.unit = unit;
  }

  @Override
  public boolean at(long done, long all) {
    long now = System.nanoTime();
    if (terminal) {
      show(done, all, now);
    } else if (now - lastLine > BETWEEN_LINES) {
      lastLine = now;
      err.printf("%s: %d of %d %s, %.0f s%n", what, done, all, unit, (now - start) / 1e9);
    }
    return true;
  }

  private void show(long done, long all, long now) {
    if (bar == null) {
      if (now - start < QUIET) {
        return;
      }
      bar =
          new ProgressBarBuilder()
              .setTaskName(what)
              .setInitialMax(all)
              .setUnit(" " + unit, 1)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(100)
              .clearDisplayOnFinish()
              .build();
    }
    bar.maxHint(all);
    bar.stepTo(done);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
