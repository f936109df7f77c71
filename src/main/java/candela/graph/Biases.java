package candela.graph;

import candela.graph.op.Affine;
import candela.graph.op.BinaryOp;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.Reshape;
import candela.graph.op.Transpose;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the biases of convolutions, transposed ones too, and batch normalisations in a graph as
 * imported. What scales and shifts the channels of a layer, and alone reads them, belongs to it: y
 * = s (w x + b) + t has the bias s b + t. One number for all channels is left to the activation
 * that it is part of.
 */
final class Biases {
  private final Graph graph;
  private final Map<Value, String> names = new IdentityHashMap<>();
  private final Map<Value, List<Node>> readers;
  private final Map<Value, Node> producers;

  /** Nodes that belong to a layer before them. */
  private final Set<Node> taken = Collections.newSetFromMap(new IdentityHashMap<>());

  /**
   * What a layer gives so far.
   *
   * @param axis its channels
   * @param bias of them; null where there is none yet
   */
  private record At(Value value, int axis, double[] bias) {}

  private Biases(Graph imported, String output) {
    List<Value> scores = List.of(Scores.output(imported, output));
    var alone =
        new Graph(imported.name(), imported.inputs(), scores, imported.nodes(), imported.named());
    graph = new DeadCode().apply(alone, Set.of());
    graph.named().forEach((name, p) -> names.merge(p.value(), name, Biases::first));
    readers = Rewrite.readers(graph);
    producers = Rewrite.producers(graph);
  }

  private static String first(String a, String b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /**
   * Those that an output depends on, in the graph's order.
   *
   * @param output name of the model output, null for the first
   * @throws Unsuited where there is none
   */
  static List<Bias> of(Graph imported, String output) {
    List<Bias> found = new Biases(imported, output).found();
    if (found.isEmpty()) {
      throw Unsuited.of(
          "%s: a convolution or batch normalisation with a bias expected, it has none; use"
              + " input-x-gradient",
          imported.name());
    }
    return found;
  }

  private List<Bias> found() {
    List<Bias> found = new ArrayList<>();
    Set<Value> ofImage = Collections.newSetFromMap(new IdentityHashMap<>());
    ofImage.addAll(graph.inputs());
    for (Node n : graph.nodes()) {
      if (n.inputs().stream().anyMatch(ofImage::contains)) {
        ofImage.addAll(n.outputs());
        Bias bias = begins(n) ? bias(n) : null;
        if (bias != null) {
          found.add(bias);
        }
      }
    }
    return found;
  }

  /** Whether it is a convolution, or a batch normalisation that belongs to none. */
  private boolean begins(Node n) {
    if (n.output().shape().rank() != 4) {
      return false;
    }
    return switch (n.op()) {
      case Conv _, ConvTranspose _ -> true;
      case Affine _ -> {
        Node before = producers.get(n.input(0));
        boolean grouped = before != null && before.op() instanceof Reshape;
        yield !grouped && !taken.contains(n); // else it is the shift of a group normalisation
      }
      default -> false;
    };
  }

  /** Of the last value with a name; null where it has none. */
  private Bias bias(Node layer) {
    boolean biased = layer.inputs().size() > 2;
    double[] own = biased ? Fold.doubles(layer.input(2).constant()) : null;
    Bias last = null;
    for (At at = new At(layer.output(), 3, own); at != null; at = behind(at)) {
      if (at.bias != null && names.containsKey(at.value)) {
        last = new Bias(names.get(at.value), at.axis, at.bias);
      }
    }
    return last;
  }

  /** One node further; null where that does more, or the value is read elsewhere, too. */
  private At behind(At at) {
    List<Node> all = readers.getOrDefault(at.value, List.of());
    if (all.size() != 1 || graph.outputs().contains(at.value)) {
      return null;
    }
    Node n = all.getFirst();
    At next =
        switch (n.op()) {
          case Transpose t when t.perm()[0] == 0 ->
              new At(n.output(), Transposition.inverse(t.perm())[at.axis], at.bias);
          case Reshape _ when n.output().shape().equals(at.value.shape()) ->
              new At(n.output(), at.axis, at.bias);
          case Affine _ when at.axis == 3 -> {
            double[] scaled = scaled(at.bias, Fold.doubles(n.input(1).constant()), false);
            yield new At(n.output(), 3, sum(scaled, 1, Fold.doubles(n.input(2).constant()), 1));
          }
          case BinaryOp b -> behind(at, n, b);
          default -> null;
        };
    if (next != null) {
      taken.add(n);
    }
    return next;
  }

  /** The same through arithmetic with one constant a channel. */
  private static At behind(At at, Node n, BinaryOp op) {
    int side = n.input(1) == at.value ? 0 : 1;
    Value constant = n.input(side);
    Shape s = constant.shape();
    int channels = at.value.shape().dim(at.axis);
    boolean each =
        constant.isConstant()
            && s.rank() == 4
            && s.dim(at.axis) == channels
            && s.count() == channels
            && n.output().shape().equals(at.value.shape());
    if (!each) {
      return null;
    }
    double[] c = Fold.doubles(constant.constant());
    return switch (op.kind()) {
      case ADD -> new At(n.output(), at.axis, sum(at.bias, 1, c, 1));
      case SUB -> new At(n.output(), at.axis, sum(at.bias, 2 * side - 1, c, 1 - 2 * side));
      case MUL -> new At(n.output(), at.axis, scaled(at.bias, c, false));
      case DIV -> side == 0 ? null : new At(n.output(), at.axis, scaled(at.bias, c, true));
      default -> null;
    };
  }

  private static double[] scaled(double[] bias, double[] by, boolean divided) {
    if (bias == null) {
      return null;
    }
    double[] scaled = new double[bias.length];
    for (int k = 0; k < scaled.length; k++) {
      scaled[k] = divided ? bias[k] / by[k] : bias[k] * by[k];
    }
    return scaled;
  }

  /** bias · p + c · q. */
  private static double[] sum(double[] bias, int p, double[] c, int q) {
    double[] sum = new double[c.length];
    for (int k = 0; k < sum.length; k++) {
      sum[k] = (bias == null ? 0 : p * bias[k]) + q * c[k];
    }
    return sum;
  }
}
