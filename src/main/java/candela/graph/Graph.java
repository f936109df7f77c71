package candela.graph;

import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A model at fixed shapes: nodes in an order in which each reads only what earlier ones wrote.
 * Immutable.
 *
 * @param inputs values that are given at run time
 * @param outputs values that are wanted
 * @param named where a value of the ONNX model went: its name to the value that holds it and its
 *     layout
 */
public record Graph(
    String name,
    List<Value> inputs,
    List<Value> outputs,
    List<Node> nodes,
    Map<String, Place> named) {
  /** Names of values that a message tells. */
  private static final int TOLD = 6;

  /**
   * A value of the ONNX model in this graph.
   *
   * @param value holds the elements
   * @param perm null when value has the model's layout; else the model's value is value transposed
   *     by perm
   */
  public record Place(Value value, int[] perm) {
    /** The shape in the model. */
    Shape shape() {
      return perm == null ? value.shape() : Transposition.shape(value.shape(), perm);
    }
  }

  /** The name of value i of those that a name stands for. */
  static String part(String name, int i) {
    return i == 0 ? name : name + " " + i;
  }

  /** How many values a name stands for. */
  int parts(String name) {
    int n = 1;
    while (named.containsKey(part(name, n)) && SessionOptions.isOfSeveral(name)) {
      n++;
    }
    return n;
  }

  /** The input that the outputs depend on: the first that any node reads. */
  public Value input() {
    for (Value v : inputs) {
      if (nodes.stream().anyMatch(n -> n.inputs().contains(v))) {
        return v;
      }
    }
    if (inputs.isEmpty()) {
      throw CandelaException.of(
          "%s: has no input besides its weights; export it with the image as input", name);
    }
    return inputs.get(0);
  }

  /**
   * Where a value of the model went, "" being the input.
   *
   * @throws CandelaException where it is not there; tells some that are
   */
  Place place(String value) {
    Place p = value.isEmpty() ? new Place(input(), null) : named.get(value);
    if (p == null) {
      throw Unsuited.of("%s: no value '%s' in the graph; it has %s", name, value, like(value));
    }
    return p;
  }

  /** Some values, those whose names hold the text where there are any. */
  private String like(String text) {
    String part = text.toLowerCase(Locale.ROOT);
    List<String> all = named.keySet().stream().sorted().toList();
    List<String> near =
        all.stream().filter(n -> n.toLowerCase(Locale.ROOT).contains(part)).toList();
    List<String> some = near.isEmpty() ? all : near;
    String names = String.join(", ", some.subList(0, Math.min(TOLD, some.size())));
    return some.size() > TOLD ? names + ", …, " + some.size() + " in all" : names;
  }

  /** The node that computes v; null for inputs and constants. */
  public Node producer(Value v) {
    for (Node n : nodes) {
      for (Value y : n.outputs()) {
        if (y == v) {
          return n;
        }
      }
    }
    return null;
  }

  public Graph {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    nodes = List.copyOf(nodes);
    named = Map.copyOf(named);
  }
}
