package candela.device.cpu;

import candela.device.Entry;
import candela.device.Library;
import candela.device.Memory;
import candela.device.OutOfMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Host memory from the C library that the kernels see: in a sanitizer build its allocator, which
 * knows the first byte beyond a block.
 *
 * <p>For any thread, as are its blocks.
 */
final class CpuHeap {
  private static final long ALIGNMENT = 64;

  /** From here on calloc: its pages are zero before anybody touches them. */
  private static final long LARGE = 1 << 20;

  /** From here on in huge pages: large images miss the translation buffer at every line else. */
  private static final long HUGE = 2 << 20;

  private static final int MADV_HUGEPAGE = 14;

  /** From here on only what is free: the C library hands out more than the machine has. */
  private static final long ASK = 64 << 20;

  private static final FunctionDescriptor TWO_SIZES =
      FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG);

  private final MethodHandle calloc;
  private final MethodHandle memalign;
  private final MethodHandle free;
  private final MethodHandle madvise;

  CpuHeap(Library library) {
    calloc = library.function("calloc", TWO_SIZES).orElseThrow();
    memalign = library.function("memalign", TWO_SIZES).orElseThrow();
    free = library.function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)).orElseThrow();
    madvise =
        library
            .function(
                "madvise",
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT))
            .orElseThrow();
  }

  /** The arena lives as long as the block, which closes it. */
  @SuppressWarnings("MustBeClosedChecker")
  Memory allocate(long bytes) {
    if (bytes >= ASK && bytes > FreeMemory.bytes()) {
      throw none(bytes);
    }
    boolean large = bytes >= LARGE;
    long alignment = bytes >= HUGE ? HUGE : ALIGNMENT;
    MemorySegment block =
        large ? call(calloc, 1, bytes + alignment) : call(memalign, alignment, bytes);
    if (block.address() == 0) {
      throw none(bytes);
    }
    Arena arena = Arena.ofShared();
    long skip = -block.address() & (alignment - 1);
    MemorySegment segment =
        block.reinterpret(skip + bytes, arena, ignored -> free(block)).asSlice(skip, bytes);
    if (!large) {
      segment.fill((byte) 0);
    }
    if (bytes >= HUGE) {
      advise(segment);
    }
    return new Block(segment, arena);
  }

  private static OutOfMemory none(long bytes) {
    return new OutOfMemory(
        String.format(
            Locale.ROOT,
            "cpu: %,d MiB of memory needed, %,d MiB are free; use a smaller batch or model",
            bytes >> 20,
            FreeMemory.bytes() >> 20));
  }

  private record Block(MemorySegment segment, Arena arena) implements Memory {
    @Override
    public void close() {
      arena.close();
    }
  }

  /** A wish only: what the system says to it does not matter. */
  private void advise(MemorySegment segment) {
    try {
      int _ = (int) madvise.invokeExact(segment, segment.byteSize() & -HUGE, MADV_HUGEPAGE);
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }

  private static MemorySegment call(MethodHandle handle, long a, long b) {
    try {
      return (MemorySegment) handle.invokeExact(a, b);
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }

  private void free(MemorySegment block) {
    try {
      free.invokeExact(block);
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }
}
