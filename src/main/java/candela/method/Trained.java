package candela.method;

import candela.config.Csv;
import candela.graph.Network;
import candela.image.Labels;
import candela.image.Preprocess;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the file of a model that Candela trained tells of what it reads and says.
 *
 * @param preprocess a preset's name
 * @param classes names, in the order of its scores
 */
public record Trained(String preprocess, List<String> classes) {
  /** Names of a network's classes by its file, where they fit its scores; else none. */
  public static Labels labels(Network network, String output) {
    return of(network.model())
        .map(t -> Labels.of(t.classes).fitting(network.classes(output)))
        .orElse(Labels.NONE);
  }

  /** Of other models nothing: what they mean by such keys is not known. */
  public static Optional<Trained> of(OnnxModel model) {
    Map<String, String> told = model.metadata();
    String preprocess = told.get("preprocess");
    String classes = told.get("classes");
    boolean ours = told.containsKey("recipe") && preprocess != null && classes != null;
    if (!ours || classes.isBlank() || !Preprocess.presets().containsKey(preprocess)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Trained(preprocess, Csv.read(classes + "\n").getFirst().cells()));
    } catch (CandelaException e) {
      return Optional.empty(); // no line of names
    }
  }
}
