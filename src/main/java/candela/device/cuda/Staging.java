package candela.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;

/**
 * Pinned host memory between Java and the card: small copies down are queued without waiting, and
 * large ones go through in pieces.
 *
 * <p>For the thread that uses the device.
 */
final class Staging implements AutoCloseable {
  private static final long BYTES = 16 << 20;

  private static final long ALIGNMENT = 64;

  private final CudaStream stream;
  private final Pointer pinned = new Pointer();
  private final MemorySegment host;
  private long used;

  Staging(CudaStream stream) {
    this.stream = stream;
    Driver.check("cuMemAllocHost", JCudaDriver.cuMemAllocHost(pinned, BYTES));
    host = MemorySegment.ofBuffer(pinned.getByteBuffer(0, BYTES));
  }

  /** Queues a copy; the source may change once this returns. */
  void down(MemorySegment from, long to) {
    long size = from.byteSize();
    for (long at = 0; at < size; ) {
      long n = Math.min(size - at, BYTES);
      if (used + n > BYTES) {
        stream.synchronize(); // what is queued from here has been read then
        used = 0;
      }
      MemorySegment.copy(from, at, host, used, n);
      CUdeviceptr target = Driver.at(to + at);
      Driver.check(
          "cuMemcpyHtoDAsync",
          JCudaDriver.cuMemcpyHtoDAsync(target, pinned(used), n, stream.jcuda()));
      used = Math.min(BYTES, (used + n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
      at += n;
    }
  }

  /** Waits for the work before it, and copies. */
  void up(long from, MemorySegment to) {
    long size = to.byteSize();
    stream.synchronize();
    used = 0;
    for (long at = 0; at < size; ) {
      long n = Math.min(size - at, BYTES);
      Driver.check(
          "cuMemcpyDtoHAsync",
          JCudaDriver.cuMemcpyDtoHAsync(pinned(0), Driver.at(from + at), n, stream.jcuda()));
      stream.synchronize();
      MemorySegment.copy(host, 0, to, at, n);
      at += n;
    }
  }

  private Pointer pinned(long offset) {
    return pinned.withByteOffset(offset);
  }

  @Override
  public void close() {
    JCudaDriver.cuMemFreeHost(pinned);
  }
}
