package candela.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Classifiers of Python's timm, untrained, as {@code peers/torch_timm.py} exports and runs them.
 */
final class Timm {
  private static final String PREFIX = "timm:";

  private Timm() {}

  static boolean isTimm(String network) {
    return network.startsWith(PREFIX);
  }

  static Path script() {
    return Engines.home().resolve("peers/torch_timm.py");
  }

  /** The ONNX file of a network in a folder, exported there if it is missing. */
  static Path file(String network, Path folder) throws IOException, InterruptedException {
    String name = network.substring(PREFIX.length());
    Path file = folder.resolve("timm-" + name + ".onnx");
    if (!Files.exists(file)) {
      Files.createDirectories(folder);
      Path part = folder.resolve("timm-" + name + ".part");
      Process export =
          new ProcessBuilder(
                  Engines.python().toString(), script().toString(), "export", name, part.toString())
              .inheritIO()
              .start();
      if (export.waitFor() != 0) {
        Files.deleteIfExists(part);
        throw new IOException(
            network
                + ": timm could not export it; its message is above (CANDELA_BENCH_PYTHON needs"
                + " torch, timm and onnx)");
      }
      Files.move(part, file);
    }
    return file;
  }
}
