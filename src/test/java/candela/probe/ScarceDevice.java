package candela.probe;

import candela.device.Choices;
import candela.device.Dense;
import candela.device.Device;
import candela.device.Kernels;
import candela.device.Memory;
import candela.device.OutOfMemory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A device with so many bytes and no more, which counts what is held. */
public final class ScarceDevice implements Device {
  private final Device device;
  private final long bytes;
  private Choices choices;
  private long left;
  private int held;
  private int asked;
  private int refused = -1;
  private int read;
  private int lost = -1;

  public ScarceDevice(Device device, long bytes) {
    this.device = device;
    this.bytes = bytes;
    left = bytes;
  }

  /** Has choices to keep, as a card has. */
  public void keep(Choices choices) {
    this.choices = choices;
  }

  /** So many bytes are left from now on. */
  public void leave(long bytes) {
    left = bytes;
  }

  public long left() {
    return left;
  }

  /** The n-th allocation from now on finds no room. */
  public void refuse(int n) {
    refused = asked + n;
  }

  /** Whether that allocation came. */
  public boolean hasRefused() {
    return asked >= refused;
  }

  /** The n-th copy to the host from now on finds no room, as it may on a card. */
  public void lose(int n) {
    lost = read + n;
  }

  /** Blocks that have not been closed. */
  public int held() {
    return held;
  }

  @Override
  public Memory allocate(long bytes) {
    asked++;
    if (bytes > left || asked == refused) {
      throw new OutOfMemory(name() + ": no room for " + bytes + " bytes", null);
    }
    Memory memory = device.allocate(bytes);
    left -= bytes;
    held++;
    return new Memory() {
      private boolean closed;

      @Override
      public MemorySegment segment() {
        return memory.segment();
      }

      @Override
      public void close() {
        if (!closed) {
          closed = true;
          left += bytes;
          held--;
          memory.close();
        }
      }
    };
  }

  @Override
  public String name() {
    return device.name();
  }

  @Override
  public String describe() {
    return device.describe();
  }

  @Override
  public int threads() {
    return device.threads();
  }

  @Override
  public boolean readsHost() {
    return device.readsHost();
  }

  @Override
  public long sliceBytes() {
    return device.sliceBytes();
  }

  @Override
  public long freeBytes() {
    return left;
  }

  @Override
  public Kernels kernels() {
    return device.kernels();
  }

  @Override
  public Dense dense() {
    return device.dense();
  }

  @Override
  public long allBytes() {
    return bytes;
  }

  @Override
  public Optional<Choices> choices() {
    return Optional.ofNullable(choices);
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment to) {
    device.copyIn(host, to);
  }

  @Override
  public void copyOut(MemorySegment from, MemorySegment host) {
    read++;
    if (read == lost) {
      throw new OutOfMemory(name() + ": no room for a copy", null);
    }
    device.copyOut(from, host);
  }

  @Override
  public void close() {
    device.close();
  }
}
