package candela.onnx;

import java.util.List;
import java.util.Optional;

/**
 * An input or output of a model.
 *
 * @param dims empty where the file does not tell the shape
 */
public record OnnxValue(String name, ElementType type, Optional<List<Dim>> dims) {
  public OnnxValue {
    dims = dims.map(List::copyOf);
  }

  public OnnxValue(String name, ElementType type, List<Dim> dims) {
    this(name, type, Optional.of(dims));
  }
}
