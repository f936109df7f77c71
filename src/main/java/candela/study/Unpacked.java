package candela.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The library that DuckDB's driver unpacks into the folder for temporary files, 71 MB at each
 * start. The driver removes it when Java ends; a process that is killed would leave it there.
 */
final class Unpacked {
  private Unpacked() {}

  /** Removes the file once it is loaded: Linux keeps it for this process as long as it runs. */
  static void remove() {
    try {
      List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
      for (String line : maps) {
        int path = line.indexOf('/');
        if (path > 0 && line.contains("/libduckdb_java") && line.endsWith(".so")) {
          Files.deleteIfExists(Path.of(line.substring(path)));
        }
      }
    } catch (IOException e) {
      // it stays until Java ends
    }
  }
}
