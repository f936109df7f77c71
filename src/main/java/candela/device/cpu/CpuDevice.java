package candela.device.cpu;

import candela.device.Dense;
import candela.device.Device;
import candela.device.Entry;
import candela.device.Kernels;
import candela.device.Library;
import candela.device.Memory;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The processor: host memory, OpenMP kernels, oneDNN. */
public final class CpuDevice implements Device {
  private final int threads;
  private final Library library;
  private final CpuHeap heap;
  private final MemorySegment stream;
  private final Kernels kernels;
  private final CpuDense dense;
  private boolean closed;

  public CpuDevice(int threads) {
    this.threads = threads;
    this.library = Library.open("cpu");
    this.heap = new CpuHeap(library);
    this.stream = library.stream(threads, MemorySegment.NULL);
    this.kernels = new Kernels(library, stream);
    this.dense = new CpuDense(this, library, kernels);
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String describe() {
    return processor() + ", " + library.text("cd_level") + ", oneDNN " + oneDnn();
  }

  /** Major, minor and patch: the first three ints of what dnnl_version returns. */
  private String oneDnn() {
    var version = library.function("dnnl_version", FunctionDescriptor.of(ValueLayout.ADDRESS));
    if (version.isEmpty()) {
      return "none";
    }
    try {
      var numbers = (MemorySegment) version.get().invokeExact();
      int[] v = numbers.reinterpret(12).toArray(ValueLayout.JAVA_INT);
      return v[0] + "." + v[1] + "." + v[2];
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }

  /** The model name that Linux tells, else the architecture. */
  private static String processor() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"), StandardCharsets.ISO_8859_1)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseGet(() -> System.getProperty("os.arch"));
    } catch (IOException | UncheckedIOException e) {
      return System.getProperty("os.arch");
    }
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public boolean readsHost() {
    return true;
  }

  /**
   * Measured with convolutions of 224×224 images: best from 4 to 16 MB. Below, threads wait for
   * each other too often.
   */
  @Override
  public long sliceBytes() {
    return 16 << 20;
  }

  @Override
  public long freeBytes() {
    return FreeMemory.bytes();
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
    if (bytes < 0) {
      throw CandelaException.of("cpu: memory of 0 bytes or more expected, is %d", bytes);
    }
    return heap.allocate(bytes);
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment to) {
    copy(host, to);
  }

  @Override
  public void copyOut(MemorySegment from, MemorySegment host) {
    copy(from, host);
  }

  private static void copy(MemorySegment from, MemorySegment to) {
    if (from.byteSize() != to.byteSize()) {
      throw new IllegalArgumentException(
          "copy of " + from.byteSize() + " bytes to " + to.byteSize());
    }
    to.copyFrom(from);
  }

  /** Frees the stream; memory is closed by whoever allocated it. */
  @Override
  public void close() {
    if (!closed) {
      kernels.turn().end();
      closed = true;
      dense.close();
      library.entry("cd_stream_destroy", Library.POINTER).call(stream);
    }
  }
}
