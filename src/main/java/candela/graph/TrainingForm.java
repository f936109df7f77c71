package candela.graph;

import candela.device.Binary;
import candela.graph.op.BatchNorm;
import candela.graph.op.BinaryOp;
import candela.graph.op.Concat;
import candela.graph.op.Conv;
import candela.graph.op.ConvTranspose;
import candela.graph.op.Expand;
import candela.graph.op.LayerNorm;
import candela.graph.op.MatMul;
import candela.graph.op.Matrix;
import candela.graph.op.Reshape;
import candela.graph.op.TrainableConv;
import candela.graph.op.TrainableMatrix;
import candela.graph.op.Transpose;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A model's graph for training: every float initialiser that a node reads is an input of the graph,
 * after the images and under its own name, and the operators that read it have its gradient.
 */
public final class TrainingForm {
  private final OnnxModel model;
  private final Map<String, Value> parameters = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();

  private TrainingForm(OnnxModel model) {
    this.model = model;
  }

  /**
   * Builds it.
   *
   * @param network takes images in the order in which the graph does
   * @param training whether batch normalisations use, and move, the statistics of the batch; else
   *     they use the running ones
   * @throws CandelaException when an operator's parameters cannot be trained
   */
  public static Graph graph(Network network, int batch, boolean training) {
    var norms = training ? Builder.Norms.TRAINING : Builder.Norms.RUNNING;
    Graph plain = Import.unfolded(network.model(), batch, network.turned(), norms);
    Graph trainable = new TrainingForm(network.model()).transformed(plain);
    Set<String> keep = Set.of();
    return new FuseNorm().apply(Simplify.all(trainable, keep), keep);
  }

  /** The names of the parameters: inputs of the graph beyond those of the model. */
  public static List<String> parameters(OnnxModel model, Graph graph) {
    Set<String> given = new HashSet<>();
    model.inputs().forEach(v -> given.add(v.name()));
    return graph.inputs().stream().map(Value::name).filter(n -> !given.contains(n)).toList();
  }

  /** Names of the parameters that backward has gradients of: all but running statistics. */
  public static List<String> differentiable(OnnxModel model, Graph graph) {
    Set<Value> statistics = new HashSet<>();
    for (Node n : graph.nodes()) {
      if (n.op() instanceof BatchNorm) {
        statistics.add(n.input(3));
        statistics.add(n.input(4));
      }
    }
    Set<String> left = new HashSet<>();
    statistics.forEach(v -> left.add(v.name()));
    return parameters(model, graph).stream().filter(n -> !left.contains(n)).toList();
  }

  /** Reads a BatchNormalization as the operator that trains. */
  static Value batchNorm(Call c, Value x, UnaryOperator<Value> back) {
    c.only(1, "statistics of training are not supported; export the model for inference");
    float epsilon = c.real("epsilon", 1e-5f);
    // ONNX counts the share of the old statistics.
    float momentum = 1 - c.real("momentum", 0.9f);
    List<Value> in = new ArrayList<>(List.of(x));
    for (int i = 1; i < 5; i++) {
      c.constant(i, "parameter");
      in.add(c.x(i));
    }
    boolean training = c.builder().norms() == Builder.Norms.TRAINING;
    return back.apply(c.add(new BatchNorm(training, epsilon, momentum, false, false), in));
  }

  private Graph transformed(Graph plain) {
    plain.nodes().forEach(this::transform);
    List<Value> inputs = new ArrayList<>(plain.inputs());
    inputs.addAll(parameters.values());
    Map<String, Graph.Place> named = new HashMap<>(plain.named());
    parameters.forEach((name, v) -> named.put(name, new Graph.Place(v, null)));
    return new Graph(plain.name(), inputs, plain.outputs(), nodes, named);
  }

  private void transform(Node n) {
    List<Value> in = new ArrayList<>();
    boolean trains = false;
    for (Value v : n.inputs()) {
      Value p = v == null ? null : parameter(v);
      trains |= p != v;
      in.add(p);
    }
    if (!trains) {
      nodes.add(n);
      return;
    }
    switch (n.op()) {
      case Conv c -> {
        Op op = TrainableConv.of(c, in.get(0).shape(), in.get(1).shape());
        nodes.add(new Node(n.name(), op, runTime(n, in), n.outputs()));
      }
      case ConvTranspose c -> {
        Op op = TrainableConv.of(c, in.get(0).shape(), in.get(1).shape());
        nodes.add(new Node(n.name(), op, runTime(n, in), n.outputs()));
      }
      case Matrix m ->
          nodes.add(
              new Node(n.name(), new TrainableMatrix(m.transposed()), runTime(n, in), n.outputs()));
      case LayerNorm norm -> layerNorm(n, norm, in);
      case BatchNorm b -> nodes.add(new Node(n.name(), b, in, n.outputs()));
      case BinaryOp b -> nodes.add(new Node(n.name(), b, in, n.outputs()));
      case Concat c -> nodes.add(new Node(n.name(), c, in, n.outputs()));
      case Expand e -> nodes.add(new Node(n.name(), e, in, n.outputs()));
      case MatMul m -> nodes.add(new Node(n.name(), m, in, n.outputs()));
      case Reshape r -> nodes.add(new Node(n.name(), r, in, n.outputs()));
      case Transpose t -> nodes.add(new Node(n.name(), t, in, n.outputs()));
      default ->
          throw CandelaException.of(
              "%s: %s: its parameters cannot be trained; those of convolutions, products, batch and"
                  + " layer norms and element-wise operators can",
              model.name(), n.label());
    }
  }

  /** Weights that are not initialisers themselves would stay as they are, silently. */
  private List<Value> runTime(Node n, List<Value> in) {
    for (Value v : in) {
      if (v.isConstant()) {
        throw CandelaException.of(
            "%s: %s: parameter '%s' is computed from constants, so it cannot be trained; fold it"
                + " in the exporter",
            model.name(), n.label(), v.name());
      }
    }
    return in;
  }

  private Value parameter(Value v) {
    OnnxTensor initialiser = v.isConstant() ? model.initialisers().get(v.name()) : null;
    if (initialiser == null || initialiser != v.constant() || initialiser.isInteger()) {
      return v;
    }
    return parameters.computeIfAbsent(v.name(), name -> Value.of(name, v.shape(), false));
  }

  /** Normalises without parameters, then scales and shifts. */
  private void layerNorm(Node n, LayerNorm norm, List<Value> in) {
    Shape x = in.get(0).shape();
    Value y = Value.of(n.output().name() + "@normal", x, false);
    nodes.add(new Node(n.name(), new LayerNorm(norm.axis(), norm.epsilon()), in.subList(0, 1), y));
    Binary[] kinds = {Binary.MUL, Binary.ADD};
    for (int i = 1; i < in.size(); i++) {
      Value p = lifted(n, in.get(i), x, norm.axis());
      boolean last = i == in.size() - 1;
      Value z = last ? n.output() : Value.of(n.output().name() + "@scaled", x, false);
      nodes.add(new Node(n.name(), new BinaryOp(kinds[i - 1]), List.of(y, p), z));
      y = z;
    }
  }

  /** A parameter of the axes from axis on, with leading axes of length 1. */
  private Value lifted(Node n, Value p, Shape x, int axis) {
    int[] dims = x.dims();
    Arrays.fill(dims, 0, axis, 1);
    Shape to = Shape.of(dims);
    Value lifted = Value.of(p.name() + "@lifted." + n.output().name(), to, false);
    nodes.add(new Node(n.name(), new Reshape(to), List.of(p), lifted));
    return lifted;
  }
}
