package candela.graph;

import candela.graph.op.Activation;
import candela.graph.op.Affine;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.GroupNorm;
import candela.graph.op.InstanceNorm;
import candela.graph.op.LayerNorm;
import candela.graph.op.Matrix;
import candela.graph.op.Reshape;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Folds a per-channel scale and shift (batch normalisation) into the weights of the layer before
 * it, or into the scale and shift of the normalisation before it; also where a reshape that leaves
 * the channels alone stands between them, as where a layer works on rows of tokens.
 */
final class FoldAffine implements Simplify.Pass {
  @Override
  public Graph apply(Graph graph, Set<String> keep) {
    Map<Value, Integer> uses = Rewrite.uses(graph, Rewrite.held(graph, keep));
    Map<Value, Node> producers = Rewrite.producers(graph);
    Rewrite r = new Rewrite(graph);
    Map<Node, Node> folded = new IdentityHashMap<>();
    Map<Node, Node> swallowed = new IdentityHashMap<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof Affine) {
        Node view = uses.get(n.input(0)) == 1 ? producers.get(n.input(0)) : null;
        boolean between = view != null && keepsChannels(view);
        Value y = between ? view.input(0) : n.input(0);
        Node before = producers.get(y);
        if (uses.get(y) == 1 && foldable(before)) {
          Value to = between ? Value.of(y.name() + "@scaled", y.shape(), false) : n.output();
          folded.put(before, scaled(before, n, to));
          swallowed.put(n, before);
          if (between) {
            folded.put(view, new Node(view.name(), view.op(), List.of(to), n.outputs()));
          }
        }
      }
    }
    for (Node n : graph.nodes()) {
      if (!swallowed.containsKey(n)) {
        r.add(r.now(folded.getOrDefault(n, n)));
      }
    }
    return r.finish();
  }

  private static boolean keepsChannels(Node n) {
    return n.op() instanceof Reshape
        && n.input(0).shape().rank() > 0
        && n.input(0).shape().dim(-1) == n.output().shape().dim(-1);
  }

  /**
   * Whether n, null where nothing computes the value, is a layer that takes a scale and a shift.
   */
  static boolean foldable(Node n) {
    if (n == null) {
      return false;
    }
    boolean plain =
        switch (n.op()) {
          case Conv c -> c.activation().kind() == Activation.Kind.NONE && !c.residual();
          case ConvTranspose c -> true;
          case Matrix m -> m.activation().kind() == Activation.Kind.NONE;
          default -> isNorm(n);
        };
    return plain && n.inputs().stream().skip(1).allMatch(v -> v == null || v.isConstant());
  }

  /** Whether n is a normalisation with a scale and a shift for each channel, the last axis. */
  private static boolean isNorm(Node n) {
    return switch (n.op()) {
      case LayerNorm l -> l.axis() == n.output().shape().rank() - 1;
      case GroupNorm g -> true;
      case InstanceNorm i -> true;
      default -> false;
    };
  }

  /** The layer with its output channels scaled and shifted, writing y. */
  private static Node scaled(Node layer, Node affine, Value y) {
    float[] scale = affine.input(1).constant().floats();
    float[] shift = affine.input(2).constant().floats();
    int channels = scale.length;
    if (layer.inputs().size() == 1) {
      List<Value> inputs = List.of(layer.input(0), affine.input(1), affine.input(2));
      return new Node(layer.name(), layer.op(), inputs, y);
    }
    Value weights = layer.input(1);
    float[] w = weights.constant().floats().clone();
    Shape shape = weights.shape();
    if (layer.op() instanceof ConvTranspose c) {
      turned(w, shape, c.groups(), scale);
    } else {
      boolean byRow =
          layer.op() instanceof Conv || (layer.op() instanceof Matrix m && m.transposed());
      int row = byRow ? w.length / Math.max(1, channels) : channels;
      for (int r = 0; r < w.length / Math.max(1, row); r++) {
        if (byRow) {
          times(w, r * row, row, scale[r]);
        } else {
          times(w, r * row, scale);
        }
      }
    }
    Value old = layer.inputs().size() > 2 ? layer.input(2) : null;
    float[] bias = new float[channels];
    float[] b = old == null ? null : old.constant().floats();
    for (int c = 0; c < channels; c++) {
      bias[c] = (float) ((b == null ? 0.0 : (double) b[c] * scale[c]) + shift[c]);
    }
    List<Value> inputs = new ArrayList<>();
    inputs.add(layer.input(0));
    inputs.add(Value.constant(weights.name(), OnnxTensor.of(weights.name(), shape, w)));
    String name = layer.output().name() + "@bias";
    inputs.add(Value.constant(name, OnnxTensor.of(name, Shape.of(channels), bias)));
    return new Node(layer.name(), layer.op(), inputs, y);
  }

  /** Weights [C,O/groups,kh,kw], of which the first axis holds the groups. */
  private static void turned(float[] w, Shape shape, int groups, float[] scale) {
    int taps = shape.count(2, 4);
    int outputs = shape.dim(1);
    int inputs = shape.dim(0) / groups;
    for (int r = 0; r < shape.count(0, 2); r++) {
      int group = r / outputs / inputs;
      times(w, r * taps, taps, scale[group * outputs + r % outputs]);
    }
  }

  private static void times(float[] w, int from, int count, float scale) {
    for (int i = 0; i < count; i++) {
      w[from + i] *= scale;
    }
  }

  private static void times(float[] w, int from, float[] scale) {
    for (int i = 0; i < scale.length; i++) {
      w[from + i] *= scale[i];
    }
  }
}
