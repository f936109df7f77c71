package candela.probe;

import candela.device.Device;
import candela.graph.Network;
import candela.graph.Session;
import candela.graph.Windowed;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Runs probes: fills batches with rows of all whose ask is equal, of whichever image or
 * configuration, and hands the answers back.
 *
 * <p>Rows that differ from an image in a window, if there are many, are run by themselves, and of
 * them only what the window may change is computed ({@link Windowing}).
 *
 * <p>A batch is always run at its session's full size, the last one with stale rows behind the
 * written ones, and every probe sees its rows in order: results do not depend on batch size or
 * packing.
 *
 * <p>Owns its sessions, kept from run to run; not the device. For one thread at a time: what a
 * second one asks of the device meanwhile throws IllegalStateException.
 */
public final class Pipeline implements AutoCloseable {
  private final Network network;
  private final Device device;
  private final String output;
  private final Sessions sessions;
  private final Map<String, Integer> ran = new TreeMap<>();

  /** What is wanted of the last batch and has not been handed out. */
  private Late late;

  private boolean closed;
  private boolean running;

  /** Gives up the sessions that are kept for the next run. */
  private final BooleanSupplier spare = this::giveUp;

  /** A batch of as many rows as {@link BatchSize} chooses for what is asked. */
  public static final int CHOSEN = 0;

  /**
   * @param batch rows of a batch at most, or {@link #CHOSEN}; fewer where a run has fewer, one more
   *     where rows come in pairs and it is odd
   */
  public Pipeline(Network network, Device device, int batch) {
    this(network, device, batch, null);
  }

  /**
   * @param output name of the model output that holds the class scores, null for the first
   */
  public Pipeline(Network network, Device device, int batch, String output) {
    if (batch < 0) {
      throw CandelaException.of("batch: 1 or more expected, got %d", batch);
    }
    network.checkSingle();
    this.network = network;
    this.device = device;
    this.output = output;
    sessions = new Sessions(network, device, batch, output, this::handOut);
    device.kernels().spare().add(spare);
  }

  public Device device() {
    return device;
  }

  /** Rows of the largest batch that was run so far, of scores alone and with gradients. */
  public Map<String, Integer> batches() {
    return Collections.unmodifiableMap(ran);
  }

  public void run(List<? extends Probe<?>> probes) {
    run(probes, Progress.SILENT);
  }

  /**
   * Runs until all probes are finished, or progress says stop.
   *
   * @param probes each once
   * @return whether all finished
   * @throws IllegalArgumentException when one is given twice
   * @throws IllegalStateException when the pipeline is closed
   */
  public boolean run(List<? extends Probe<?>> probes, Progress progress) {
    if (closed) {
      throw new IllegalStateException("the pipeline is closed; open another one");
    }
    Set<Probe<?>> each = Collections.newSetFromMap(new IdentityHashMap<>());
    each.addAll(probes);
    if (each.size() < probes.size()) {
      throw new IllegalArgumentException("each probe once expected, one is given twice");
    }
    return device.kernels().turn().of(() -> rounds(probes, progress));
  }

  private boolean rounds(List<? extends Probe<?>> probes, Progress progress) {
    drop(); // of a run that failed
    sessions.forgetShortage();
    running = true;
    try {
      long done = 0;
      for (List<? extends Probe<?>> open = probes; !open.isEmpty(); ) {
        done = round(open, done, progress);
        if (done < 0) {
          return false;
        }
        open = open.stream().filter(Probe::again).toList();
      }
      return true;
    } finally {
      running = false;
    }
  }

  /**
   * Runs until each probe has finished with what it asks now.
   *
   * @return rows answered, done counted in; -1 where progress said stop
   */
  private long round(List<? extends Probe<?>> probes, long done, Progress progress) {
    Map<Ask, List<Probe<?>>> groups = new LinkedHashMap<>();
    long all = done;
    for (Probe<?> p : probes) {
      if (p.size() == 0) {
        continue;
      }
      checkRow(p);
      groups.computeIfAbsent(p.ask(), a -> new ArrayList<>()).add(p);
      all += p.size();
    }
    Map<Ask, Integer> asks = new LinkedHashMap<>();
    groups.forEach((ask, members) -> asks.put(ask, rows(ask, members)));
    sessions.expect(asks);
    for (var group : groups.entrySet()) {
      Ask ask = group.getKey();
      if (isDone(group.getValue())) {
        continue;
      }
      int rows = rows(ask, group.getValue());
      List<Probe<?>> active = new ArrayList<>(group.getValue());
      done = windows(ask, active, rows, done, all, progress);
      if (done < 0) {
        return -1;
      }
      if (active.isEmpty()) {
        continue;
      }
      Session session = sessions.of(ask, rows(ask, active));
      while (!active.isEmpty()) {
        if (!ask.hasRules() && 2 * rows(ask, active) <= session.batch()) {
          // the probes that are left write a row at a time: no use in large batches
          session = sessions.of(ask, rows(ask, active));
        }
        done += step(session, null, ask, active);
        if (!progress.at(done, all)) {
          handOut();
          return -1;
        }
      }
    }
    handOut();
    return done;
  }

