package candela.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/**
 * Pinned host memory between Java and the card. What goes down is copied here and queued, and
 * nobody waits before both halves are full of copies under way. What comes up waits for nothing but
 * its own pieces: while one is taken out, the card copies the next.
 *
 * <p>Where all that went down is known to have arrived, its place is taken again at once, which the
 * processor's cache still holds: a copy of an image there took half as long as one to memory.
 *
 * <p>For the thread that uses the device.
 */
final class Staging implements AutoCloseable {
  /** Short enough that the first of an image's pieces is there early, long beside its latency. */
  private static final long PIECE = 256 << 10;

  /** Of what goes down. */
  private static final long HALF = 8 << 20;

  /** Pieces coming up at a time. */
  private static final int SLOTS = 8;

  /** Copies that nobody waits for yet, as the scores of a batch or one map, and bytes of one. */
  private static final int LATER = 32;

  private static final long LATER_BYTES = 256 << 10;

  private static final long ALIGNMENT = 64;

  private final CudaStream stream;
  private final Pointer down = new Pointer();
  private final Pointer up = new Pointer();
  private final MemorySegment downHost;
  private final MemorySegment upHost;

  /** When the copies from a half have been made. */
  private final CUevent[] read = new CUevent[2];

  /** When the copy to a slot has been made. */
  private final CUevent[] written = new CUevent[SLOTS];

  private final Pointer later = new Pointer();
  private final MemorySegment laterHost;

  /** When the copy to a place has been made. */
  private final CUevent[] passed = new CUevent[LATER];

  private final Deque<Integer> free = new ArrayDeque<>();
  private int half;
  private long used;

  /** Pieces that went down so far. */
  private long sent;

  Staging(CudaStream stream) {
    this.stream = stream;
    downHost = pinned(down, 2 * HALF);
    upHost = pinned(up, SLOTS * PIECE);
    laterHost = pinned(later, LATER * LATER_BYTES);
    for (CUevent[] marks : List.of(read, written, passed)) {
      Arrays.setAll(marks, i -> stream.mark());
    }
    for (int i = 0; i < LATER; i++) {
      free.push(i);
    }
  }

  private static MemorySegment pinned(Pointer to, long bytes) {
    Driver.check("cuMemAllocHost", JCudaDriver.cuMemAllocHost(to, bytes));
    return MemorySegment.ofBuffer(to.getByteBuffer(0, bytes));
  }

  /** Queues a copy; the source may change once this returns. */
  void down(MemorySegment from, long to) {
    long size = from.byteSize();
    for (long at = 0; at < size; ) {
      long n = Math.min(size - at, PIECE);
      if (used + n > HALF) {
        stream.record(read[half]);
        half = 1 - half;
        CudaStream.await(read[half]);
        used = 0;
      }
      long place = half * HALF + used;
      MemorySegment.copy(from, at, downHost, place, n);
      Driver.check(
          "cuMemcpyHtoDAsync",
          JCudaDriver.cuMemcpyHtoDAsync(
              Driver.at(to + at), down.withByteOffset(place), n, stream.jcuda()));
      used += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      at += n;
      sent++;
    }
  }

  /** All of this many pieces have arrived. */
  private void arrived(long pieces) {
    if (pieces == sent) {
      used = 0;
    }
  }

  /** Copies what is there after all work before it, and waits for that. */
  void up(long from, MemorySegment to) {
    long size = to.byteSize();
    long queued = 0;
    for (long at = 0; at < size; at += PIECE) {
      for (; queued < Math.min(size, at + SLOTS * PIECE); queued += PIECE) {
        int slot = slot(queued);
        queue(from + queued, up, slot * PIECE, Math.min(size - queued, PIECE), written[slot]);
      }
      CudaStream.await(written[slot(at)]);
      MemorySegment.copy(upHost, slot(at) * PIECE, to, at, Math.min(size - at, PIECE));
    }
    if (size > 0) {
      arrived(sent);
    }
  }

  /**
   * Queues what {@link #up} does; what is returned waits for it and takes it out. At once where it
   * is large or as many are under way.
   */
  Runnable upLater(long from, MemorySegment to) {
    long size = to.byteSize();
    if (size > LATER_BYTES || free.isEmpty()) {
      up(from, to);
      return () -> {};
    }
    int place = free.pop();
    long before = sent;
    queue(from, later, place * LATER_BYTES, size, passed[place]);
    return () -> {
      CudaStream.await(passed[place]);
      arrived(before);
      MemorySegment.copy(laterHost, place * LATER_BYTES, to, 0, size);
      free.push(place);
    };
  }

  private static int slot(long at) {
    return (int) (at / PIECE % SLOTS);
  }

  private void queue(long from, Pointer to, long offset, long bytes, CUevent done) {
    Driver.check(
        "cuMemcpyDtoHAsync",
        JCudaDriver.cuMemcpyDtoHAsync(
            to.withByteOffset(offset), Driver.at(from), bytes, stream.jcuda()));
    stream.record(done);
  }

  /** The device has waited for all work. */
  @Override
  public void close() {
    for (CUevent[] marks : List.of(read, written, passed)) {
      for (CUevent e : marks) {
        JCudaDriver.cuEventDestroy(e);
      }
    }
    JCudaDriver.cuMemFreeHost(down);
    JCudaDriver.cuMemFreeHost(up);
    JCudaDriver.cuMemFreeHost(later);
  }
}
