package candela.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/**
 * Pinned host memory between Java and the card. What goes down is copied here and queued, and
 * nobody waits before both halves are full of copies under way. What comes up waits for nothing but
 * its own pieces: while one is taken out, the card copies the next.
 *
 * <p>Long copies go beside the card's work, one stream for each direction: what goes down lands in
 * memory of its own, and what comes up leaves from such, so that the work waits for no more than a
 * copy within the card.
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

  /** Shorter ones are copied in the time that handing them to another stream takes. */
  private static final long BESIDE = 64 << 10;

  private final CudaStream stream;

  /** Of long copies, while the other one works. */
  private final CudaStream downs;

  private final CudaStream ups;
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

  /** On the card, of what goes down and of what comes up later; laid out as their host memory. */
  private final CUdeviceptr landing;

  private final CUdeviceptr leaving;

  /** What another stream goes on from, recorded anew for each copy. */
  private final CUevent landed;

  private final CUevent left;

  /** When the copy to a place has been made. */
  private final CUevent[] passed = new CUevent[LATER];

  private final Deque<Integer> free = new ArrayDeque<>();
  private int half;
  private long used;

  /** Pieces that went down so far. */
  private long sent;

  /**
   * @param streams makes one more stream of the card
   */
  Staging(CudaStream stream, Supplier<CudaStream> streams) {
    this.stream = stream;
    try {
      downs = streams.get();
      ups = streams.get();
      landed = stream.mark();
      left = stream.mark();
      landing = taken(2 * HALF);
      leaving = taken(LATER * LATER_BYTES);
      downHost = pinned(down, 2 * HALF);
      upHost = pinned(up, SLOTS * PIECE);
      laterHost = pinned(later, LATER * LATER_BYTES);
      for (CUevent[] marks : List.of(read, written, passed)) {
        Arrays.setAll(marks, i -> stream.mark());
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    for (int i = 0; i < LATER; i++) {
      free.push(i);
    }
  }

  private static CUdeviceptr taken(long bytes) {
    CUdeviceptr at = new CUdeviceptr();
    Driver.check("cuMemAlloc", JCudaDriver.cuMemAlloc(at, bytes));
    return at;
  }

  private static MemorySegment pinned(Pointer to, long bytes) {
    Driver.check("cuMemAllocHost", JCudaDriver.cuMemAllocHost(to, bytes));
    return MemorySegment.ofBuffer(to.getByteBuffer(0, bytes));
  }

  /** Queues a copy; the source may change once this returns. */
  void down(MemorySegment from, long to) {
    long size = from.byteSize();
    boolean beside = beside(size);
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
      if (beside) {
        CUdeviceptr passing = landing.withByteOffset(place);
        send(place, passing, n, downs);
        stream.follow(downs, landed);
        within(passing, Driver.at(to + at), n);
      } else {
        send(place, Driver.at(to + at), n, stream);
      }
      used += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      at += n;
      sent++;
    }
  }

  /** Long, and the card is at work. */
  private boolean beside(long bytes) {
    return bytes >= BESIDE && !stream.isIdle();
  }

  private void send(long place, CUdeviceptr to, long bytes, CudaStream on) {
    Driver.check(
        "cuMemcpyHtoDAsync",
        JCudaDriver.cuMemcpyHtoDAsync(to, down.withByteOffset(place), bytes, on.jcuda()));
  }

  private void within(CUdeviceptr from, CUdeviceptr to, long bytes) {
    Driver.check(
        "cuMemcpyDtoDAsync", JCudaDriver.cuMemcpyDtoDAsync(to, from, bytes, stream.jcuda()));
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
        long n = Math.min(size - queued, PIECE);
        fetch(Driver.at(from + queued), up.withByteOffset(slot * PIECE), n, stream, written[slot]);
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
    int place = free.peek();
    long before = sent;
    Pointer host = later.withByteOffset(place * LATER_BYTES);
    if (beside(size)) {
      CUdeviceptr passing = leaving.withByteOffset(place * LATER_BYTES);
      within(Driver.at(from), passing, size);
      ups.follow(stream, left);
      fetch(passing, host, size, ups, passed[place]);
    } else {
      fetch(Driver.at(from), host, size, stream, passed[place]);
    }
    free.pop(); // not where that failed
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

  private static void fetch(CUdeviceptr from, Pointer to, long bytes, CudaStream on, CUevent done) {
    Driver.check("cuMemcpyDtoHAsync", JCudaDriver.cuMemcpyDtoHAsync(to, from, bytes, on.jcuda()));
    on.record(done);
  }

  /**
   * Frees all, or what was made before a fault. The device has waited for its own stream's work.
   */
  @Override
  public void close() {
    try (downs;
        ups) {
      for (CUevent[] marks : List.of(read, written, passed, new CUevent[] {landed, left})) {
        for (CUevent e : marks) {
          CudaStream.destroy(e);
        }
      }
    } finally { // the streams have waited
      free(landing);
      free(leaving);
      unpin(downHost, down);
      unpin(upHost, up);
      unpin(laterHost, later);
    }
  }

  private static void free(CUdeviceptr at) {
    if (at != null) {
      JCudaDriver.cuMemFree(at);
    }
  }

  private static void unpin(MemorySegment host, Pointer at) {
    if (host != null) {
      JCudaDriver.cuMemFreeHost(at);
    }
  }
}
