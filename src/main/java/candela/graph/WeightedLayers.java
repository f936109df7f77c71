package candela.graph;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The layers of a model that have parameters, in the order in which they run. A convolution or
 * product with weights begins one; the norms, biases and factors behind it belong to it. What a
 * model does to its input before the first layer is none.
 *
 * <p>Parameters are float initialisers and constants that an operator reads, as they are or after
 * the file's own arithmetic on constants, say a norm of weights. One that several read belongs to
 * the first. Immutable.
 */
public final class WeightedLayers {
  /** What a parameter is for. */
  public enum Role {
    WEIGHT,
    BIAS,
    SCALE,
    SHIFT,
    MEAN,
    VARIANCE,
    /** Any other, say slopes of a PReLU. */
    OTHER
  }

  /**
   * A parameter.
   *
   * @param name of the initialiser
   * @param fanIn inputs that a sum of the layer has; of its weights and biases
   */
  public record Parameter(String name, Role role, int fanIn) {}

  /**
   * A layer.
   *
   * @param name of the node that begins it
   */
  public record Layer(String name, List<Parameter> parameters) {
    public Layer {
      parameters = List.copyOf(parameters);
    }
  }

  /**
   * Where a value's elements come from.
   *
   * @param name of the initialiser; null for one of integers
   */
  private record Source(String name, Shape shape, boolean transposed) {}

  private final OnnxModel model;
  private final List<Layer> layers = new ArrayList<>();

  private final Map<String, Source> sources = new HashMap<>();

  /** Values that do not depend on the input. */
  private final Set<String> constants = new HashSet<>();

  private final Set<String> taken = new HashSet<>();

  /** Sums that a bias may follow. */
  private final Set<String> sums = new HashSet<>();

  private String name;
  private int fanIn;
  private List<Parameter> open;

  private WeightedLayers(OnnxModel model, String output) {
    this.model = model;
    model
        .initialisers()
        .forEach(
            (key, t) -> {
              constants.add(key);
              if (!t.isInteger()) {
                sources.put(key, new Source(key, t.shape(), false));
              }
            });
    Set<OnnxNode> needed = needed(output);
    model.nodes().stream().filter(needed::contains).forEach(this::read);
    close();
  }

  /**
   * Those that an output depends on.
   *
   * @param output its name; null for the first
   * @throws CandelaException when weights are computed from nothing that the file holds as floats
   */
  public static WeightedLayers of(OnnxModel model, String output) {
    return new WeightedLayers(lifted(model), output);
  }

  private Set<OnnxNode> needed(String output) {
    Set<String> wanted = new HashSet<>();
    wanted.add(output == null ? model.outputs().getFirst().name() : output);
    Set<OnnxNode> needed = Collections.newSetFromMap(new IdentityHashMap<>());
    for (OnnxNode n : model.nodes().reversed()) {
      if (n.outputs().stream().anyMatch(v -> !v.isEmpty() && wanted.contains(v))) {
        needed.add(n);
        wanted.addAll(n.inputs());
      }
    }
    return needed;
  }

  /** From the first that runs to the last. */
  public List<Layer> layers() {
    return List.copyOf(layers);
  }

  /**
   * A parameter that holds the same for every image of the batch that the file was made for, as
   * [rows, images, values of one]; one image where it does not.
   */
  public Shape images(Parameter p) {
    int batch = Import.batch(model);
    OnnxTensor t = value(p);
    Shape s = t.shape();
    int axes = batch > 1 && s.rank() > 1 ? s.rank() : 0;
    for (int a = 0; a < axes; a++) {
      Shape parts = Shape.of(s.count(0, a), batch, s.count(a + 1, s.rank()));
      if (s.dim(a) == batch && Batching.isAlike(t, parts)) {
        return parts;
      }
    }
    return Shape.of(1, 1, s.count());
  }

  /** The value of a parameter. */
  public OnnxTensor value(Parameter parameter) {
    return model.initialisers().get(parameter.name());
  }

  /** The model with other values for some parameters. */
  public OnnxModel with(Map<String, OnnxTensor> values) {
    Map<String, OnnxTensor> all = new LinkedHashMap<>(model.initialisers());
    all.putAll(values);
    return model.with(model.nodes(), all);
  }

  /** Constants are initialisers, as some exporters write all weights so. */
  private static OnnxModel lifted(OnnxModel model) {
    Map<String, OnnxTensor> all = new LinkedHashMap<>(model.initialisers());
    List<OnnxNode> nodes = new ArrayList<>();
    for (OnnxNode n : model.nodes()) {
      if (n.op().equals("Constant")
          && n.attributes().get("value") instanceof OnnxAttribute.Tensor(OnnxTensor t)) {
        all.put(n.outputs().getFirst(), t);
      } else {
        nodes.add(n);
      }
    }
    return model.with(nodes, all);
  }

