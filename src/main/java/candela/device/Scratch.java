package candela.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Working memory that all operators of a device share, one after another on its stream; those that
 * run side by side have their own, see {@link #lane}. It grows; what it was before stays, because
 * recorded work may know its address.
 */
public final class Scratch implements AutoCloseable {
  private static final long LEAST = 32 << 20;

  /** Of a lane beside the main one: those run what is small. */
  private static final long LEAST_BESIDE = 1 << 20;

  private final Device device;
  private final List<List<Memory>> lanes = new ArrayList<>();
  private int lane;

  public Scratch(Device device) {
    this.device = device;
    lane(0);
  }

  /** Whose memory {@link #bytes} gives from here on; 0 is the main lane. */
  public void lane(int lane) {
    while (lanes.size() <= lane) {
      lanes.add(new ArrayList<>());
    }
    this.lane = lane;
  }

  /** At least so many bytes, whose contents the next user overwrites. */
  public MemorySegment bytes(long bytes) {
    List<Memory> held = lanes.get(lane);
    if (held.isEmpty() || held.getLast().bytes() < bytes) {
      long least = lane == 0 ? LEAST : LEAST_BESIDE;
      long twice = held.isEmpty() ? least : 2 * held.getLast().bytes();
      held.add(allocate(bytes, Math.max(bytes, twice)));
    }
    return held.getLast().segment();
  }

  /** So much as it would grow to, or as is needed now where there is no room for that. */
  private Memory allocate(long bytes, long grown) {
    try {
      return device.allocate(grown);
    } catch (OutOfMemory e) {
      if (bytes == grown) {
        throw e;
      }
      return device.allocate(bytes);
    }
  }

  @Override
  public void close() {
    lanes.forEach(held -> held.forEach(Memory::close));
    lanes.forEach(List::clear);
  }
}
