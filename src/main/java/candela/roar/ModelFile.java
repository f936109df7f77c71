package candela.roar;

import candela.graph.Network;
import candela.method.Trained;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.train.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Whether the file of the model that is explained is the one that should be. */
final class ModelFile {
  /** Key under which a model file names the run that wrote it. */
  static final String RUN = "roar";

  private ModelFile() {}

  /** Refuses a given model that says it is made for other inputs or classes. */
  static void checkTold(Path file, List<String> classes) {
    Trained told = Trained.of(OnnxModel.read(file)).orElse(null);
    if (told == null) {
      return;
    }
    if (!told.preprocess().equals(Dataset.PREPROCESS)) {
      throw CandelaException.of(
          "%s: pixels of 0 to 1 (preprocess: %s) expected, the file asks for '%s'; give a model"
              + " that was trained on such pixels",
          file, Dataset.PREPROCESS, told.preprocess());
    }
    if (!told.classes().equals(classes)) {
      throw CandelaException.of(
          "%s: the data's classes %s expected, the file has %s; give a model of these classes in"
              + " this order",
          file, Dataset.line(classes), Dataset.line(told.classes()));
    }
  }

  /** Refuses a file of another run, or of none, where one is to be written. */
  static void checkOwn(Path file, String run) {
    if (Files.exists(file) && !run.equals(OnnxModel.read(file).metadata().get(RUN))) {
      throw CandelaException.of(
          "%s: another model lies where this run's goes; move it, or use another --out", file);
    }
  }

  /**
   * The model that results are of.
   *
   * @param sha256 of its file; null where no result tells, and any will do
   */
  static Network load(Path file, String sha256) {
    Network network = Files.exists(file) ? Network.load(file) : null;
    String found = network == null ? "no file" : network.model().sha256();
    if (network == null || (sha256 != null && !sha256.equals(found))) {
      throw CandelaException.of(
          "%s: the model that was explained expected, sha256 %s; came %s; put it back, or use"
              + " another --out",
          file, sha256, found);
    }
    return network;
  }
}
