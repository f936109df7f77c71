package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A card's kernels, their threads run as fibers under the address sanitizer, against the CPU's:
 * where the profile sanitize has built them.
 */
@Tag("kernel")
class FibersTest {
  private static final String VARIANTS = "5";

  /**
   * @param folder of a card of capability 9.0, or of 8.0 with what is compiled for each
   * @param only entries whose names hold this
   */
  @ParameterizedTest
  @CsvSource({"., ''", "8, convolve", "8, transpose_few"})
  void everyKernelOfACardAgreesWithTheCpus(String folder, String only)
      throws IOException, InterruptedException {
    String said = run(0, folder, "--only", only, "--variants", VARIANTS);
    assertThat(said).endsWith(" cases: 0 entries differ\n");
  }

  /** Those of fibers have one card. */
  @Test
  void theCardIsTheOneThatIsNamed() throws IOException, InterruptedException {
    assertThat(run(0, ".", "--device", "cuda:0", "--only", "fill", "--variants", "1"))
        .contains(" 0 entries differ");
    assertThat(run(3, ".", "--device", "cuda:1")).contains("cuda:1 is not there, cards here: 1");
    assertThat(run(2, ".", "--device", "cuda:1x")).contains("cuda:N, as cuda:0, got 'cuda:1x'");
  }

  /** What the program says; ends with this status. */
  private static String run(int status, String folder, String... options)
      throws IOException, InterruptedException {
    Path natives = Path.of(System.getProperty("candela.native"));
    Path program = natives.resolveSibling("fibers").resolve(folder).resolve("candela_kernels");
    assumeTrue(Files.isExecutable(program), "built by -Psanitize where python3 is");
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of("--cpu", natives.resolve("libcandela_cpu.so").toString()));
    command.addAll(List.of(options));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(status);
    return said;
  }
}
