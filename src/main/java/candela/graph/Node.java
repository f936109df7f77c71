package candela.graph;

import java.util.List;

/**
 * One operator applied to values.
 *
 * @param name the ONNX node's name, for messages and rules
 */
public record Node(String name, Op op, List<Value> inputs, List<Value> outputs) {
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  public Node(String name, Op op, List<Value> inputs, Value output) {
    this(name, op, inputs, List.of(output));
  }

  /** How messages name it: node 'Conv_12' (Conv). */
  public String label() {
    return "node '" + name + "' (" + op.type() + ")";
  }

  public Value output() {
    return outputs.get(0);
  }

  public Value input(int i) {
    return inputs.get(i);
  }
}
