package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryTest {
  private final Library library = Library.open("cpu");

  @Test
  void oneCpuIsFound() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      library.entry("cd_device_count", Library.POINTER).call(count);
      assertThat(count.get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
    }
  }

  @Test
  void aStatusBecomesAnExceptionWithTheNativeMessage() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Entry create =
          library.entry("cd_stream_create", Library.INT, Library.POINTER, Library.POINTER);
      assertThatThrownBy(() -> create.call(0, null, out))
          .isInstanceOf(CandelaException.class)
          .hasMessage("stream_create: threads must be in 1..4096, is 0");
    }
  }

  @Test
  void aNullStreamIsRefused() {
    assertThatThrownBy(() -> library.entry("cd_stream_wait", Library.POINTER).call((Object) null))
        .isInstanceOf(CandelaException.class)
        .hasMessage("stream_wait: stream is NULL");
  }

  @Test
  void anUnknownEntryIsNamed() {
    assertThatThrownBy(() -> library.entry("cd_none"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("entry cd_none not found");
  }

  @Test
  void aMissingLibraryIsNamed() {
    assertThatThrownBy(() -> Library.open("none"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("libcandela_none.so: native library not found; build it with");
  }

  /** What the linker says of a file that is no library; of one without room it says that. */
  @Test
  void aLibraryThatCannotBeLoadedIsToldWithTheReason(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("libcandela_text.so"), "no library");
    String own = System.setProperty("candela.native", folder.toString());
    try {
      assertThatThrownBy(() -> Library.open("text"))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining("libcandela_text.so: not a library that this machine can load")
          .hasMessageEndingWith("file too short); build it again with ./candela");
    } finally {
      System.setProperty("candela.native", own);
    }
  }

  @Test
  void aJarWithoutOneDnnNamesWhatToAdd(@TempDir Path cache) {
    assertThatThrownBy(() -> NativeFolder.unpack(cache))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("add org.bytedeco:dnnl, classifier linux-x86_64");
  }

  /** CANDELA_LEVEL asks for a lower instruction set; floating-point bits must not depend on it. */
  @Test
  void instructionSetsGiveTheSameBits() throws Exception {
    String wide = printed("v4", "noise");
    assertThat(wide).hasSize(8 * 3 * 101);
    assertThat(printed("v3", "noise")).isEqualTo(wide);
    assertThat(printed("v2", "noise")).isEqualTo(wide);
  }

  /** Sums go in the same order everywhere; the oldest round products by themselves. */
  @Test
  void instructionSetsWithFusedMultiplyAddGiveTheSameProducts() throws Exception {
    String wide = printed("v4", "product");
    assertThat(wide).hasSize(8 * 23 * 41);
    assertThat(printed("v3", "product")).isEqualTo(wide);
    String oldest = printed("v2", "product");
    for (int i = 0; i < wide.length(); i += 8) {
      assertThat(number(oldest, i))
          .as("element %d", i / 8)
          .isCloseTo(number(wide, i), within(4e-6f));
    }
  }

  private static float number(String printed, int at) {
    return Float.intBitsToFloat(Integer.parseUnsignedInt(printed.substring(at, at + 8), 16));
  }

  private static String printed(String level, String what) throws Exception {
    return Printed.of(LibraryTest.class, Map.of("CANDELA_LEVEL", level), what);
  }

  /** Prints what is asked for as hexadecimal bits. */
  public static void main(String[] arguments) {
    Library library = Library.open("cpu");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      library
          .entry("cd_stream_create", Library.INT, Library.POINTER, Library.POINTER)
          .call(2, null, out);
      MemorySegment stream = out.get(ValueLayout.ADDRESS, 0);
      MemorySegment y =
          arguments[0].equals("noise")
              ? noise(library, stream, arena)
              : product(library, stream, arena);
      for (int i = 0; i < y.byteSize() / 4; i++) {
        System.out.printf("%08x", y.getAtIndex(ValueLayout.JAVA_INT, i));
      }
      library.entry("cd_stream_destroy", Library.POINTER).call(stream);
    }
  }

  /** 3 rows of 101 noisy values. */
  private static MemorySegment noise(Library library, MemorySegment stream, Arena arena) {
    MemorySegment x = arena.allocate(101 * 4L, 64);
    MemorySegment y = arena.allocate(3 * 101 * 4L, 64);
    MemorySegment sample = arena.allocateFrom(ValueLayout.JAVA_LONG, 0, 1, 1L << 40);
    library
        .entry(
            "cd_gaussian_noise",
            Library.POINTER,
            Library.LONG,
            Library.LONG,
            Library.POINTER,
            Library.FLOAT,
            Library.LONG,
            Library.POINTER,
            Library.POINTER)
        .call(stream, 3L, 101L, x, 0.5f, 42L, sample, y);
    return y;
  }

  /** 23 × 41 products of 37 numbers between -1 and 1, b transposed. */
  private static MemorySegment product(Library library, MemorySegment stream, Arena arena) {
    MemorySegment a = arena.allocateFrom(ValueLayout.JAVA_FLOAT, Rig.numbers(1, 23 * 37));
    MemorySegment b = arena.allocateFrom(ValueLayout.JAVA_FLOAT, Rig.numbers(2, 41 * 37));
    MemorySegment c = arena.allocate(23 * 41 * 4L, 64);
    library
        .entry(
            "cd_matmul",
            Library.POINTER,
            Library.LONG,
            Library.LONG,
            Library.LONG,
            Library.LONG,
            Library.INT,
            Library.INT,
            Library.LONG,
            Library.LONG,
            Library.FLOAT,
            Library.INT,
            Library.POINTER,
            Library.POINTER,
            Library.POINTER)
        .call(stream, 1L, 23L, 37L, 41L, 0, 1, 0L, 0L, 0.5f, 0, a, b, c);
    return c;
  }
}
