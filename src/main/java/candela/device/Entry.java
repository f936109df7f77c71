package candela.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * One bound {@code cd_*} entry. A status other than 0 becomes a CandelaException with the native
 * message.
 */
public final class Entry {
  private final Library library;
  private final MethodHandle handle;

  Entry(Library library, MethodHandle handle) {
    this.library = library;
    this.handle =
        handle
            .asType(handle.type().generic().changeReturnType(int.class))
            .asSpreader(Object[].class, handle.type().parameterCount());
  }

  /**
   * Calls with the parameters in the header's order. An {@code int[]} is passed as a pointer to a
   * copy that lives as long as the call; a {@code boolean} as 0 or 1.
   */
  public void call(Object... arguments) {
    int status;
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < arguments.length; i++) {
        if (arguments[i] instanceof int[] numbers) {
          arguments[i] = arena.allocateFrom(ValueLayout.JAVA_INT, numbers);
        } else if (arguments[i] instanceof Boolean flag) {
          arguments[i] = flag ? 1 : 0;
        } else if (arguments[i] == null) {
          arguments[i] = MemorySegment.NULL;
        }
      }
      status = (int) handle.invokeExact(arguments);
    } catch (Throwable e) {
      throw rethrow(e);
    }
    library.check(status);
  }

  /** Handles declare Throwable; what they throw is unchecked. */
  static RuntimeException rethrow(Throwable e) {
    if (e instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(e);
  }
}
