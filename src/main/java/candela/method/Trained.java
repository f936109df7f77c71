package candela.method;

import candela.config.Csv;
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
