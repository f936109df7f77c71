package candela.device.cuda;

import candela.device.Library;
import candela.tensor.CandelaException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Runs {@code candela_kernels}, which holds every kernel of the CUDA library against the CPU
 * library's: a program of its own, so that compute-sanitizer can watch it. It lies beside the
 * libraries where these were built.
 */
public final class KernelCheck {
  private KernelCheck() {}

  /** Whether the program is there. */
  public static boolean isThere() {
    return Files.isExecutable(program());
  }

  private static Path program() {
    return Library.open("cuda").file().resolveSibling("candela_kernels");
  }

  /**
   * Runs all cases.
   *
   * @param device name of the card
   * @param say hears each line: differences, and last how many entries and cases there were
   * @return whether all agree
   */
  public static boolean run(String device, Consumer<String> say) {
    try {
      Process process =
          new ProcessBuilder(program().toString(), "--device", device)
              .redirectErrorStream(true)
              .start();
      var output = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8);
      try (var lines = new BufferedReader(output)) {
        lines.lines().forEach(say);
      }
      return process.waitFor() == 0;
    } catch (IOException e) {
      throw new CandelaException(program() + ": cannot be run (" + e.getMessage() + ")", e);
    } catch (UncheckedIOException e) {
      throw new CandelaException(program() + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