  private void checkRow(Probe<?> probe) {
    Shape writes = probe.rowShape();
    if (writes == null) {
      return;
    }
    Shape row = network.inputShape();
    if (!writes.inserted(0, 1).equals(row)) {
      throw CandelaException.of(
          "%s: images of shape %s expected, got one of %s; prepare it for this network",
          network.name(), Shape.of(Arrays.copyOfRange(row.dims(), 1, row.rank())), writes);
    }
  }

  /**
   * Runs the probes that windows save work for, each alone; they leave the list.
   *
   * @return rows answered, done counted in; -1 where progress said stop
   */
  private long windows(
      Ask ask, List<Probe<?>> active, int rows, long done, long all, Progress progress) {
    List<Probe<?>> tried = new ArrayList<>(active);
    tried.removeIf(p -> !Windowing.isTried(p, device));
    Windowing.sort(tried);
    for (Probe<?> p : tried) {
      Windowed in = sessions.windowed(p, rows);
      if (in == null) {
        continue;
      }
      active.remove(p);
      for (List<Probe<?>> alone = new ArrayList<>(List.of(p)); !alone.isEmpty(); ) {
        done += step(in.session(), in, ask, alone);
        if (!progress.at(done, all)) {
          handOut();
          return -1;
        }
      }
      handOut(); // before another probe's session takes the place of this one
    }
    return done;
  }

  private static boolean isDone(List<Probe<?>> probes) {
    for (Probe<?> p : probes) {
      if (p.size() != 0) {
        return false;
      }
    }
    return true;
  }

  /** Of a session that these probes can fill. */
  private int rows(Ask ask, List<Probe<?>> probes) {
    long width = 0;
    for (Probe<?> p : probes) {
      width += p.width();
    }
    return sessions.rows(ask, width);
  }

  /** Rows that a probe wrote into the batch, from (inclusive) to to (exclusive). */
  private record Slice(Probe<?> probe, int from, int to) {}

  /** One batch; probes that have finished leave the list. */
  private int step(Session session, Windowed in, Ask ask, List<Probe<?>> active) {
    Tensor input = session.input();
    long[] target = new long[session.batch()];
    List<Slice> slices = new ArrayList<>();
    int used = 0;
    for (var i = active.iterator(); i.hasNext() && used < session.batch(); ) {
      Probe<?> probe = i.next();
      int n = probe.next(input.rows(used, session.batch()));
      if (n < 0 || n > session.batch() - used) {
        throw new IllegalStateException(
            probe.getClass().getName()
                + " tells of "
                + n
                + " rows where it was offered "
                + (session.batch() - used));
      }
      if (n == 0) {
        i.remove();
        continue;
      }
      slices.add(new Slice(probe, used, used + n));
      Arrays.fill(target, used, used + n, probe.target());
      used += n;
    }
    if (used == 0) {
      return 0;
    }
    ran.merge(ask.wantsGradient() ? "gradient" : "forward", session.batch(), Math::max);
    if (in != null) {
      in.corners(slices.getFirst().probe().occluded().corners());
    }
    session.forward();
    session.queueScore(ask.score(), target);
    List<Tensor> gradients = List.of();
    if (ask.wantsGradient()) {
      session.backward(ask.rules());
      gradients = session.gradients(ask.at());
    }
    handOut(); // of the batch before
    Answers answers =
        new Answers(
            once(session::scores),
            later(session),
            session.scored(),
            session.logits(),
            session.likelihood(),
            gradients,
            once(() -> ask.wantsGradient() ? session.values(ask.at()) : List.of()),
            () -> network.layout(ask.at()),
            () -> network.biases(output));
    for (Slice s : slices) {
      s.probe().take(answers.rows(s.from(), s.to()));
    }
    return used;
  }

  private Late late(Session session) {
    if (late == null) {
      late = new Late(device, session.scored());
    }
    return late;
  }

  private Answers.Later later(Session session) {
    return new Answers.Later() {
      @Override
      public void scores(int from, int to, Consumer<float[]> taker) {
        late(session).scores(from, to, taker);
      }

      @Override
      public void copy(Tensor from, float[] to, Runnable taker) {
        late(session).copy(from, to, taker);
      }
    };
  }

  private void handOut() {
    if (late != null) {
      Late wanted = late;
      late = null;
      wanted.deliver();
    }
  }

  /** Reads at the first call, and remembers. */
  private static <T> Supplier<T> once(Supplier<T> read) {
    List<T> held = new ArrayList<>();
    return () -> {
      if (held.isEmpty()) {
        held.add(read.get());
      }
      return held.getFirst();
    };
  }

  @Override
  public void close() {
    device.kernels().turn().checkNobodyElses();
    closed = true;
    device.kernels().spare().remove(spare);
    drop();
    sessions.close();
  }

  private boolean giveUp() {
    if (running || !sessions.isOpen()) {
      return false;
    }
    drop();
    sessions.close();
    return true;
  }

  private void drop() {
    if (late != null) {
      late.drop();
      late = null;
    }
  }
}
