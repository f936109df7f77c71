package candela.graph;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Unary;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every ONNX operator that can be imported, alphabetical, with the first opset that has it. Others
 * are put together from these, see {@link candela.onnx.Compositions}.
 */
public final class Operators {
  /** Turns an ONNX node into graph nodes and returns the value of its first output. */
  interface Reader {
    Value read(Call call);
  }

  record Entry(String name, int since, Reader reader) {}

  private static final List<Entry> ALL =
      List.of(
          of("Abs", 6, c -> ElementReaders.unary(c, Unary.ABS)),
          of("Acos", 7, c -> ElementReaders.unary(c, Unary.ACOS)),
          of("Acosh", 9, c -> ElementReaders.unary(c, Unary.ACOSH)),
          of("Add", 7, c -> ElementReaders.binary(c, Binary.ADD)),
          of("AffineGrid", 20, GridReaders::affineGrid),
          of("And", 7, c -> ElementReaders.binary(c, Binary.AND)),
          of("ArgMax", 1, c -> ReduceReaders.arg(c, Reduction.MAX)),
          of("ArgMin", 1, c -> ReduceReaders.arg(c, Reduction.MIN)),
          of("Asin", 7, c -> ElementReaders.unary(c, Unary.ASIN)),
          of("Asinh", 9, c -> ElementReaders.unary(c, Unary.ASINH)),
          of("Atan", 7, c -> ElementReaders.unary(c, Unary.ATAN)),
          of("Atanh", 9, c -> ElementReaders.unary(c, Unary.ATANH)),
          of("Attention", 23, AttentionReader::read),
          of("AveragePool", 7, ImageReaders::averagePool),
          of("BatchNormalization", 7, ImageReaders::batchNorm),
          of("BitShift", 11, BitReaders::shift),
          of("BitwiseAnd", 18, c -> BitReaders.binary(c, (a, b) -> a & b)),
          of("BitwiseNot", 18, BitReaders::not),
          of("BitwiseOr", 18, c -> BitReaders.binary(c, (a, b) -> a | b)),
          of("BitwiseXor", 18, c -> BitReaders.binary(c, (a, b) -> a ^ b)),
          of("BlackmanWindow", 17, c -> ConstantReaders.window(c, .42, .5, .08)),
          of("Cast", 6, ElementReaders::cast),
          of("CastLike", 15, ElementReaders::castLike),
          of("Ceil", 6, c -> ElementReaders.unary(c, Unary.CEIL)),
          of("Celu", 12, c -> ElementReaders.alpha(c, Unary.CELU, 1)),
          of("CenterCropPad", 18, PadReader::centre),
          of("Clip", 6, ElementReaders::clip),
          of("Col2Im", 18, ImageReaders::col2Im),
          of("Compress", 9, MaskReaders::compress),
          of("Concat", 4, MoveReaders::concat),
          of("Constant", 1, ConstantReaders::constant),
          of("ConstantOfShape", 9, ConstantReaders::constantOfShape),
          of("Conv", 1, ImageReaders::conv),
          of("ConvTranspose", 1, ImageReaders::convTranspose),
          of("Cos", 7, c -> ElementReaders.unary(c, Unary.COS)),
          of("Cosh", 9, c -> ElementReaders.unary(c, Unary.COSH)),
          of("CumProd", 26, IndexReaders::cumProd),
          of("CumSum", 11, IndexReaders::cumSum),
          of("DFT", 17, DftReader::read),
          of("DeformConv", 19, DeformReader::read),
          of("DepthToSpace", 1, ReshapeReaders::depthToSpace),
          of("DequantizeLinear", 10, QuantizeReaders::dequantize),
          of("Div", 7, ElementReaders::div),
          of("Dropout", 7, MoveReaders::dropout),
          of("Einsum", 12, EinsumReader::read),
          of("Elu", 6, c -> ElementReaders.alpha(c, Unary.ELU, 1)),
          of("Equal", 7, c -> ElementReaders.binary(c, Binary.EQUAL)),
          of("Erf", 9, c -> ElementReaders.unary(c, Unary.ERF)),
          of("Exp", 6, c -> ElementReaders.unary(c, Unary.EXP)),
          of("Expand", 8, MoveReaders::expand),
          of("EyeLike", 9, ConstantReaders::eyeLike),
          of("Flatten", 1, ReshapeReaders::flatten),
          of("Floor", 6, c -> ElementReaders.unary(c, Unary.FLOOR)),
          of("Gather", 1, IndexReaders::gather),
          of("GatherElements", 11, PickReaders::gatherElements),
          of("GatherND", 11, IndexReaders::gatherNd),
          of("Gelu", 20, ElementReaders::gelu),
          of("Gemm", 7, MatrixReaders::gemm),
          of("GlobalAveragePool", 1, ImageReaders::globalAverage),
          of("GlobalLpPool", 2, LpReaders::globalPool),
          of("GlobalMaxPool", 1, ImageReaders::globalMax),
          of("Greater", 7, c -> ElementReaders.binary(c, Binary.GREATER)),
          of("GreaterOrEqual", 12, c -> ElementReaders.binary(c, Binary.GREATER_EQUAL)),
          of("GridSample", 16, GridReaders::gridSample),
          of("GroupNormalization", 21, ImageReaders::groupNorm),
          of("HammingWindow", 17, c -> ConstantReaders.window(c, 25. / 46, 21. / 46, 0)),
          of("HannWindow", 17, c -> ConstantReaders.window(c, .5, .5, 0)),
          of("HardSigmoid", 6, ElementReaders::hardSigmoid),
          of("HardSwish", 14, c -> ElementReaders.unary(c, Unary.HARD_SWISH)),
          of("Hardmax", 1, PickReaders::hardmax),
          of("Identity", 1, MoveReaders::identity),
          of("InstanceNormalization", 6, ImageReaders::instanceNorm),
          of("IsInf", 10, ElementReaders::isInf),
          of("IsNaN", 9, ElementReaders::isNaN),
          of("LRN", 1, ImageReaders::lrn),
          of("LayerNormalization", 17, MatrixReaders::layerNorm),
          of("LeakyRelu", 6, c -> ElementReaders.alpha(c, Unary.LEAKY_RELU, .01f)),
          of("Less", 7, c -> ElementReaders.binary(c, Binary.LESS)),
          of("LessOrEqual", 12, c -> ElementReaders.binary(c, Binary.LESS_EQUAL)),
          of("Log", 6, c -> ElementReaders.unary(c, Unary.LOG)),
          of("LogSoftmax", 1, c -> MatrixReaders.softmax(c, true)),
          of("LpNormalization", 1, LpReaders::normalization),
          of("LpPool", 2, LpReaders::pool),
          of("MatMul", 1, MatrixReaders::matMul),
          of("Max", 6, c -> ElementReaders.many(c, Binary.MAX)),
          of("MaxPool", 1, ImageReaders::maxPool),
          of("Mean", 6, ElementReaders::mean),
          of("MeanVarianceNormalization", 9, ReduceReaders::meanVariance),
          of("Min", 6, c -> ElementReaders.many(c, Binary.MIN)),
          of("Mish", 18, c -> ElementReaders.unary(c, Unary.MISH)),
          of("Mod", 10, ElementReaders::mod),
          of("Mul", 7, c -> ElementReaders.binary(c, Binary.MUL)),
          of("Neg", 6, c -> ElementReaders.unary(c, Unary.NEG)),
          of("NonZero", 9, MaskReaders::nonZero),
          of("Not", 1, c -> ElementReaders.unary(c, Unary.NOT)),
          of("OneHot", 9, PickReaders::oneHot),
          of("Or", 7, c -> ElementReaders.binary(c, Binary.OR)),
          of("PRelu", 7, ElementReaders::prelu),
          of("Pad", 2, PadReader::pad),
          of("Pow", 7, ElementReaders::pow),
          of("QuantizeLinear", 10, QuantizeReaders::quantize),
          of("RMSNormalization", 23, MatrixReaders::rmsNorm),
          of("Range", 11, ConstantReaders::range),
          of("Reciprocal", 6, c -> ElementReaders.unary(c, Unary.RECIPROCAL)),
          of("ReduceL1", 1, ReduceReaders::norm1),
          of("ReduceL2", 1, ReduceReaders::norm2),
          of("ReduceLogSum", 1, ReduceReaders::logSum),
          of("ReduceLogSumExp", 1, ReduceReaders::logSumExp),
          of("ReduceMax", 1, c -> ReduceReaders.reduce(c, Reduction.MAX, 18)),
          of("ReduceMean", 1, c -> ReduceReaders.reduce(c, Reduction.MEAN, 18)),
          of("ReduceMin", 1, c -> ReduceReaders.reduce(c, Reduction.MIN, 18)),
          of("ReduceProd", 1, c -> ReduceReaders.reduce(c, Reduction.PROD, 18)),
          of("ReduceSum", 1, c -> ReduceReaders.reduce(c, Reduction.SUM, 13)),
          of("ReduceSumSquare", 1, ReduceReaders::squares),
          of("Relu", 6, ElementReaders::relu),
          of("Reshape", 5, ReshapeReaders::reshape),
          of("Resize", 10, ResizeReader::resize),
          of("ReverseSequence", 10, IndexReaders::reverseSequence),
          of("RotaryEmbedding", 23, RotaryReader::read),
          of("Round", 11, c -> ElementReaders.unary(c, Unary.ROUND)),
          of("ScatterElements", 11, ScatterReader::scatterElements),
          of("ScatterND", 11, ScatterReader::scatterNd),
          of("Selu", 6, ElementReaders::selu),
          of("Shape", 1, ConstantReaders::shape),
          of("Shrink", 9, ElementReaders::shrink),
          of("Sigmoid", 6, c -> ElementReaders.unary(c, Unary.SIGMOID)),
          of("Sign", 9, c -> ElementReaders.unary(c, Unary.SIGN)),
          of("Sin", 7, c -> ElementReaders.unary(c, Unary.SIN)),
          of("Sinh", 9, c -> ElementReaders.unary(c, Unary.SINH)),
          of("Size", 1, ConstantReaders::size),
          of("Slice", 1, MoveReaders::slice),
          of("Softmax", 1, c -> MatrixReaders.softmax(c, false)),
          of("Softplus", 1, c -> ElementReaders.unary(c, Unary.SOFTPLUS)),
          of("Softsign", 1, c -> ElementReaders.unary(c, Unary.SOFTSIGN)),
          of("SpaceToDepth", 1, ReshapeReaders::spaceToDepth),
          of("Split", 2, MoveReaders::split),
          of("Sqrt", 6, c -> ElementReaders.unary(c, Unary.SQRT)),
          of("Squeeze", 1, ReshapeReaders::squeeze),
          of("Sub", 7, c -> ElementReaders.binary(c, Binary.SUB)),
          of("Sum", 6, c -> ElementReaders.many(c, Binary.ADD)),
          of("SwiGLU", 28, ElementReaders::swiglu),
          of("Swish", 24, c -> ElementReaders.alpha(c, Unary.SWISH, 1)),
          of("Tan", 7, c -> ElementReaders.unary(c, Unary.TAN)),
          of("Tanh", 6, c -> ElementReaders.unary(c, Unary.TANH)),
          of("ThresholdedRelu", 10, c -> ElementReaders.alpha(c, Unary.THRESHOLDED_RELU, 1)),
          of("Tile", 6, IndexReaders::tile),
          of("TopK", 1, PickReaders::topK),
          of("Transpose", 1, MoveReaders::transpose),
          of("Trilu", 14, IndexReaders::trilu),
          of("Unique", 11, MaskReaders::unique),
          of("Unsqueeze", 1, ReshapeReaders::unsqueeze),
          of("Upsample", 7, ResizeReader::upsample),
          of("Where", 9, ElementReaders::where),
          of("Xor", 7, c -> ElementReaders.binary(c, Binary.XOR)));

  private static final List<String> DECIDED =
      Stream.concat(ControlFlow.DECIDED.stream(), Sequences.OPERATORS.stream()).sorted().toList();

  private Operators() {}

  private static Entry of(String name, int since, Reader reader) {
    return new Entry(name, since, reader);
  }

  static Entry find(String name) {
    return ALL.stream().filter(e -> e.name().equals(name)).findFirst().orElse(null);
  }

  /** The names, alphabetical. */
  public static List<String> names() {
    return ALL.stream().map(Entry::name).toList();
  }

  /** Names of those that come in place by what shapes and constants tell, alphabetical. */
  public static List<String> decided() {
    return DECIDED;
  }

  /** The first opset that has an operator of this name. */
  public static int since(String name) {
    return find(name).since();
  }
}
