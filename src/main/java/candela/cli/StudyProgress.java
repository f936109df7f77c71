package candela.cli;

import candela.study.Findings;
import candela.study.Ledger;
import candela.study.StudyRun;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** How far a study is: units, the current ones, rows a second, time left. */
final class StudyProgress implements StudyRun.Listener, AutoCloseable {
  private static final long BETWEEN = 200_000_000L;
  private static final long BETWEEN_LINES = 10_000_000_000L;

  private final PrintStream err;
  private final boolean terminal = System.console() != null && System.console().isTerminal();
  private final long start = System.nanoTime();
  private final Map<Ledger.Key, double[]> running = new LinkedHashMap<>();
  private long last = start;
  private long rows;
  private int before;
  private int done;
  private int all;
  private boolean shown;

  StudyProgress(PrintStream err) {
    this.err = err;
  }

  @Override
  public synchronized void begins(int done, int all, int without) {
    this.before = done;
    this.done = done;
    this.all = all;
    if (done > 0) {
      err.printf("goes on: %d of %d units are done%n", done, all);
    }
    if (without > 0) {
      err.printf(
          "maps: %d of these were done when none were kept and have none; a new --ledger gets"
              + " all%n",
          without);
    }
  }

  @Override
  public synchronized void rows(Ledger.Key unit, long done, long all) {
    running.put(unit, new double[] {done, all});
    long now = System.nanoTime();
    if (now - last > (terminal ? BETWEEN : BETWEEN_LINES)) {
      last = now;
      line(now);
    }
  }

  @Override
  public synchronized void done(Findings f) {
    done++;
    rows += f.rows();
    running.remove(new Ledger.Key(f.model(), f.image()));
  }

  @Override
  public synchronized void failed(Ledger.Key unit, String reason) {
    close();
    running.remove(unit);
    err.println("candela: " + unit.model() + ", " + unit.image() + ": " + reason);
  }

  private void line(long now) {
    double seconds = (now - start) / 1e9;
    double parts = done - before;
    double asked = rows;
    for (double[] r : running.values()) {
      parts += r[1] == 0 ? 0 : r[0] / r[1];
      asked += r[0];
    }
    double left = parts == 0 ? Double.NaN : seconds / parts * (all - before - parts);
    String text =
        String.format(
            Locale.ROOT,
            "units %d of %d, %.0f rows/s, %s left; now %s",
            done,
            all,
            asked / seconds,
            time(left),
            String.join(
                "; ", running.keySet().stream().map(k -> k.model() + ", " + k.image()).toList()));
    // on a terminal each line takes the place of the one before
    err.print(terminal ? "\r" + text + "\033[K" : text + System.lineSeparator());
    err.flush();
    shown = terminal;
  }

  /** 75 s, 12:05 min, 30:10 h. */
  static String time(double seconds) {
    if (!Double.isFinite(seconds)) {
      return "?";
    }
    long s = Math.round(seconds);
    if (s < 100) {
      return s + " s";
    }
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d h", s / 3600, s / 60 % 60);
  }

  @Override
  public synchronized void close() {
    if (shown) {
      err.print("\r\033[K");
      shown = false;
    }
  }
}