  private void read(OnnxNode n) {
    if (n.inputs().stream().allMatch(v -> v.isEmpty() || constants.contains(v))) {
      compute(n);
      return;
    }
    switch (n.op()) {
      case "Conv", "ConvTranspose" -> {
        weight(n, 1, false);
        parameter(n, 2, Role.BIAS);
      }
      case "Gemm" -> {
        weight(n, 1, n.integer("transB", 0) != 0);
        weight(n, 0, n.integer("transA", 0) == 0);
        parameter(n, 2, Role.BIAS);
      }
      case "MatMul" -> {
        weight(n, 1, false);
        weight(n, 0, true);
      }
      case "Einsum" -> {
        for (int i = 0; i < n.inputs().size(); i++) {
          weight(n, i, false);
        }
      }
      case "BatchNormalization" -> norm(n, Role.SCALE, Role.SHIFT, Role.MEAN, Role.VARIANCE);
      case "GroupNormalization",
          "InstanceNormalization",
          "LayerNormalization",
          "RMSNormalization" ->
          norm(n, Role.SCALE, Role.SHIFT);
      case "PRelu" -> parameter(n, 1, Role.OTHER);
      case "Add" -> elementwise(n, isSum(n) ? Role.BIAS : Role.SHIFT);
      case "Mul" -> elementwise(n, Role.SCALE);
      default -> {}
    }
  }

  /**
   * Arithmetic on constants: what it gives is made of its largest parameter, be it integers that
   * become numbers.
   */
  private void compute(OnnxNode n) {
    OnnxTensor given = n.has(0) ? model.initialisers().get(n.inputs().get(0)) : null;
    boolean quantised =
        given != null
            && given.isInteger()
            && (n.op().equals("Cast") || n.op().equals("DequantizeLinear"));
    Source largest = quantised ? new Source(null, given.shape(), false) : null;
    for (String v : n.inputs()) {
      Source s = sources.get(v);
      if (s != null && (largest == null || s.shape().count() > largest.shape().count())) {
        largest = s;
      }
    }
    for (String v : n.outputs()) {
      constants.add(v);
      if (largest != null) {
        boolean turned = n.op().equals("Transpose") != largest.transposed();
        sources.put(v, new Source(largest.name(), largest.shape(), turned));
      }
    }
  }

  /**
   * Begins a layer where operand i is weights.
   *
   * @param transposed whether a matrix is [out,in]
   */
  private void weight(OnnxNode n, int i, boolean transposed) {
    Source made = n.has(i) ? sources.get(n.inputs().get(i)) : null;
    boolean constant = n.has(i) && constants.contains(n.inputs().get(i));
    if (constant && (made == null || made.name() == null || made.shape().rank() == 0)) {
      throw CandelaException.of(
          "%s: %s: weights that are floats in the file expected, they are made of none; export it"
              + " with its weights as floats",
          model.name(), n.label());
    }
    Source s = source(n, i);
    if (s == null) {
      return;
    }
    close();
    name = n.name();
    fanIn = fanIn(n, s, transposed);
    open = new ArrayList<>();
    sums.clear();
    sums.addAll(n.outputs());
    add(s, Role.WEIGHT);
  }

  private static int fanIn(OnnxNode n, Source s, boolean transposed) {
    Shape shape = s.shape();
    if (n.op().startsWith("Conv")) {
      return shape.count() / shape.dim(0);
    }
    if (shape.rank() < 2) {
      return shape.count();
    }
    return shape.dim(shape.rank() - (transposed != s.transposed() ? 1 : 2));
  }

  private void norm(OnnxNode n, Role... roles) {
    if (open == null && source(n, 1) != null) {
      name = n.name();
      open = new ArrayList<>();
    }
    for (int i = 0; i < roles.length; i++) {
      parameter(n, i + 1, roles[i]);
    }
  }

  private void elementwise(OnnxNode n, Role role) {
    for (int i = 0; i < 2; i++) {
      Source s = source(n, i);
      if (s != null && s.shape().count() > 1) { // not a factor of the exporter's
        parameter(n, i, role);
      }
    }
  }

  private boolean isSum(OnnxNode n) {
    return n.inputs().stream().anyMatch(sums::contains);
  }

  private void parameter(OnnxNode n, int i, Role role) {
    Source s = source(n, i);
    if (s != null && open != null) {
      add(s, role);
    }
  }

  /** What operand i was made of; null where it is no parameter, or another layer's. */
  private Source source(OnnxNode n, int i) {
    Source s = n.has(i) ? sources.get(n.inputs().get(i)) : null;
    boolean free = s != null && s.name() != null && s.shape().count() > 0;
    return free && !taken.contains(s.name()) ? s : null;
  }

  private void add(Source s, Role role) {
    taken.add(s.name());
    open.add(new Parameter(s.name(), role, fanIn));
  }

  private void close() {
    if (open != null) {
      layers.add(new Layer(name, open));
    }
  }
}
