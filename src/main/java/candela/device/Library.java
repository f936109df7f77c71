package candela.device;

import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * One native library, {@code libcandela_cpu.so} or {@code libcandela_cuda.so}: both export the
 * entries of native/candela.h.
 *
 * <p>For any thread; stays loaded as long as the process.
 */
public final class Library {
  public static final ValueLayout POINTER = ValueLayout.ADDRESS;
  public static final ValueLayout INT = ValueLayout.JAVA_INT;
  public static final ValueLayout LONG = ValueLayout.JAVA_LONG;
  public static final ValueLayout FLOAT = ValueLayout.JAVA_FLOAT;
  public static final ValueLayout DOUBLE = ValueLayout.JAVA_DOUBLE;

  private static final int VERSION = 1;

  /** CD_MEMORY. */
  private static final int NO_MEMORY = 2;

  private final Path file;
  private final SymbolLookup symbols;
  private final Set<String> bound = new TreeSet<>();
  private final MethodHandle lastError;

  private Library(Path file) {
    this.file = file;
    try {
      this.symbols = SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw refused(file, e);
    }
    this.lastError = handle("cd_last_error", POINTER);
    int version = number("cd_version");
    if (version != VERSION) {
      throw CandelaException.of(
          "%s: version %d expected, %d found; build it again with ./candela",
          file, VERSION, version);
    }
  }

  /** With the linker's reason, which a look-up keeps to itself. */
  private static CandelaException refused(Path file, IllegalArgumentException e) {
    String reason = e.getMessage();
    try {
      System.load(file.toAbsolutePath().toString());
    } catch (UnsatisfiedLinkError linker) {
      reason = linker.getMessage();
    }
    boolean full = reason.contains("failed to map") || reason.contains("cannot allocate memory");
    return CandelaException.of(
        "%s: not a library that this machine can load (%s); %s",
        file,
        reason,
        full ? "give it more memory, see ulimit -v" : "build it again with ./candela");
  }

  /** The library {@code libcandela_NAME.so} of this installation. */
  public static Library open(String name) {
    Path file = NativeFolder.find().resolve("libcandela_" + name + ".so");
    if (!Files.exists(file) && name.equals("cuda")) {
      throw CandelaException.of(
          "%s: this build has no CUDA library, since nvcc was not found; install the CUDA toolkit"
              + " and build again with ./candela, or use --device cpu",
          file);
    }
    if (!Files.exists(file)) {
      throw CandelaException.of("%s: native library not found; build it with ./candela", file);
    }
    return new Library(file);
  }

  /** An entry that returns a status. */
  public Entry entry(String name, ValueLayout... parameters) {
    return new Entry(this, address(name), FunctionDescriptor.of(INT, (MemoryLayout[]) parameters));
  }

  /** A function of another name: of this library, or of one that it is linked with. */
  public Optional<MethodHandle> function(String name, FunctionDescriptor type) {
    return symbols.find(name).map(at -> Linker.nativeLinker().downcallHandle(at, type));
  }

  /**
   * What our entries queue their work on; destroy it with cd_stream_destroy.
   *
   * @param threads of the CPU's kernels; on a card its index + 1
   * @param queue the card's CUstream, {@link MemorySegment#NULL} on the CPU
   */
  public MemorySegment stream(int threads, MemorySegment queue) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(POINTER);
      entry("cd_stream_create", INT, POINTER, POINTER).call(threads, queue, out);
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** Calls an entry without parameters that returns a string. */
  public String text(String name) {
    return text(handle(name, POINTER));
  }

  /** Throws what the last failed call of this thread said. */
  void check(int status) {
    if (status == NO_MEMORY) {
      throw new OutOfMemory(text(lastError));
    }
    if (status != 0) {
      throw new CandelaException(text(lastError));
    }
  }

  /** Names bound so far: HeaderTest compares them with what native/candela.h declares. */
  public synchronized Set<String> bound() {
    return new TreeSet<>(bound);
  }

  public Path file() {
    return file;
  }

  @Override
  public String toString() {
    return file.toString();
  }

  private MethodHandle handle(String name, ValueLayout result, ValueLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(address(name), FunctionDescriptor.of(result, (MemoryLayout[]) parameters));
  }

  private synchronized MemorySegment address(String name) {
    MemorySegment address =
        symbols
            .find(name)
            .orElseThrow(
                () ->
                    CandelaException.of(
                        "%s: entry %s not found; build it again with ./candela", file, name));
    bound.add(name);
    return address;
  }

  private int number(String name) {
    try {
      return (int) handle(name, INT).invokeExact();
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }

  private static String text(MethodHandle handle) {
    try {
      var address = (MemorySegment) handle.invokeExact();
      return address.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw Entry.rethrow(e);
    }
  }
}
