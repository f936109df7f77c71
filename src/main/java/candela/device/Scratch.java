package candela.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Working memory that all operators of a device share, one after another on its stream. It grows;
 * what it was before stays, because recorded work may know its address.
 */
public final class Scratch implements AutoCloseable {
  private static final long LEAST = 32 << 20;

  private final Device device;
  private final List<Memory> held = new ArrayList<>();

  public Scratch(Device device) {
    this.device = device;
  }

  /** At least so many bytes, whose contents the next user overwrites. */
  public MemorySegment bytes(long bytes) {
    if (held.isEmpty() || held.getLast().bytes() < bytes) {
      long twice = held.isEmpty() ? LEAST : 2 * held.getLast().bytes();
      held.add(device.allocate(Math.max(bytes, twice)));
    }
    return held.getLast().segment();
  }

  @Override
  public void close() {
    held.forEach(Memory::close);
    held.clear();
  }
}
