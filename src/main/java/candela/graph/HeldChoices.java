package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.graph.op.BinaryOp;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Reduce;
import candela.graph.op.Slice;
import candela.graph.op.Where;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A graph whose maxima take, of an image, what they would choose of a second one: of the second
 * image they are computed as they are, of the first from the values in the same places. The input
 * is twice as long along its second axis, a row being one image and then the other. Near the second
 * image, what comes of the first has no steps in its slope that maxima make.
 *
 * <p>Windows of more than {@value #MOST} pixels choose for themselves. Of a reduction, where
 * several are the largest, their mean.
 */
final class HeldChoices {
  /** Pixels of a window: each takes four nodes. */
  private static final int MOST = 256;

  private final Graph graph;
  private final List<Node> nodes = new ArrayList<>();

  /** Values of the second image. */
  private final Map<Value, Value> second = new IdentityHashMap<>();

  private final Value zero = constant("held.zero", 0);
  private Value input;
  private Value first;
  private int made;

  private HeldChoices(Graph graph) {
    this.graph = graph;
  }

  static Graph of(Graph graph) {
    return new HeldChoices(graph).graph();
  }

  private Graph graph() {
    Value old = graph.input();
    Shape one = old.shape();
    input = Value.of(old.name(), one.with(1, Math.multiplyExact(2, one.dim(1))), old.integer());
    first = half(one, 0);
    second.put(old, half(one, one.dim(1)));
    for (Node n : graph.nodes()) {
      List<Value> beside = new ArrayList<>();
      for (Value y : n.outputs()) {
        beside.add(fresh(n, y.shape(), y.integer()));
        second.put(y, beside.getLast());
      }
      nodes.add(new Node(n.name(), n.op(), n.inputs().stream().map(this::second).toList(), beside));
      held(n);
    }
    Map<String, Graph.Place> named = new HashMap<>(graph.named());
    named.replaceAll((name, p) -> p.value() == old ? new Graph.Place(first, p.perm()) : p);
    List<Value> inputs = graph.inputs().stream().map(v -> v == old ? input : v).toList();
    return new Graph(graph.name(), inputs, graph.outputs(), nodes, named);
  }

  private Value half(Shape one, int from) {
    int[] starts = new int[one.rank()];
    int[] steps = new int[one.rank()];
    Arrays.fill(steps, 1);
    starts[1] = from;
    Value y = Value.of("held." + from, one, input.integer());
    nodes.add(new Node(y.name(), new Slice(starts, steps, one.dims()), List.of(input), y));
    return y;
  }

  private Value first(Value v) {
    return v == graph.input() ? first : v;
  }

  private Value second(Value v) {
    return second.getOrDefault(v, v);
  }

  private Value fresh(Node n, Shape shape, boolean integer) {
    return Value.of(n.output().name() + "@held" + ++made, shape, integer);
  }

  private static Value constant(String name, float value) {
    return Value.constant(name, OnnxTensor.of(name, Shape.of(), value));
  }

  private Value add(Node n, Op op, boolean integer, Value... in) {
    Value y = fresh(n, op.shapes(List.of(in)).get(0), integer);
    nodes.add(new Node(n.name(), op, List.of(in), y));
    return y;
  }

  /** The node, of the first image. */
  private void held(Node n) {
    List<Value> in = n.inputs().stream().map(this::first).toList();
    Op op = n.op();
    if (op instanceof MaxPool pool && pool.window()[0] * (long) pool.window()[1] <= MOST) {
      last(n, pooled(n, pool.window(), in.get(0)));
    } else if (op instanceof Reduce r && (r.kind() == Reduction.MAX || r.kind() == Reduction.MIN)) {
      last(n, reduced(n, r, in.get(0)));
    } else {
      nodes.add(new Node(n.name(), op, in, n.outputs()));
    }
  }

  /** What was computed last is what the node gives. */
  private void last(Node n, Value y) {
    Node of = nodes.removeLast();
    assert of.output() == y;
    nodes.add(new Node(of.name(), of.op(), of.inputs(), n.outputs()));
  }

  private Value reduced(Node n, Reduce r, Value x) {
    var sum = new Reduce(Reduction.SUM, r.from(), r.to());
    Value other = second(n.input(0));
    Value is = add(n, new BinaryOp(Binary.EQUAL), true, other, second(n.output()));
    Value chosen = add(n, new Where(), false, is, x, zero);
    Value count = add(n, sum, true, is);
    Value total = add(n, sum, false, chosen);
    return add(n, new BinaryOp(Binary.DIV), false, total, count);
  }

  /** Each place of the window is looked at, the first last: of equal values the first counts. */
  private Value pooled(Node n, int[] window, Value x) {
    Shape in = x.shape();
    int[] before = {0, Math.max(0, window[6]), Math.max(0, window[7]), 0};
    int[] from = {0, before[1] - window[6], before[2] - window[7], 0};
    int[] after = new int[4];
    for (int i = 1; i < 3; i++) {
      int reach = (window[7 + i] - 1) * window[1 + i] + (window[i - 1] - 1) * window[3 + i] + 1;
      after[i] = Math.max(0, from[i] + reach - before[i] - in.dim(i));
    }
    var pad = new PadConstant(before, after, Float.NEGATIVE_INFINITY);
    Value mine = add(n, pad, false, x);
    Value others = add(n, pad, false, second(n.input(0)));
    Value best = second(n.output());
    Value chosen = null;
    for (int tap = window[0] * window[1] - 1; tap >= 0; tap--) {
      int[] start = from.clone();
      start[1] += tap / window[1] * window[4];
      start[2] += tap % window[1] * window[5];
      int[] steps = {1, window[2], window[3], 1};
      var place = new Slice(start, steps, best.shape().dims());
      Value value = add(n, place, false, mine);
      if (chosen == null) {
        chosen = value;
      } else {
        Value other = add(n, place, false, others);
        Value is = add(n, new BinaryOp(Binary.EQUAL), true, other, best);
        chosen = add(n, new Where(), false, is, value, chosen);
      }
    }
    return chosen;
  }
}
