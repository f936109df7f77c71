package candela.device.cuda;

import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** Functions of a library of NVIDIA's that is found at run time. */
final class Foreign {
  static final ValueLayout P = ValueLayout.ADDRESS;
  static final ValueLayout I = ValueLayout.JAVA_INT;
  static final ValueLayout L = ValueLayout.JAVA_LONG;

  private final Path file;
  private final SymbolLookup symbols;

  Foreign(Path file) {
    this.file = file;
    try {
      symbols = SymbolLookup.libraryLookup(file, Arena.global());
    } catch (IllegalArgumentException e) {
      throw CandelaException.of("cuda: %s cannot be loaded (%s)", file, e.getMessage());
    }
  }

  /** A function whose arguments are passed as Objects; all but a few return a status. */
  MethodHandle bind(String name, ValueLayout result, ValueLayout... parameters) {
    MemorySegment address =
        symbols
            .find(name)
            .orElseThrow(
                () -> CandelaException.of("cuda: %s has no %s; use a newer one", file, name));
    MethodHandle handle =
        Linker.nativeLinker()
            .downcallHandle(address, FunctionDescriptor.of(result, (MemoryLayout[]) parameters));
    return handle.asType(handle.type().generic()).asSpreader(Object[].class, parameters.length);
  }

  static Object call(MethodHandle handle, Object... arguments) {
    try {
      return handle.invoke(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** "9.19.0" of 91900, as these libraries number themselves. */
  static String version(MethodHandle handle) {
    long v = (long) call(handle);
    return v / 10000 + "." + v / 100 % 100 + "." + v % 100;
  }

  static String text(MemorySegment at) {
    return at.equals(MemorySegment.NULL) ? "" : at.reinterpret(Long.MAX_VALUE).getString(0);
  }
}
