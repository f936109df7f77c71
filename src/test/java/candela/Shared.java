package candela;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Models, photos and reference numbers that lie beside the repository, where they do. */
public final class Shared {
  private Shared() {}

  /** The file or folder; the test is skipped where it is not there. */
  public static Path path(String name) {
    Path path = Path.of("../shared").resolve(name);
    assumeTrue(Files.exists(path), () -> "skipped: " + path + " is not there");
    return path;
  }
}
