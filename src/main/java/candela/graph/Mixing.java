package candela.graph;

import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which operators let what lies along one axis of an input reach its neighbours, or count on where
 * it lies, while the shapes tell nothing of it. An operator that is not listed does.
 */
final class Mixing {
  /**
   * An input of a node.
   *
   * @param batching where images lie
   * @param input which of them
   * @param axis along which images lie
   * @param x its shape
   * @param own its shape in the file's own batch
   * @param y that of the node's first output
   */
  record Site(
      OnnxNode node,
      Builder here,
      Batching batching,
      int input,
      int axis,
      Shape x,
      Shape own,
      Shape y) {
    /** Whether the axis that the attribute names is that of the images. */
    private boolean isAt(long absent) {
      return axis == Call.axis(node.integer("axis", absent), x.rank());
    }

    /** Whether it is that or a later one. */
    private boolean isFrom(long absent) {
      return axis >= Call.axis(node.integer("axis", absent), x.rank());
    }

    /** The second input. */
    private OnnxTensor constant() {
      return here.known(here.value("input", node.inputs().get(1))).constant();
    }

    /** Whether the second input is the same for all numbers of images. */
    private boolean isWritten() {
      OnnxTensor t = constant();
      return t != null && batching.isWritten(t, node.inputs().get(1));
    }

    /** Whether the second input picks for every image what is that image's. */
    private boolean picksWithinImages() {
      OnnxTensor picked = constant();
      String name = node.outputs().getFirst();
      int at = batching.axis(name, here.find(name).shape()) - axis;
      if (picked == null || at < 0 || at >= picked.shape().rank() || !isOuter()) {
        return false;
      }
      int inner = picked.shape().count(at + 1, picked.shape().rank());
      int rows = picked.shape().dim(at);
      int each = x.dim(axis) / here.batch();
      long[] places = picked.longs();
      for (int i = 0; i < places.length; i++) {
        long place = places[i] < 0 ? places[i] + x.dim(axis) : places[i];
        if (place / each != i / inner % rows / (rows / here.batch())) {
          return false;
        }
      }
      return true;
    }

    private boolean isOuter() {
      return batching.isOuter(node.inputs().get(input));
    }

    private boolean isResized() {
      return axis != 0 || y.rank() != own.rank() || y.dim(0) != own.dim(0);
    }
  }

  /** Whether the site's operator does. */
  @FunctionalInterface
  private interface Rule {
    boolean mixes(Site s);
  }

  /** Each element by itself, or shapes that tell: they would lose, or double, the images. */
  private static final List<String> NONE =
      List.of(
          "Abs",
          "Add",
          "And",
          "ArgMax",
          "ArgMin",
          "Cast",
          "CastLike",
          "Ceil",
          "Celu",
          "Clip",
          "Constant",
          "ConstantOfShape",
          "Cos",
          "DequantizeLinear",
          "Div",
          "Dropout",
          "Elu",
          "Equal",
          "Erf",
          "Exp",
          "Expand",
          "EyeLike",
          "Flatten",
          "Floor",
          "Gelu",
          "Gemm",
          "Greater",
          "GreaterOrEqual",
          "HardSigmoid",
          "HardSwish",
          "Identity",
          "IsInf",
          "IsNaN",
          "LeakyRelu",
          "Less",
          "LessOrEqual",
          "Log",
          "MatMul",
          "Max",
          "Mean",
          "Min",
          "Mish",
          "Mod",
          "Mul",
          "Neg",
          "Not",
          "Or",
          "PRelu",
          "Pad",
          "Pow",
          "QuantizeLinear",
          "Range",
          "Reciprocal",
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSum",
          "ReduceSumSquare",
          "Relu",
          "Reshape",
          "Round",
          "Selu",
          "Shape",
          "Sigmoid",
          "Sign",
          "Sin",
          "Size",
          "Slice",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Squeeze",
          "Sub",
          "Sum",
          "Swish",
          "Tanh",
          "ThresholdedRelu",
          "Transpose",
          "Unsqueeze",
          "Where",
          "Xor");

  /** Of images with channels and pixels, which the first axis counts. */
  private static final List<String> OF_IMAGES =
      List.of(
          "Attention",
          "AveragePool",
          "BatchNormalization",
          "Col2Im",
          "Conv",
          "ConvTranspose",
          "DepthToSpace",
          "GlobalAveragePool",
          "GlobalMaxPool",
          "GroupNormalization",
          "InstanceNormalization",
          "LRN",
          "MaxPool",
          "SpaceToDepth");

  private static final Map<String, Rule> RULES = rules();

  private Mixing() {}

  private static Map<String, Rule> rules() {
    Map<String, Rule> rules = new HashMap<>();
    NONE.forEach(op -> rules.put(op, s -> false));
    OF_IMAGES.forEach(op -> rules.put(op, s -> s.axis != 0));
    rules.put("Concat", s -> s.isAt(1));
    rules.put("CumSum", s -> s.axis == Call.axis((long) s.constant().floats()[0], s.x.rank()));
    rules.put("Einsum", s -> EinsumReader.sums(s.node, s.input, s.axis, s.x.rank()));
    rules.put("Gather", s -> s.isAt(0) && !s.isWritten() && !s.picksWithinImages());
    rules.put(
        "GatherND", s -> s.axis < s.node.integer("batch_dims", 0) + s.constant().shape().dim(-1));
    rules.put("LayerNormalization", s -> s.isFrom(-1));
    rules.put("LogSoftmax", Mixing::softmax);
    rules.put("RMSNormalization", s -> s.isFrom(-1));
    rules.put("Resize", Site::isResized);
    rules.put("ScatterElements", s -> s.isAt(0));
    // of data and updates, the last axes are the same
    rules.put("ScatterND", s -> s.x.rank() - s.axis > s.y.rank() - s.constant().shape().dim(-1));
    rules.put("Softmax", Mixing::softmax);
    rules.put("Split", s -> s.isAt(0) && s.node.outputs().size() > 1);
    rules.put("Tile", s -> s.y.rank() != s.own.rank() || s.y.dim(s.axis) != s.own.dim(s.axis));
    rules.put("Trilu", s -> s.axis >= s.x.rank() - 2);
    rules.put("Upsample", Site::isResized);
    return rules;
  }

  private static boolean softmax(Site s) {
    return s.here.opset() < 13 ? s.isFrom(1) : s.isAt(-1);
  }

  static boolean isListed(String op) {
    return RULES.containsKey(op);
  }

  static boolean mixes(Site s) {
    Rule rule = RULES.get(s.node.op());
    return rule == null || rule.mixes(s);
  }
}
