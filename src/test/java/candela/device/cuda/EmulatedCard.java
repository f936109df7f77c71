package candela.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Library;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The emulated card, whose calls fail when they are told to; its tests are skipped elsewhere. */
final class EmulatedCard implements BeforeEachCallback, AfterEachCallback {
  /** Blocks, pinned blocks, streams, events, graphs, cuDNN's and cuBLASLt's objects. */
  private static final int KINDS = 7;

  private Library library;

  @Override
  public void beforeEach(ExtensionContext test) {
    assumeTrue(!TestDevice.isCpu(), "skipped: needs the emulated card");
    Library card = Library.open("cuda");
    boolean emulated = card.function("card_failed", FunctionDescriptor.of(JAVA_INT)).isPresent();
    assumeTrue(emulated, "skipped: a card fails when it wants");
    TestDevice.open(1).close(); // what a process keeps
    library = card;
  }

  @Override
  public void afterEach(ExtensionContext test) {
    if (library != null) {
      repair();
    }
  }

  /**
   * The n-th call from now on fails.
   *
   * @param breaks whether every call after it fails, too
   */
  void fail(String name, long n, int status, boolean breaks) {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "card_fail",
          FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT),
          arena.allocateFrom(name),
          n,
          status,
          breaks ? 1 : 0);
    }
  }

  /** Whether it came to the call that was to fail. */
  boolean failed() {
    return (int) call("card_failed", FunctionDescriptor.of(JAVA_INT)) != 0;
  }

  /** How many of each kind are held. */
  List<Long> held() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocate(JAVA_LONG, KINDS);
      call("card_held", FunctionDescriptor.ofVoid(ADDRESS), to);
      return Arrays.stream(to.toArray(JAVA_LONG)).boxed().toList();
    }
  }

  private Object call(String name, FunctionDescriptor type, Object... arguments) {
    MethodHandle handle = library.function(name, type).orElseThrow();
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** No call fails any more. */
  void repair() {
    fail("", 0, 0, false);
  }
}
