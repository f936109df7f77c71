package candela.cli;

import candela.roar.Result;
import candela.roar.Roar;
import candela.roar.RoarSettings;
import candela.roar.Training;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** How far a run of {@code candela roar} is: what is done now, and a line a training. */
final class RoarProgress implements Roar.Listener, AutoCloseable {
  private final PrintStream err = System.err;
  private final List<Training> all;
  private final RoarSettings settings;
  private final Consumer<Result> taker;
  private final long start = System.nanoTime();
  private int done;
  private int since;
  private String what = "";
  private Console console;

  /**
   * @param done trainings that earlier runs did
   * @param taker told of results
   */
  RoarProgress(RoarSettings settings, List<Training> all, int done, Consumer<Result> taker) {
    this.all = all;
    this.done = done;
    this.settings = settings;
    this.taker = taker;
  }

  @Override
  public boolean goesOn() {
    return !Interruption.asked();
  }

  @Override
  public void explained(String method, int pictures, int of) {
    show("explaining by " + method, "pictures", pictures, of);
  }

  @Override
  public void step(Training training, long steps, long of) {
    int number = all.indexOf(training) + 1;
    show("training " + number + " of " + all.size() + ", " + words(training), "steps", steps, of);
  }

  private void show(String now, String unit, long at, long of) {
    if (!now.equals(what)) {
      close();
      what = now;
      console = new Console(now, unit);
    }
    console.at(at, of);
  }

  @Override
  public void result(Result r) {
    close();
    done++;
    err.printf(
        Locale.ROOT,
        "%d of %d: %s: accuracy %.2f %%%s%n",
        done,
        all.size(),
        words(r.training()),
        100 * r.accuracy(),
        left(r));
    taker.accept(r);
  }

  /** By the mean time of the trainings so far; of a model that was given nothing is known. */
  private String left(Result r) {
    since += r.seconds() > 0 ? 1 : 0;
    if (since == 0 || done == all.size()) {
      return "";
    }
    double left = (System.nanoTime() - start) / 1e9 / since * (all.size() - done);
    return String.format(Locale.ROOT, "; about %d:%02d left", (long) left / 60, (long) left % 60);
  }

  private String words(Training t) {
    if (t.equals(Training.UNCHANGED)) {
      return t.method();
    }
    String text =
        settings.name(t.method())
            + ", "
            + RoarTable.percent(t.fraction())
            + (settings.keep() ? " kept" : " removed");
    return t.restart() == 0 ? text : text + ", restart " + t.restart();
  }

  @Override
  public void close() {
    if (console != null) {
      console.close();
      console = null;
      what = "";
    }
  }
}
