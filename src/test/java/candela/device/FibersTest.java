package candela.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A card's kernels, their threads run as fibers under the address sanitizer, against the CPU's:
 * where the profile sanitize has built them.
 */
@Tag("kernel")
class FibersTest {
  private static final String VARIANTS = "5";

  @Test
  void everyKernelOfACardAgreesWithTheCpus() throws IOException, InterruptedException {
    Path natives = Path.of(System.getProperty("candela.native"));
    Path fibers = natives.resolveSibling("fibers");
    Path program = fibers.resolve("candela_kernels");
    assumeTrue(Files.isExecutable(program), "built by -Psanitize where python3 is");
    Process process =
        new ProcessBuilder(
                program.toString(),
                "--variants",
                VARIANTS,
                "--cpu",
                natives.resolve("libcandela_cpu.so").toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).endsWith(" cases: 0 entries differ\n");
  }
}
