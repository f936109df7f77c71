package candela.device;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * One bound {@code cd_*} entry. A status other than 0 becomes a CandelaException with the native
 * message.
 *
 * <p>For any thread. Its handle is made at the first call: that takes milliseconds, and most runs
 * call a third of all entries.
 */
public final class Entry {
  private final Library library;
  private final MemorySegment address;
  private final FunctionDescriptor type;
  private MethodHandle handle;

  Entry(Library library, MemorySegment address, FunctionDescriptor type) {
    this.library = library;
    this.address = address;
    this.type = type;
  }

  private MethodHandle handle() {
    MethodHandle made = handle;
    if (made == null) {
      made = Linker.nativeLinker().downcallHandle(address, type);
      made =
          made.asType(made.type().generic().changeReturnType(int.class))
              .asSpreader(Object[].class, type.argumentLayouts().size());
      handle = made;
    }
    return made;
  }

  /**
   * Calls with the parameters in the header's order. An {@code int[]} is passed as a pointer to a
   * copy that lives as long as the call; a {@code boolean} as 0 or 1.
   */
  public void call(Object... arguments) {
    boolean arrays = false;
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i] instanceof Boolean flag) {
        arguments[i] = flag ? 1 : 0;
      } else if (arguments[i] == null) {
        arguments[i] = MemorySegment.NULL;
      } else {
        arrays |= arguments[i] instanceof int[];
      }
    }
    library.check(arrays ? invokeWithCopies(arguments) : invoke(arguments));
  }

  private int invokeWithCopies(Object[] arguments) {
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < arguments.length; i++) {
        if (arguments[i] instanceof int[] numbers) {
          arguments[i] = arena.allocateFrom(ValueLayout.JAVA_INT, numbers);
        }
      }
      return invoke(arguments);
    }
  }

  private int invoke(Object[] arguments) {
    try {
      return (int) handle().invokeExact(arguments);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  /** Handles declare Throwable; what they throw is unchecked. */
  public static RuntimeException rethrow(Throwable e) {
    if (e instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(e);
  }
}
