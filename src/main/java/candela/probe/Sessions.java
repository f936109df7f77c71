package candela.probe;

import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.Graph;
import candela.graph.Network;
import candela.graph.OnlyBatch;
import candela.graph.Rules;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Unsuited;
import candela.graph.Windowed;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The sessions of a pipeline, kept from run to run, and of how many rows they are: as many as can
 * be filled, as were told or {@link BatchSize} chooses, and as there is room for.
 *
 * <p>For one thread.
 */
final class Sessions implements AutoCloseable {
  private final Network network;
  private final Device device;
  private final int batch;
  private final String output;
  private final Runnable letGo;

  /** Rows at most, of scores alone and with gradients, as far as they have been chosen. */
  private final Map<Boolean, Integer> chosen = new HashMap<>();

  /** Where there was no room for a batch, of each kind of session. */
  private final Map<Kind, Room> rooms = new HashMap<>();

  /** Whether the model can be read for one row alone. */
  private boolean single;

  private final Windowing windowing;
  private final Map<Ends, Session> plain = new HashMap<>();
  private final Map<Key, Ruled> ruled = new HashMap<>();
  private final Map<Key, Set<Rules>> expected = new LinkedHashMap<>();

  /** What sessions without rules differ in: the value that rows are, that of the gradient. */
  private record Ends(String from, String at) {}

  /** What sessions with rules differ in: the value they go back to, and their rows. */
  private record Key(String at, int rows) {}

  /** A session and the rules it was opened for. */
  private record Ruled(Session session, Set<Rules> rules) {}

  /** Sessions that take as much memory a row. */
  private record Kind(String from, String at, boolean ruled) {
    static Kind of(Ask ask) {
      return new Kind(ask.from(), ask.at(), ask.hasRules());
    }
  }

  /**
   * Rows that there was room for, at most.
   *
   * @param free bytes that were, without sessions, when there was none for more
   */
  private record Room(int rows, long free) {}

  /**
   * @param batch rows at most, or {@link Pipeline#CHOSEN}
   * @param output name of the model output that holds the class scores, null for the first
   * @param letGo called before sessions are closed for want of room: takes what is still wanted of
   *     them
   */
  Sessions(Network network, Device device, int batch, String output, Runnable letGo) {
    this.network = network;
    this.device = device;
    this.batch = batch;
    this.output = output;
    this.letGo = letGo;
    windowing = new Windowing(network, device, output);
  }

  /**
   * Rows of a session for this ask; even where they come in pairs.
   *
   * @param width that can be filled at a time
   */
  int rows(Ask ask, long width) {
    Room room = rooms.get(Kind.of(ask));
    int most = single ? 1 : room == null ? Integer.MAX_VALUE : room.rows();
    int rows = Math.clamp(width, 1, Math.min(most, most(ask.wantsGradient(), width)));
    return ask.rules().paired() ? rows + rows % 2 : rows;
  }

  private int most(boolean gradient, long width) {
    if (batch != Pipeline.CHOSEN) {
      return batch;
    }
    if (width <= BatchSize.LEAST && !chosen.containsKey(gradient)) {
      return BatchSize.LEAST;
    }
    return chosen.computeIfAbsent(gradient, g -> BatchSize.of(network, device, output, g));
  }

  /** Where much more is free than when a batch had no room, as what took it is gone. */
  void forgetShortage() {
    if (!rooms.isEmpty()) {
      long free = device.freeBytes() + bytes();
      rooms.values().removeIf(r -> free > r.free() + r.free() / 2);
    }
  }

  private long bytes() {
    long bytes = windowing.bytes();
    for (Session s : plain.values()) {
      bytes += s.memory().bytes();
    }
    for (Ruled r : ruled.values()) {
      bytes += r.session().memory().bytes();
    }
    return bytes;
  }

