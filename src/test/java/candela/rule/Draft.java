package candela.rule;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Graph;
import candela.graph.Node;
import candela.graph.Op;
import candela.graph.Rules;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.graph.Value;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A graph written node by node, images channels last; its last value holds the scores. */
final class Draft {
  private final Random random;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Graph.Place> named = new HashMap<>();
  private final Value input;

  Draft(int seed, int... shape) {
    random = new Random(seed);
    input = Value.of("x", Shape.of(shape), false);
  }

  Value input() {
    return input;
  }

  /** Named like the n-th node. */
  Value add(Op op, Value... inputs) {
    Shape shape = op.shapes(Arrays.asList(inputs)).get(0);
    String name = "v" + nodes.size();
    Value y = Value.of(name, shape, false);
    nodes.add(new Node(name, op, Arrays.asList(inputs), y));
    named.put(name, new Graph.Place(y, null));
    return y;
  }

  Value constant(float[] values, int... shape) {
    String name = "c" + random.nextInt(Integer.MAX_VALUE);
    return Value.constant(name, OnnxTensor.of(name, Shape.of(shape), values));
  }

  /** Normal numbers times scale. */
  Value draw(double scale, int... shape) {
    return constant(numbers(random, scale, Shape.of(shape).count()), shape);
  }

  static float[] numbers(Random random, double scale, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) (scale * random.nextGaussian());
    }
    return v;
  }

  Graph graph() {
    Value last = nodes.getLast().output();
    return new Graph("draft", List.of(input), List.of(last), nodes, named);
  }

  /** What a run gives: the scores, and what flowed back. */
  record Back(float[] scores, float[] input) {}

  /**
   * One forward, and one backward of this seed.
   *
   * @param at "" for the input
   */
  static Back run(Graph graph, Rules rules, float[] x, float[] seed, String at) {
    try (Device device = TestDevice.open(1);
        Session s = Session.open(graph, device, SessionOptions.withRules(at, List.of(rules)))) {
      device.write(s.input(), x);
      s.forward();
      device.write(s.seed(), seed);
      s.backward(rules);
      return new Back(device.read(s.logits()), device.read(s.gradient(at)));
    }
  }

  static Back run(Graph graph, Rules rules, float[] x, float[] seed) {
    return run(graph, rules, x, seed, "");
  }

  static double sum(float[] v, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += v[i];
    }
    return sum;
  }
}
