package candela.graph;

import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model file, ready to be opened as sessions of any batch size. Immutable, may be shared by
 * threads.
 */
public final class Network {
  private final OnnxModel model;

  private Network(OnnxModel model) {
    this.model = model;
  }

  public static Network load(Path file) {
    return new Network(OnnxModel.read(file));
  }

  public static Network of(OnnxModel model) {
    return new Network(model);
  }

  public OnnxModel model() {
    return model;
  }

  public String name() {
    return model.name();
  }

  /** The first input's shape for a batch of one, usually [1,C,H,W]. */
  public Shape inputShape() {
    return graph(1, SessionOptions.FORWARD).input().shape();
  }

  /** The simplified graph for batches of the given size. */
  public Graph graph(int batch, SessionOptions options) {
    if (batch < 1) {
      throw CandelaException.of("batch %d: expected 1 or more", batch);
    }
    Set<String> keep = new HashSet<>(options.gradientAt());
    Graph graph = Import.graph(model, batch, Map.of());
    return options.rules().isEmpty() ? Simplify.all(graph, keep) : Simplify.forRules(graph, keep);
  }

  public Session session(Device device, int batch, SessionOptions options) {
    return Session.open(graph(batch, options), device, options);
  }

  /** A session for the gradients at the values of these names, "" being the input. */
  public Session session(Device device, int batch, List<String> gradientAt) {
    return session(device, batch, new SessionOptions(gradientAt, null));
  }
}
