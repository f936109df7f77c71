package candela.device.cuda;

import candela.device.Choices;
import candela.device.Dense;
import candela.device.Device;
import candela.device.Kernels;
import candela.device.Library;
import candela.device.Memory;
import candela.device.Precision;
import candela.device.Recording;
import candela.device.Turn;
import candela.device.Work;
import candela.tensor.CandelaException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * One NVIDIA card: its primary context, one stream and those that recorded work forks to, our
 * kernels, cuDNN and cuBLASLt.
 *
 * <p>Addresses of device memory travel as {@link MemorySegment}s that Java must not read.
 */
public final class CudaDevice implements Device {
  /** What is left to the libraries and to others on the card: a tenth. */
  private static final double SHARE = 0.9;

  /** A device pointer whose address may be read. */
  private static final class Block extends CUdeviceptr {
    long address() {
      return getNativePointer();
    }
  }

  private final int card;
  private final Precision precision;
  private final CUdevice device;
  private final CUcontext context;
  private final CudaStream stream;
  private final BlockCache cache;
  private final Staging staging;
  private final Kernels kernels;
  private final CudaDense dense;
  private final CudaLanes lanes;
  private boolean closed;

  /**
   * @param card from 0
   * @throws CandelaException when the card, its driver, cuDNN or cuBLAS is missing
   */
  public CudaDevice(int card, Precision precision) {
    this.card = card;
    this.precision = precision;
    Library library = Library.open("cuda");
    int cards = Cards.count(library);
    if (card >= cards) {
      throw CandelaException.of(
          "device: one of the %d cards from cuda:0 on expected, got cuda:%d", cards, card);
    }
    Driver.load();
    device = Cards.device(card);
    context = new CUcontext();
    Driver.check("cuDevicePrimaryCtxRetain", JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
    try {
      bind();
      stream = new CudaStream(library, card);
      cache = new BlockCache((long) (SHARE * memory()[0]), this::take, this::give);
      staging = new Staging(stream, () -> new CudaStream(library, card));
      kernels = new Kernels(library, stream.kernels(), new Turn(this::bind));
      dense = new CudaDense(this, stream, card);
      lanes = new CudaLanes(library, card, stream, kernels, dense);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Makes the card's context that of this thread, which may be another than before, or have used
   * another card meanwhile.
   */
  private void bind() {
    Driver.check("cuCtxSetCurrent", JCudaDriver.cuCtxSetCurrent(context));
  }

  @Override
  public String name() {
    return "cuda:" + card;
  }

  @Override
  public String describe() {
    return Cards.describe(card) + ", driver for CUDA " + Cards.driver() + ", " + dense.describe();
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Precision precision() {
    return precision;
  }

  @Override
  public long sliceBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public long freeBytes() {
    bind();
    return Math.min(cache.left(), memory()[0] + cache.kept());
  }

  @Override
  public long allBytes() {
    bind();
    return (long) (SHARE * memory()[1]);
  }

  @Override
  public Optional<Choices> choices() {
    return Optional.of(dense.choices());
  }

  @Override
  public int lanes() {
    return CudaLanes.MOST;
  }

  @Override
  public Recording record(Runnable work) {
    return record("", List.of(new Work(work)));
  }

  @Override
  public Recording record(String name, List<Work> pieces) {
    return new CudaRecording(lanes, dense.choices(), name, pieces);
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public Dense dense() {
    return dense;
  }

  @Override
  public Memory allocate(long bytes) {
    Memory memory = allocateUnset(bytes);
    CUdeviceptr at = Driver.at(memory.segment().address());
    int code = JCudaDriver.cuMemsetD8Async(at, (byte) 0, Math.max(bytes, 1), stream.jcuda());
    if (code != CUresult.CUDA_SUCCESS) {
      memory.close();
    }
    Driver.check("cuMemsetD8Async", code);
    return memory;
  }

  @Override
  public Memory allocateUnset(long bytes) {
    if (bytes < 0) {
      throw CandelaException.of("%s: memory of 0 bytes or more expected, is %d", name(), bytes);
    }
    kernels.turn().run(this::bind); // not of a closed device
    if (stream.isCapturing()) {
      throw new IllegalStateException("memory taken within recorded work");
    }
    long address = cache.allocate(bytes);
    return new CudaMemory(MemorySegment.ofAddress(address).reinterpret(bytes));
  }

  /** A block of the card; freed at most once. */
  private final class CudaMemory implements Memory {
    private final MemorySegment segment;
    private boolean freed;

    CudaMemory(MemorySegment segment) {
      this.segment = segment;
    }

    @Override
    public MemorySegment segment() {
      if (freed) {
        throw new IllegalStateException("memory of " + name() + " used after it was closed");
      }
      return segment;
    }

    @Override
    public void close() {
      if (!freed) {
        freed = true;
        cache.free(segment.address(), segment.byteSize());
      }
    }
  }

  private long take(long bytes) {
    Block block = new Block();
    int code = JCudaDriver.cuMemAlloc(block, bytes);
    if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      return 0;
    }
    Driver.check("cuMemAlloc", code); // what failed before is told, too
    return block.address();
  }

  private void give(long address) {
    try {
      stream.synchronize();
    } finally {
      Driver.check("cuMemFree", JCudaDriver.cuMemFree(Driver.at(address)));
    }
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment to) {
    kernels
        .turn()
        .run(
            () -> {
              check(host, to);
              staging.down(host, to.address());
            });
  }

  @Override
  public void copyOut(MemorySegment from, MemorySegment host) {
    kernels
        .turn()
        .run(
            () -> {
              check(from, host);
              staging.up(from.address(), host);
            });
  }

  @Override
  public Runnable copyOutLater(MemorySegment from, MemorySegment host) {
    Turn turn = kernels.turn();
    Runnable later =
        turn.of(
            () -> {
              check(from, host);
              return staging.upLater(from.address(), host);
            });
    return () -> turn.run(later);
  }

  private void check(MemorySegment from, MemorySegment to) {
    if (from.byteSize() != to.byteSize()) {
      throw new IllegalArgumentException(
          "copy of " + from.byteSize() + " bytes to " + to.byteSize());
    }
    bind();
    if (stream.isCapturing()) {
      throw new IllegalStateException("a copy to or from the host within recorded work");
    }
  }

  /** Free and total bytes of the card. */
  private static long[] memory() {
    long[] free = {0};
    long[] total = {0};
    Driver.check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, total));
    return new long[] {free[0], total[0]};
  }

  /**
   * Waits, then frees what the device holds, all of it or what was opened before a fault, also
   * where some of it cannot be freed; memory is closed by whoever allocated it.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (kernels != null) {
      kernels.turn().end();
    }
    closed = true;
    try (stream;
        lanes;
        cache;
        staging;
        dense) {
      bind();
      if (stream != null) {
        stream.synchronize();
      }
    } finally {
      JCudaDriver.cuDevicePrimaryCtxRelease(device);
    }
  }
}
