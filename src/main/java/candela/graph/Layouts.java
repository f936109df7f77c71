package candela.graph;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.op.AveragePool;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.Expand;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.MaxPool;
import candela.graph.op.PadConstant;
import candela.graph.op.Product;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Slice;
import candela.graph.op.Transpose;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Follows the pixels of the last convolution or pooling through all that moves them: numbers take
 * the place of its output, and go where the file puts them.
 */
final class Layouts implements AutoCloseable {
  /** Nodes that recursion goes through, at most. */
  private static final int DEEPEST = 1500;

  /** Elements of a value that is followed, at most: ten times those of a large transformer. */
  private static final int MOST = 1 << 23;

  private final Map<Value, Node> producers;
  private final Device cpu = Devices.open("cpu", 1);
  private final Map<Value, Numbered> known = new IdentityHashMap<>();

  /**
   * Numbers in a value's shape: 0 is no pixel, i + 1 pixel i.
   *
   * @param w pixels in a row
   */
  private record Numbered(Value numbers, int w) {}

  private Layouts(Graph graph) {
    producers = Rewrite.producers(graph);
  }

  /**
   * Of the tokens [1,t,c], [t,1,c] or [t,c] of one image; null where they cannot be told.
   *
   * @param graph as imported for one image
   */
  static Layout of(Graph graph, Value tokens) {
    Shape s = tokens.shape();
    boolean one = s.rank() == 2 || s.rank() == 3 && (s.dim(0) == 1 || s.dim(1) == 1);
    if (!one) {
      return null;
    }
    try (var layouts = new Layouts(graph)) {
      Numbered found = layouts.of(tokens, 0);
      return found == null ? null : layout(found, s.count(0, s.rank() - 1));
    }
  }

  private static Layout layout(Numbered found, int tokens) {
    float[] numbers = found.numbers.constant().floats();
    int[] at = new int[tokens];
    TreeSet<Integer> rows = new TreeSet<>();
    TreeSet<Integer> columns = new TreeSet<>();
    for (int i = 0; i < tokens; i++) {
      at[i] = (int) numbers[i * (numbers.length / tokens)] - 1;
      if (at[i] >= 0) {
        rows.add(at[i] / found.w);
        columns.add(at[i] % found.w);
      }
    }
    List<Integer> row = List.copyOf(rows);
    List<Integer> column = List.copyOf(columns);
    boolean[] seen = new boolean[row.size() * column.size()];
    int pixels = 0;
    for (int i = 0; i < tokens; i++) {
      if (at[i] >= 0) {
        at[i] = row.indexOf(at[i] / found.w) * column.size() + column.indexOf(at[i] % found.w);
        pixels += seen[at[i]] ? 0 : 1;
        seen[at[i]] = true;
      }
    }
    long placed = Arrays.stream(at).filter(i -> i >= 0).count();
    boolean whole = pixels > 0 && pixels == seen.length && pixels == placed;
    return whole ? new Layout(row.size(), column.size(), at) : null;
  }

  /** Null where its pixels are not known. */
  private Numbered of(Value v, int depth) {
    Node n = producers.get(v);
    if (n == null || depth > DEEPEST || v.shape().rank() == 0) {
      return null;
    }
    if (!known.containsKey(v)) {
      known.put(v, made(n, v, depth + 1));
    }
    return known.get(v);
  }

  private Numbered made(Node n, Value y, int depth) {
    return switch (n.op()) {
      case Conv _, MaxPool _, AveragePool _ -> grid(y);
      case Reshape _, Transpose _, Slice _, Expand _, Concat _ -> moved(n, y, n.op(), depth);
      case PadConstant p -> moved(n, y, new PadConstant(p.before(), p.after(), 0), depth);
      case Reduce _ -> moved(n, y, first(y.shape()), depth);
      case Matrix _ -> ofRows(n, y, depth);
      case MatMul _, Product _ -> null;
      default -> kept(n, y, depth);
    };
  }

  /** Row by row; null of one pixel. */
  private static Numbered grid(Value y) {
    Shape s = y.shape();
    if (s.rank() != 4 || s.count(1, 3) < 2 || s.count() > MOST) {
      return null;
    }
    float[] numbers = new float[s.count()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i / s.dim(3) % s.count(1, 3) + 1;
    }
    return new Numbered(constant(y, numbers), s.dim(2));
  }

  private static Value constant(Value as, float[] numbers) {
    return Value.constant(as.name(), OnnxTensor.of(as.name(), as.shape(), numbers));
  }

  /** The first of what is reduced stands for all. */
  private static Op first(Shape y) {
    int[] ones = new int[y.rank()];
    Arrays.fill(ones, 1);
    return new Slice(new int[y.rank()], ones, y.dims());
  }

  /** Of parts that are not known no element is a pixel. */
  private Numbered moved(Node n, Value y, Op op, int depth) {
    List<Value> inputs = new ArrayList<>();
    Numbered any = null;
    for (Value x : n.inputs()) {
      Numbered numbered = of(x, depth);
      any = any == null ? numbered : any;
      boolean apart = numbered != null && numbered.w != any.w;
      if (apart || x.shape().count() > MOST) {
        return null;
      }
      inputs.add(numbered == null ? constant(x, new float[x.shape().count()]) : numbered.numbers);
    }
    return any == null || y.shape().count() > MOST ? null : new Numbered(run(op, inputs, y), any.w);
  }

  private Value run(Op op, List<Value> inputs, Value y) {
    return FoldConstants.compute(new Node(y.name(), op, inputs, y), cpu).get(y);
  }

  /** A product changes the last axis alone, whose elements have one place. */
  private Numbered ofRows(Node n, Value y, int depth) {
    Numbered x = of(n.input(0), depth);
    if (x == null || y.shape().count() > MOST) {
      return null;
    }
    Shape one = y.shape().with(-1, 1);
    Value first = Value.of(y.name(), one, false);
    first = run(first(one), List.of(x.numbers), first);
    return new Numbered(run(new Expand(y.shape()), List.of(first), y), x.w);
  }

  /** What keeps the shape keeps places. */
  private Numbered kept(Node n, Value y, int depth) {
    for (Value x : n.inputs()) {
      Numbered numbered = x.shape().equals(y.shape()) ? of(x, depth) : null;
      if (numbered != null) {
        return numbered;
      }
    }
    return null;
  }

  @Override
  public void close() {
    cpu.close();
  }
}
