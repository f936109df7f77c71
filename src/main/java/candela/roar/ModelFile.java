package candela.roar;

import candela.graph.Network;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.train.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Whether the file of the model that is explained is the one that should be. */
final class ModelFile {
  /** Key under which a model file names the run that wrote it. */
  static final String RUN = "roar";

  private ModelFile() {}

  /**
   * Refuses a given model that says it is made for other inputs or classes, as those say that
   * Candela has trained; what others mean by such keys is not known.
   */
  static void checkTold(Path file, List<String> classes) {
    Map<String, String> told = OnnxModel.metadata(file);
    if (!told.keySet().containsAll(List.of("recipe", "preprocess", "classes"))) {
      return;
    }
    String preprocess = told.get("preprocess");
    if (!preprocess.equals(Dataset.PREPROCESS)) {
      throw CandelaException.of(
          "%s: pixels of 0 to 1 (preprocess: %s) expected, the file asks for '%s'; give a model"
              + " that was trained on such pixels",
          file, Dataset.PREPROCESS, preprocess);
    }
    String expected = Dataset.line(classes);
    String found = told.get("classes");
    if (!found.equals(expected)) {
      throw CandelaException.of(
          "%s: the data's classes %s expected, the file has %s; give a model of these classes in"
              + " this order",
          file, expected, found);
    }
  }

  /** Refuses a file of another run, or of none, where one is to be written. */
  static void checkOwn(Path file, String run) {
    if (Files.exists(file) && !run.equals(OnnxModel.metadata(file).get(RUN))) {
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
