package candela.device;

import java.lang.foreign.MemorySegment;

/** A block of device memory, 64-byte aligned, zero at first: the one thing that is closed. */
public interface Memory extends AutoCloseable {
  MemorySegment segment();

  default long bytes() {
    return segment().byteSize();
  }

  /** Frees the block; every tensor in it is invalid from here on. */
  @Override
  void close();
}
