package candela.onnx;

import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One operator of a model, as the file has it. Immutable.
 *
 * @param name as in the file; operator and position (Conv_12) where the file gives none
 * @param domain empty for ONNX's own operators
 * @param inputs names of values; empty = absent
 * @param outputs names of values; empty = not wanted
 */
public record OnnxNode(
    String name,
    String op,
    String domain,
    List<String> inputs,
    List<String> outputs,
    Map<String, OnnxAttribute> attributes) {
  public OnnxNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = Map.copyOf(attributes);
  }

  /** How messages name it: node 'Conv_12' (Conv). */
  public String label() {
    String type = domain.isEmpty() ? op : domain + "." + op;
    return "node " + Names.quote(name) + " (" + Names.plain(type) + ")";
  }

  /** Names of values that it needs: inputs, and what its branches or body read from around them. */
  public List<String> reads() {
    List<String> all = new ArrayList<>(inputs);
    for (OnnxAttribute a : attributes.values()) {
      if (a instanceof OnnxAttribute.Graph g) {
        all.addAll(g.captured());
      }
    }
    return all;
  }

  /** Whether input i is there. */
  public boolean has(int i) {
    return i < inputs.size() && !inputs.get(i).isEmpty();
  }

  /** Whether the file gives the attribute. */
  public boolean has(String attribute) {
    return attributes.containsKey(attribute);
  }

  public long integer(String attribute, long absent) {
    return switch (attributes.get(attribute)) {
      case null -> absent;
      case OnnxAttribute.Int a -> a.value();
      case OnnxAttribute a -> throw wrong(attribute, "an integer", a);
    };
  }

  public long[] integers(String attribute, long... absent) {
    return switch (attributes.get(attribute)) {
      case null -> absent;
      case OnnxAttribute.Ints a -> a.values().stream().mapToLong(Long::longValue).toArray();
      case OnnxAttribute a -> throw wrong(attribute, "a list of integers", a);
    };
  }

  public float real(String attribute, float absent) {
    return switch (attributes.get(attribute)) {
      case null -> absent;
      case OnnxAttribute.Float a -> a.value();
      case OnnxAttribute a -> throw wrong(attribute, "a float", a);
    };
  }

  public String text(String attribute, String absent) {
    return switch (attributes.get(attribute)) {
      case null -> absent;
      case OnnxAttribute.Text a -> a.value();
      case OnnxAttribute a -> throw wrong(attribute, "a text", a);
    };
  }

  /**
   * A branch or body.
   *
   * @throws CandelaException where there is none
   */
  public OnnxAttribute.Graph graph(String attribute) {
    return switch (attributes.get(attribute)) {
      case OnnxAttribute.Graph g -> g;
      case null ->
          throw CandelaException.of("attribute '%s' is missing; export the model again", attribute);
      case OnnxAttribute a -> throw wrong(attribute, "a graph", a);
    };
  }

  private CandelaException wrong(String attribute, String expected, OnnxAttribute came) {
    return CandelaException.of(
        "attribute '%s' must be %s, is of kind %s; export the model again",
        attribute, expected, came.getClass().getSimpleName());
  }
}
