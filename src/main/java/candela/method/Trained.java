package candela.method;

import candela.config.Csv;
import candela.onnx.OnnxModel;
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
    if (!told.keySet().containsAll(List.of("recipe", "preprocess", "classes"))) {
      return Optional.empty();
    }
    List<Csv.Row> rows = Csv.read(told.get("classes") + "\n");
    return Optional.of(new Trained(told.get("preprocess"), rows.getFirst().cells()));
  }
}
