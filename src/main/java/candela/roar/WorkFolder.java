package candela.roar;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** What lies in a run's folder while it goes on, each under a name of its own. */
record WorkFolder(Path folder) {
  /** The explained model, where the recipe makes it; stays. */
  Path model() {
    return folder.resolve("model.onnx");
  }

  /** Of a training in progress. */
  Path checkpoint(Training t) {
    String name =
        t.equals(Training.UNCHANGED)
            ? t.method()
            : name(t.method()) + "-" + t.fraction() + "-" + t.restart();
    return folder.resolve(name + ".checkpoint");
  }

  /** Which step each pixel has under a method. */
  Path steps(String method) {
    return folder.resolve(name(method) + ".steps");
  }

  /** A method's name, and a hash that stands for its parameters. */
  private static String name(String key) {
    String hash = UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8)).toString();
    return key.substring(0, key.indexOf(' ')) + "-" + hash.substring(0, hash.indexOf('-'));
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be deleted: " + WholeFile.reason(e), e);
    }
  }
}
