package candela.graph;

import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.tensor.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

    /** Input i, a constant; null where it is none. */
    private OnnxTensor constant(int i) {
      return here.known(here.value("input", node.inputs().get(i))).constant();
    }

    /** What an attribute, or a constant input, lists; null where neither does. */
    private long[] listed(String what, int i) {
      if (node.has(what)) {
        return node.integers(what);
      }
      return node.has(i) ? constant(i).longs() : null;
    }

    /** Where the axis of the images stands among axes that are listed; -1 where it does not. */
    private int place() {
      long[] axes = listed("axes", 3);
      for (int k = 0; axes != null && k < axes.length; k++) {
        if (Call.axis(axes[k], x.rank()) == axis) {
          return k;
        }
      }
      return axes == null ? axis : -1;
    }

    /** Whether the axis of the images is among those of a normalisation. */
    private boolean isReduced() {
      return Arrays.stream(node.integers("axes", 0, 2, 3))
          .anyMatch(a -> Call.axis(a, x.rank()) == axis);
    }

    private boolean isPadded() {
      long[] pads = listed("pads", 1);
      int at = place();
      return at >= 0 && (pads[at] != 0 || pads[pads.length / 2 + at] != 0);
    }

    /** Whether a slice takes other than whole blocks, or of each image as much. */
    private boolean isSlicedAcrossImages() {
      long[] starts = listed("starts", 1);
      long[] steps = listed("steps", 4);
      int at = place();
      if (at < 0 || at >= starts.length) {
        return false;
      }
      int length = x.dim(axis);
      long from = Math.clamp(starts[at] < 0 ? starts[at] + length : starts[at], 0L, (long) length);
      long step = steps == null ? 1 : steps[at];
      int outer = batching.outer(node.inputs().get(input));
      if (step == 1 && outer > 1) {
        return from % (length / outer) != 0 || y.dim(axis) % (own.dim(axis) / outer) != 0;
      }
      boolean whole = step == 1 && from == 0 && y.dim(axis) == own.dim(axis);
      int each = length / here.batch();
      return !whole && (outer > 1 || step < 2 || from >= step || each % step != 0);
    }

    /** Whether places are given for some of the images alone. */
    private boolean isWrittenInPart() {
      OnnxTensor places = constant(1);
      if (places == null) {
        return false; // told by shapes
      }
      int length = places.shape().dim(axis);
      boolean repeated = here.batching() != null && length == own.dim(axis);
      return !isAt(0) && length != x.dim(axis) && !repeated;
    }

    /** Whether the second input is the same for all numbers of images. */
    private boolean isWritten() {
      OnnxTensor t = constant(1);
      return t != null && batching.isWritten(t, node.inputs().get(1));
    }

    /** Whether places that are written count along the images, and are not those of each. */
    private boolean isPicked() {
      return isAt(0) && !isWritten() && !picksWithinImages();
    }

    /** Whether places that the images decide count along them, and not in each one alone. */
    private boolean picksAmongImages() {
      return input == 0 && isAt(0) && !isApart();
    }

    private boolean isApart() {
      return here.isApart(node.outputs().getFirst());
    }

    /** Whether index tuples, or what these have in common with the input, count the images. */
    private boolean isCounted() {
      return axis < node.integer("batch_dims", 0) + tuple();
    }

    /** Whether tuples that the images decide do, and not in each one alone. */
    private boolean tuplesMix() {
      boolean common = axis < node.integer("batch_dims", 0);
      return input == 0 && isCounted() && !common && !isApart();
    }

    /** Whether tuples that are written pick for every image, in the order of these, what is its. */
    private boolean tuplesPickWithinImages() {
      String name = node.outputs().getFirst();
      int rows = constant(1).shape().count() / Math.max(1, tuple());
      if (axis != 0 || !isOuter() || rows % here.batch() != 0) {
        return false;
      }
      if (node.integer("batch_dims", 0) > 0) {
        Shape parts = Shape.of(1, here.batch(), rows * tuple() / here.batch());
        return Batching.isAlike(constant(1), parts);
      }
      if (batching.axis(name, here.find(name).shape()) != 0) {
        return false;
      }
      int each = x.dim(0) / here.batch();
      long[] places = constant(1).longs();
      for (int r = 0; r < rows; r++) {
        long place = places[r * tuple()];
        if ((place < 0 ? place + x.dim(0) : place) / each != r / (rows / here.batch())) {
          return false;
        }
      }
      return true;
    }

    private int tuple() {
      return here.value("input", node.inputs().get(1)).shape().dim(-1);
    }

    /** Whether the second input picks for every image what is that image's. */
    private boolean picksWithinImages() {
      OnnxTensor picked = constant(1);
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
      return batching.outer(node.inputs().get(input)) == 1;
    }

    /** Whether the axis of the images is that of a Fourier transform. */
    private boolean isTransformed() {
      boolean given = node.has(2);
      return given ? axis == Call.axis(constant(2).longs()[0], x.rank()) : isAt(absentAxis());
    }

    private int absentAxis() {
      return here.opset() < 20 ? 1 : -2;
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
          "Acos",
          "Acosh",
          "Add",
          "And",
          "ArgMax",
          "ArgMin",
          "Asin",
          "Asinh",
          "Atan",
          "Atanh",
          "BitShift",
          "BitwiseAnd",
          "BitwiseNot",
          "BitwiseOr",
          "BitwiseXor",
          "BlackmanWindow",
          "Cast",
          "CastLike",
          "Ceil",
          "Celu",
          "Clip",
          "Constant",
          "ConstantOfShape",
          "Cos",
          "Cosh",
          "DequantizeLinear",
          "Div",
          "Dropout",
          "Elu",
          "Equal",
          "Erf",
          "Exp",
          "Expand",
          "Flatten",
          "Floor",
          "Gelu",
          "Gemm",
          "Greater",
          "GreaterOrEqual",
          "HammingWindow",
          "HannWindow",
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
          "OneHot",
          "Or",
          "PRelu",
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
          "Shrink",
          "Sigmoid",
          "Sign",
          "Sin",
          "Sinh",
          "Size",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Squeeze",
          "Sub",
          "Sum",
          "SwiGLU",
          "Swish",
          "Tan",
          "Tanh",
          "ThresholdedRelu",
          "Transpose",
          "Unsqueeze",
          "Where",
          "Xor");

  /** Operators whose inputs have their images along the same axis. */
  private static final Set<String> ALIGNED =
      Set.of(
          "Add",
          "And",
          "Div",
          "Equal",
          "GatherElements",
          "Greater",
          "GreaterOrEqual",
          "Less",
          "LessOrEqual",
          "Max",
          "Mean",
          "Min",
          "Mod",
          "Mul",
          "Or",
          "PRelu",
          "Pow",
          "ReverseSequence",
          "RotaryEmbedding",
          "Sub",
          "Sum",
          "SwiGLU",
          "Where",
          "Xor");

  /** Of images with channels and pixels, which the first axis counts. */
  private static final List<String> OF_IMAGES =
      List.of(
          "AffineGrid",
          "Attention",
          "AveragePool",
          "BatchNormalization",
          "Col2Im",
          "ConvTranspose",
          "DeformConv",
          "DepthToSpace",
          "GlobalAveragePool",
          "GlobalLpPool",
          "GlobalMaxPool",
          "GridSample",
          "GroupNormalization",
          "InstanceNormalization",
          "LRN",
          "LpPool",
          "MaxPool",
          "RotaryEmbedding",
          "SpaceToDepth");

  private static final Map<String, Rule> RULES = rules();

  private Mixing() {}

  private static Map<String, Rule> rules() {
    Map<String, Rule> rules = new HashMap<>();
    NONE.forEach(op -> rules.put(op, s -> false));
    OF_IMAGES.forEach(op -> rules.put(op, s -> s.axis != 0));
    rules.put("CenterCropPad", s -> s.y.dim(s.axis) != s.own.dim(s.axis));
    rules.put("Concat", s -> s.isAt(1));
    // weights are no image's, or each one's own
    rules.put("Conv", s -> s.axis != 0 || s.input > 0 && !s.isApart());
    rules.put("Compress", s -> !s.node.has("axis") || s.isAt(0));
    rules.put("CumProd", s -> s.axis == Call.axis((long) s.constant(1).floats()[0], s.x.rank()));
    rules.put("CumSum", s -> s.axis == Call.axis((long) s.constant(1).floats()[0], s.x.rank()));
    rules.put("DFT", Site::isTransformed);
    rules.put("Einsum", s -> EinsumReader.sums(s.node, s.input, s.axis, s.x.rank()));
    rules.put("EyeLike", s -> true);
    rules.put("Gather", s -> s.constant(1) == null ? s.picksAmongImages() : s.isPicked());
    rules.put("GatherElements", s -> s.isAt(0));
    rules.put(
        "GatherND",
        s ->
            s.constant(1) == null
                ? s.tuplesMix()
                : s.isCounted() && !s.isApart() && !s.tuplesPickWithinImages());
    rules.put("Hardmax", Mixing::softmax);
    rules.put("LayerNormalization", s -> s.isFrom(-1));
    rules.put("LogSoftmax", Mixing::softmax);
    rules.put("LpNormalization", s -> s.isAt(-1));
    rules.put("MeanVarianceNormalization", Site::isReduced);
    rules.put("NonZero", s -> true);
    rules.put("Pad", Site::isPadded);
    rules.put("RMSNormalization", s -> s.isFrom(-1));
    rules.put("Resize", Site::isResized);
    rules.put(
        "ReverseSequence", s -> s.axis == Call.axis(s.node.integer("time_axis", 0), s.x.rank()));
    rules.put("ScatterElements", s -> s.isAt(0) || s.isWrittenInPart());
    // of data and updates, the last axes are the same
    rules.put("ScatterND", s -> s.x.rank() - s.axis > s.y.rank() - s.constant(1).shape().dim(-1));
    rules.put("Slice", Site::isSlicedAcrossImages);
    rules.put("Softmax", Mixing::softmax);
    rules.put("Split", s -> s.isAt(0) && s.node.outputs().size() > 1);
    rules.put("Tile", s -> s.y.rank() != s.own.rank() || s.y.dim(s.axis) != s.own.dim(s.axis));
    rules.put("TopK", s -> s.isAt(-1));
    rules.put("Trilu", s -> s.axis >= s.x.rank() - 2);
    rules.put("Unique", s -> true);
    rules.put("Upsample", Site::isResized);
    return rules;
  }

  private static boolean softmax(Site s) {
    return s.here.opset() < 13 ? s.isFrom(1) : s.isAt(-1);
  }

  /** Whether images have to lie in an input as in the output: both broadcast from the last axis. */
  static boolean isAligned(String op, int input) {
    return ALIGNED.contains(op) || op.equals("Gemm") && input == 2;
  }

  /** Whether an input tells places or numbers that must not depend on how many images there are. */
  static boolean isPlace(String op, int input) {
    return switch (op) {
      case "CenterCropPad",
          "CumSum",
          "Gather",
          "GatherND",
          "Pad",
          "ScatterElements",
          "ScatterND",
          "Trilu" ->
          input == 1;
      case "DFT" -> input == 1 || input == 2;
      case "OneHot" -> input == 2;
      case "Slice" -> input == 1 || input == 2 || input == 4;
      default -> false;
    };
  }

  /** Whether place k of so many is along the axis of the images, which {@link #mixes} judges. */
  static boolean isJudged(Site s, int k, int places) {
    return switch (s.node.op()) {
      case "Gather", "ScatterElements" -> s.isAt(0);
      case "CenterCropPad", "Slice" -> k == s.place();
      case "Pad" -> k % (places / 2) == s.place();
      default -> false;
    };
  }

  static boolean isListed(String op) {
    return RULES.containsKey(op);
  }

  static boolean mixes(Site s) {
    Rule rule = RULES.get(s.node.op());
    return rule == null || rule.mixes(s);
  }
}