  /**
   * Tells what is asked next. One session serves all rules that go back to one value with as many
   * rows; those of other rules, which keep activations, are closed if there are any to come.
   *
   * @param asks with the rows of each
   */
  void expect(Map<Ask, Integer> asks) {
    expected.clear();
    asks.forEach(
        (ask, rows) -> {
          if (ask.hasRules()) {
            Key key = new Key(ask.at(), rows);
            expected.computeIfAbsent(key, k -> new LinkedHashSet<>()).add(ask.rules());
          }
        });
    if (!expected.isEmpty()) {
      for (var i = ruled.entrySet().iterator(); i.hasNext(); ) {
        var open = i.next();
        Set<Rules> rules = expected.get(open.getKey());
        if (rules == null || !open.getValue().rules().containsAll(rules)) {
          open.getValue().session().close();
          i.remove();
        }
      }
    }
  }

  /** The session for this ask. */
  Session of(Ask ask, int rows) {
    return ask.hasRules() ? withRules(ask, rows) : without(ask, rows);
  }

  private Session withRules(Ask ask, int rows) {
    Key key = new Key(ask.at(), rows);
    Ruled open = ruled.get(key);
    if (open == null) {
      Set<Rules> rules = expected.getOrDefault(key, Set.of(ask.rules()));
      var options = new SessionOptions(List.of(ask.at()), output, List.copyOf(rules));
      Kind kind = new Kind("", ask.at(), true);
      open = new Ruled(open(kind, rows, options), Set.copyOf(rules));
      ruled.put(key, open);
    }
    return open.session();
  }

  /** One of another size is replaced. */
  private Session without(Ask ask, int rows) {
    Ends ends = new Ends(ask.from(), ask.at());
    Session open = plain.get(ends);
    if (open != null && open.batch() == rows) {
      return open;
    }
    if (open != null) {
      plain.remove(ends).close();
    }
    SessionOptions options =
        new SessionOptions(
            ask.wantsGradient() ? List.of(ask.at()) : List.of(), output, List.of(), ask.from());
    Session session = open(Kind.of(ask), rows, options);
    plain.put(ends, session);
    return session;
  }

  /**
   * That for windows of the probe's image; null where it saves nothing.
   *
   * @param probe for which {@link Windowing#isTried}
   */
  Windowed windowed(Probe<?> probe, int rows) {
    return windowing.of(probe, rows);
  }

  /**
   * A session of so many rows, or of half as many, and so on, where the device has no room; of one
   * where the model can be read for no more. It has run once: whatever memory it takes is taken
   * before a probe writes a row.
   */
  private Session open(Kind kind, int rows, SessionOptions options) {
    boolean paired = options.rules().stream().anyMatch(Rules::paired);
    while (true) {
      try {
        return opened(rows, options);
      } catch (OnlyBatch e) {
        if (paired) {
          throw new Unsuited(
              e.getMessage() + ", with a method that does not compare two rows of one", e);
        }
        single = true;
        rows = 1;
      } catch (OutOfMemory e) {
        if (isOpen()) {
          letGo.run();
          close(); // what earlier asks were run with
          continue;
        }
        if (device.kernels().spare().give()) {
          continue;
        }
        int less = Math.max(1, rows / 2);
        less += paired ? less % 2 : 0;
        if (less >= rows) {
          rooms.remove(kind); // fewer rows did not help
          throw e;
        }
        rows = less;
        rooms.put(kind, new Room(less, device.freeBytes()));
      }
    }
  }

  private Session opened(int rows, SessionOptions options) {
    Graph graph = network.graph(rows, options);
    Session.checkScores(graph, options.output());
    Session session = Session.open(graph, device, options);
    try {
      session.checkClassifier();
      if (!device.readsHost()) {
        session.rehearse();
      }
      return session;
    } catch (RuntimeException | Error e) {
      session.close();
      throw e;
    }
  }

  boolean isOpen() {
    return !plain.isEmpty() || !ruled.isEmpty() || windowing.isOpen();
  }

  /** Closes all; they are opened anew when they are asked for. */
  @Override
  public void close() {
    windowing.close();
    plain.values().forEach(Session::close);
    plain.clear();
    ruled.values().forEach(r -> r.session().close());
    ruled.clear();
  }
}
