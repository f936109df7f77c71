package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.tensor.CandelaException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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

  @Test
  void aJarWithoutOneDnnNamesWhatToAdd(@TempDir Path cache) {
    assertThatThrownBy(() -> NativeFolder.unpack(cache))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("add org.bytedeco:dnnl, classifier linux-x86_64");
  }

  /** CANDELA_LEVEL asks for a lower instruction set; floating-point bits must not depend on it. */
  @Test
  void instructionSetsGiveTheSameBits() throws Exception {
    String wide = noise("v4");
    assertThat(wide).hasSize(8 * 3 * 101);
    assertThat(noise("v3")).isEqualTo(wide);
    assertThat(noise("v2")).isEqualTo(wide);
  }

  private static String noise(String level) throws Exception {
    var builder =
        new ProcessBuilder(
            System.getProperty("java.home") + "/bin/java",
            "--enable-native-access=ALL-UNNAMED",
            "-Dcandela.native=" + System.getProperty("candela.native"),
            "-cp",
            System.getProperty("java.class.path"),
            LibraryTest.class.getName());
    builder.environment().put("CANDELA_LEVEL", level);
    Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    assertThat(process.waitFor()).isZero();
    return text;
  }

  /** Prints 3 rows of 101 noisy values as hexadecimal bits. */
  public static void main(String[] arguments) {
    Library library = Library.open("cpu");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      library
          .entry("cd_stream_create", Library.INT, Library.POINTER, Library.POINTER)
          .call(2, null, out);
      MemorySegment stream = out.get(ValueLayout.ADDRESS, 0);
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
      for (int i = 0; i < 3 * 101; i++) {
        System.out.printf("%08x", y.getAtIndex(ValueLayout.JAVA_INT, i));
      }
      library.entry("cd_stream_destroy", Library.POINTER).call(stream);
    }
  }
}
