package candela.device.cuda;

import candela.device.OutOfMemory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.function.LongUnaryOperator;

/**
 * Keeps freed blocks of device memory for the next who wants one: asking the driver waits for all
 * queued work. Never holds more than its budget.
 *
 * <p>Blocks are rounded up to the next of eight steps between powers of two, so that at most an
 * eighth is wasted. A freed block may be handed out at once: its next user's work is queued behind
 * that of the last. For one thread.
 */
final class BlockCache implements AutoCloseable {
  private static final long LEAST = 512;

  private final long budget;
  private final LongUnaryOperator take;
  private final LongConsumer give;
  private final TreeMap<Long, Deque<Long>> free = new TreeMap<>();
  private long held;
  private long kept;

  /**
   * @param budget bytes that may be held at most, used and kept together
   * @param take address of a new block of so many bytes, 0 where there is none
   * @param give returns the block at this address
   */
  BlockCache(long budget, LongUnaryOperator take, LongConsumer give) {
    this.budget = budget;
    this.take = take;
    this.give = give;
  }

  /** Bytes of the block that a request for so many gets. */
  static long rounded(long bytes) {
    if (bytes <= LEAST) {
      return LEAST;
    }
    long step = Math.max(LEAST, Long.highestOneBit(bytes - 1) >> 3);
    return (bytes + step - 1) / step * step;
  }

  /**
   * Address of a block of at least so many bytes.
   *
   * @throws OutOfMemory when the budget or the card is exhausted
   */
  long allocate(long bytes) {
    long size = rounded(bytes);
    if (free.containsKey(size)) {
      return pop(size);
    }
    if (held + size > budget) {
      release();
    }
    if (held + size > budget) {
      throw new OutOfMemory(needed(size));
    }
    long address = take.applyAsLong(size);
    if (address == 0) {
      release();
      address = take.applyAsLong(size);
    }
    if (address == 0) {
      throw new OutOfMemory(needed(size));
    }
    held += size;
    return address;
  }

  /** One of those of this size that are kept. */
  private long pop(long size) {
    Deque<Long> ready = free.get(size);
    long address = ready.pop();
    if (ready.isEmpty()) {
      free.remove(size);
    }
    kept -= size;
    return address;
  }

  /** Takes back a block that {@link #allocate} gave for so many bytes. */
  void free(long address, long bytes) {
    long size = rounded(bytes);
    free.computeIfAbsent(size, s -> new ArrayDeque<>()).push(address);
    kept += size;
  }

  /** Bytes in use. */
  long used() {
    return held - kept;
  }

  /** Bytes that were freed and are kept. */
  long kept() {
    return kept;
  }

  /** Bytes that may still be asked for. */
  long left() {
    return budget - used();
  }

  /** Returns what is kept to the driver. */
  void release() {
    while (!free.isEmpty()) {
      long size = free.firstKey();
      long address = pop(size);
      held -= size;
      give.accept(address); // where it throws, the block is nobody's
    }
  }

  private String needed(long size) {
    return String.format(
        Locale.ROOT,
        "cuda: %,d MiB of memory needed, %,d of %,d MiB are used; use a smaller batch or model",
        size + (1 << 20) - 1 >> 20,
        used() >> 20,
        budget >> 20);
  }

  /** Returns all that is kept, also where one of them cannot be. */
  @Override
  public void close() {
    RuntimeException fault = null;
    while (!free.isEmpty()) {
      try {
        release();
      } catch (RuntimeException e) {
        fault = e;
      }
    }
    if (fault != null) {
      throw fault;
    }
  }
}
