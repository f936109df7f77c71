package candela.study;

import candela.device.Device;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The units of a study that its ledger lacks, some at a time.
 *
 * <p>A unit that cannot be done (an image that cannot be read) is told and left out; the next run
 * tries it again. A model that no method has a meaning for has no units.
 */
public final class StudyRun {
  private final Study study;
  private final Plans plans;
  private final Ledger ledger;
  private final int batch;
  private final Path maps;
  private final Listener listener;
  private final Deque<Unit> waiting = new ArrayDeque<>();
  private volatile Throwable fault;
  private int failed;

  private record Unit(Model model, Photo photo) {
    Ledger.Key key() {
      return new Ledger.Key(model.name(), photo.name());
    }
  }

  /** Told how far a run is; by several threads. */
  public interface Listener {
    /**
     * Before the first unit.
     *
     * @param without units that were done when no maps were kept, though they are now
     */
    void begins(int done, int all, int without);

    /** Of one unit, after every batch. */
    void rows(Ledger.Key unit, long done, long all);

    /** A unit is in the ledger. */
    void done(Findings findings);

    void failed(Ledger.Key unit, String reason);
  }

  /**
   * @param batch rows of a batch; does not change results
   * @param maps where maps go as .npy; null for nowhere
   */
  public StudyRun(
      Study study,
      Plans plans,
      Material material,
      Ledger ledger,
      int batch,
      Path maps,
      Listener listener) {
    this.study = study;
    this.plans = plans;
    this.ledger = ledger;
    this.batch = batch;
    this.maps = maps;
    this.listener = listener;
    Set<Ledger.Key> done = ledger.done();
    int all = 0;
    int there = 0;
    int without = 0;
    for (Model m : plans.models()) {
      for (Photo p : material.photos()) {
        Unit unit = new Unit(m, p);
        all++;
        if (done.contains(unit.key())) {
          there++;
          without += maps == null || Files.isDirectory(Worker.folder(maps, m, p)) ? 0 : 1;
        } else {
          waiting.add(unit);
        }
      }
    }
    listener.begins(there, all, without);
  }

  /**
   * Runs until all units are done or told as failed.
   *
   * @param jobs units at a time, each on a device of its own
   * @param device opens one
   * @return how many units failed
   */
  public int run(int jobs, Supplier<Device> device) {
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i < Math.min(jobs, waiting.size()); i++) {
      threads.add(Thread.ofPlatform().name("unit-" + i).start(() -> work(device)));
    }
    work(device);
    for (Thread t : threads) {
      try {
        t.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CandelaException(study.name() + ": interrupted; the next start goes on", e);
      }
    }
    switch (fault) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable t -> throw new IllegalStateException(t);
    }
    return failed;
  }

  private void work(Supplier<Device> opener) {
    try (Device device = opener.get();
        Worker worker = new Worker(study, plans, device, batch, maps)) {
      for (Unit u = next(); u != null; u = next()) {
        run(worker, u);
      }
    } catch (RuntimeException | Error e) {
      fault = e;
    }
  }

  private synchronized Unit next() {
    return fault == null ? waiting.poll() : null;
  }

  private void run(Worker worker, Unit u) {
    Findings found;
    try {
      found =
          worker.run(
              u.model(),
              u.photo(),
              (done, all) -> {
                listener.rows(u.key(), done, all);
                return fault == null;
              });
    } catch (Worker.Stopped e) {
      return;
    } catch (CandelaException e) {
      failed(u, e);
      return;
    } catch (OutOfMemoryError e) { // as of one large photo: others have room
      failed(u, CandelaException.of(e));
      return;
    }
    ledger.commit(found);
    listener.done(found);
  }

  private void failed(Unit u, CandelaException e) {
    synchronized (this) {
      failed++;
    }
    listener.failed(u.key(), e.getMessage());
  }
}
