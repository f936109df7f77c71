package candela.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Commands of a process that sees a disk of a few bytes where a folder is; nobody else sees it. */
final class SmallDisk {
  private SmallDisk() {}

  /** Skips the test where the system lets nobody mount. */
  static void assumed(Path folder) throws IOException, InterruptedException {
    assumeTrue(
        run("mount -t tmpfs none \"$0\"", folder, List.of()).start().waitFor() == 0,
        "skipped: this system lets nobody mount a small disk");
  }

  /**
   * A command that runs on such a disk and leaves with its own exit code.
   *
   * @param before shell, run first; $0 is the folder
   * @param after shell, run last, while the disk is still there
   */
  static ProcessBuilder of(
      long bytes, Path folder, String before, List<String> command, String after) {
    String script =
        "mount -t tmpfs -o size=%d none \"$0\" && %s && \"$@\"; s=$?; %s; exit $s"
            .formatted(bytes, before, after);
    return run(script, folder, command);
  }

  private static ProcessBuilder run(String script, Path folder, List<String> command) {
    List<String> all = new ArrayList<>(List.of("unshare", "-rm", "sh", "-c", script));
    all.add(folder.toString());
    all.addAll(command);
    return new ProcessBuilder(all);
  }
}
