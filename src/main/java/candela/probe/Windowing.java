package candela.probe;

import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.Network;
import candela.graph.OnlyBatch;
import candela.graph.Windowed;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The session for rows that are one image but for a window each. One at a time is open.
 *
 * <p>For one thread.
 */
public final class Windowing implements AutoCloseable {
  /** Rows from which on a session of its own is opened, which takes the time of some hundred. */
  private static final int WORTH = 500;

  private final Network network;
  private final Device device;
  private final String output;
  private final Set<Key> none = new HashSet<>();
  private Windowed open;
  private Key key;

  private record Key(int rows, int tall, int wide) {}

  /**
   * @param output name of the model output that holds the class scores, null for the first
   */
  Windowing(Network network, Device device, String output) {
    this.network = network;
    this.device = device;
    this.output = output;
  }

  /** Whether such a session is tried for what the probe asks now. */
  public static boolean isTried(Probe<?> probe, Device device) {
    return probe.size() >= WORTH
        && device.dense().isSameAtAnySize()
        && !probe.ask().wantsGradient()
        && probe.occluded() != null;
  }

  /**
   * Ready for the probe's image; null where nothing is saved.
   *
   * @param probe for which it {@link #isTried}
   * @param rows of a batch
   */
  Windowed of(Probe<?> probe, int rows) {
    Occluded of = probe.occluded();
    Key wanted = new Key(rows, of.tall(), of.wide());
    if (none.contains(wanted)) {
      return null;
    }
    if (!wanted.equals(key)) {
      close();
      open = open(network, device, rows, output, of.tall(), of.wide());
      if (open == null) {
        none.add(wanted);
        return null;
      }
      key = wanted;
    }
    open.image(of.image());
    return open;
  }

  /** Largest windows first, equal ones together, so that a session serves all that it can. */
  static void sort(List<Probe<?>> tried) {
    tried.sort(
        Comparator.<Probe<?>>comparingInt(p -> -p.occluded().tall())
            .thenComparingInt(p -> -p.occluded().wide()));
  }

  boolean isOpen() {
    return open != null;
  }

  /** Of the session that is open, 0 where none is. */
  long bytes() {
    return open == null ? 0 : open.bytes();
  }

  /**
   * As {@link Windowed#open}, but null also where there is no room for a second session, or the
   * model can be read for another batch only: the ordinary one does it as well.
   */
  public static Windowed open(
      Network network, Device device, int rows, String output, int tall, int wide) {
    try {
      return Windowed.open(network, device, rows, output, tall, wide);
    } catch (OutOfMemory | OnlyBatch e) {
      return null;
    }
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
    open = null;
    key = null;
  }
}
