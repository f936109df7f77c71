package candela.roar;

import candela.image.WholeFile;
import candela.tensor.CandelaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

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
            : t.method() + "-" + t.fraction() + "-" + t.restart();
    return folder.resolve(name + ".checkpoint");
  }

  /** Which step each pixel has under a method. */
  Path steps(String method) {
    return folder.resolve(method + ".steps");
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new CandelaException(file + ": cannot be deleted: " + WholeFile.reason(e), e);
    }
  }
}
