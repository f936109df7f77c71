package candela.train;

import candela.device.Philox;
import candela.onnx.Dim;
import candela.onnx.ElementType;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A network while it is written down, layer by layer, as the ONNX model of inference; parameters
 * are drawn as they are declared, each from a random stream of its own.
 *
 * <p>Sizes are of one image, without the batch: [c,h,w], [tokens,width] or [n].
 *
 * <p><i>Source</i> of the initial values: convolutions He et al. 2015 by fan-out, as torchvision
 * has it; products in front of a rectifier He et al. by fan-in; last layers normal with deviation
 * 0.01 (Simonyan and Zisserman 2014); transformers normal with deviation 0.02 (Dosovitskiy et al.
 * 2020).
 */
final class Layers {
  private static final int OPSET = 20;

  /** Weights that are drawn one after another. */
  private static final int PIECE = 1 << 16;

  private final String name;
  private final long seed;
  private final Out input;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> parameters = new LinkedHashMap<>();

  /** What a layer gives: a value of the model and its size. */
  record Out(String name, Shape shape) {
    int channels() {
      return shape.dim(0);
    }
  }

  Layers(String name, Shape image, long seed) {
    this.name = name;
    this.seed = seed;
    this.input = new Out("image", image);
  }

  Out input() {
    return input;
  }

  /** The model that gives these class scores. */
  OnnxModel finish(Out scores) {
    // The last node writes under the name of the output.
    OnnxNode last = nodes.removeLast();
    nodes.add(
        new OnnxNode(
            last.name(),
            last.op(),
            last.domain(),
            last.inputs(),
            List.of("scores"),
            last.attributes()));
    return new OnnxModel(
        name,
        "candela",
        OPSET,
        Map.of(),
        List.of(new OnnxValue(input.name(), ElementType.FLOAT, batch(input.shape()))),
        List.of(new OnnxValue("scores", ElementType.FLOAT, batch(scores.shape()))),
        nodes,
        parameters,
        List.of());
  }

  private static List<Dim> batch(Shape shape) {
    List<Dim> dims = new ArrayList<>(List.of(new Dim.Named("n")));
    for (int d : shape.dims()) {
      dims.add(new Dim.Fixed(d));
    }
    return dims;
  }

  /** (x - 0.5) / 0.25: pixels of 0 to 1 around 0; no parameters. */
  Out centred(Out x) {
    Out shifted = node("Sub", x.shape(), List.of(x.name(), scalar(0.5f)), Map.of());
    return node("Div", x.shape(), List.of(shifted.name(), scalar(0.25f)), Map.of());
  }

  /** A square convolution without bias, as batch normalisation follows. */
  Out conv(Out x, int out, int kernel, int stride, int pad) {
    return conv(x, out, kernel, kernel, stride, pad, pad, 1, false);
  }

  Out convBias(Out x, int out, int kernel, int stride, int pad) {
    return conv(x, out, kernel, kernel, stride, pad, pad, 1, true);
  }

  Out depthwise(Out x, int kernel, int stride) {
    int pad = kernel / 2;
    return conv(x, x.channels(), kernel, kernel, stride, pad, pad, x.channels(), false);
  }

  private Out conv(
      Out x, int out, int kh, int kw, int stride, int padH, int padW, int groups, boolean bias) {
    String id = id("conv");
    double deviation = Math.sqrt(2.0 / ((double) out / groups * kh * kw));
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(normal(id + ".weight", deviation, out, x.channels() / groups, kh, kw));
    if (bias) {
      in.add(constant(id + ".bias", 0, out));
    }
    Map<String, OnnxAttribute> a = window(kh, kw, stride, padH, padW);
    a.put("group", new OnnxAttribute.Int(groups));
    Shape y = slid(x.shape(), out, kh, kw, stride, padH, padW, false);
    return node(id, "Conv", y, in, a);
  }

  Out batchNorm(Out x, float epsilon) {
    String id = id("norm");
    int c = x.channels();
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(constant(id + ".scale", 1, c));
    in.add(constant(id + ".shift", 0, c));
    in.add(constant(id + ".mean", 0, c));
    in.add(constant(id + ".variance", 1, c));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("epsilon", new OnnxAttribute.Float(epsilon));
    return node(id, "BatchNormalization", x.shape(), in, a);
  }

  Out batchNorm(Out x) {
    return batchNorm(x, 1e-5f);
  }

  /** Over the last axis. */
  Out layerNorm(Out x) {
    String id = id("norm");
    int width = x.shape().dim(-1);
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(constant(id + ".scale", 1, width));
    in.add(constant(id + ".shift", 0, width));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("epsilon", new OnnxAttribute.Float(1e-6f));
    return node(id, "LayerNormalization", x.shape(), in, a);
  }

  Out relu(Out x) {
    return node("Relu", x.shape(), List.of(x.name()), Map.of());
  }

  Out relu6(Out x) {
    return node("Clip", x.shape(), List.of(x.name(), scalar(0), scalar(6)), Map.of());
  }

  Out sigmoid(Out x) {
    return node("Sigmoid", x.shape(), List.of(x.name()), Map.of());
  }

  /** x sigmoid(x). */
  Out swish(Out x) {
    return multiply(x, sigmoid(x));
  }

  Out gelu(Out x) {
    return node("Gelu", x.shape(), List.of(x.name()), Map.of());
  }

  Out maxPool(Out x, int kernel, int stride, int pad, boolean ceil) {
    Map<String, OnnxAttribute> a = window(kernel, kernel, stride, pad, pad);
    a.put("ceil_mode", new OnnxAttribute.Int(ceil ? 1 : 0));
    Shape y = slid(x.shape(), x.channels(), kernel, kernel, stride, pad, pad, ceil);
    return node("MaxPool", y, List.of(x.name()), a);
  }

  Out averagePool(Out x, int kernel, int stride) {
    Shape y = slid(x.shape(), x.channels(), kernel, kernel, stride, 0, 0, false);
    return node("AveragePool", y, List.of(x.name()), window(kernel, kernel, stride, 0, 0));
  }

  Out globalAverage(Out x) {
    Shape y = Shape.of(x.channels(), 1, 1);
    return node("GlobalAveragePool", y, List.of(x.name()), Map.of());
  }

  Out flatten(Out x) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("axis", new OnnxAttribute.Int(1));
    return node("Flatten", Shape.of(x.shape().count()), List.of(x.name()), a);
  }

  /** Channels of one after those of the other. */
  Out concat(Out... parts) {
    int channels = 0;
    List<String> names = new ArrayList<>();
    for (Out p : parts) {
      channels += p.channels();
      names.add(p.name());
    }
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("axis", new OnnxAttribute.Int(1));
    return node("Concat", parts[0].shape().with(0, channels), names, a);
  }

  Out add(Out a, Out b) {
    return node("Add", a.shape(), List.of(a.name(), b.name()), Map.of());
  }

  /** b may have one value a channel. */
  Out multiply(Out a, Out b) {
    return node("Mul", a.shape(), List.of(a.name(), b.name()), Map.of());
  }

  /** A product in front of a rectifier. */
  Out linear(Out x, int out) {
    return gemm(x, out, Math.sqrt(2.0 / x.shape().count()));
  }

  /** The class scores of features. */
  Out scores(Out x, int classes) {
    return gemm(x, classes, 0.01);
  }

  private Out gemm(Out x, int out, double deviation) {
    String id = id("linear");
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(normal(id + ".weight", deviation, out, x.shape().count()));
    in.add(constant(id + ".bias", 0, out));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("transB", new OnnxAttribute.Int(1));
    return node(id, "Gemm", Shape.of(out), in, a);
  }

  /** tokens[t,width] times a matrix plus a bias. */
  Out tokenLinear(Out x, int out) {
    String id = id("linear");
    String weight = normal(id + ".weight", 0.02, x.shape().dim(1), out);
    String bias = constant(id + ".bias", 0, out);
    Shape y = Shape.of(x.shape().dim(0), out);
    Out product = node(id, "MatMul", y, List.of(x.name(), weight), Map.of());
    return node(id + ".add", "Add", y, List.of(product.name(), bias), Map.of());
  }

  /** Images [c,h,w] as tokens [h*w,c]. */
  Out tokens(Out x) {
    Shape s = x.shape();
    Out flat = reshape(x, s.dim(0), s.dim(1) * s.dim(2));
    return transpose(flat, 0, 2, 1);
  }

  /** Adds a learnt value to every element of every image. */
  Out position(Out x) {
    String id = id("position");
    int[] dims = x.shape().dims();
    String p = normal(id + ".weight", 0.02, 1, dims[0], dims[1]);
    return node(id, "Add", x.shape(), List.of(x.name(), p), Map.of());
  }

  /** Self-attention of tokens with some heads, and the projection behind it. */
  Out attention(Out x, int heads) {
    int t = x.shape().dim(0);
    int width = x.shape().dim(1);
    int each = width / heads;
    Out[] parts = new Out[3];
    for (int i = 0; i < 3; i++) {
      Out split = reshape(tokenLinear(x, width), t, heads, each);
      // Keys are turned so that their product with queries is over the features.
      parts[i] = i == 1 ? transpose(split, 0, 2, 3, 1) : transpose(split, 0, 2, 1, 3);
    }
    Shape square = Shape.of(heads, t, t);
    Out weights = node("MatMul", square, names(parts[0], parts[1]), Map.of());
    String scale = scalar((float) (1 / Math.sqrt(each)));
    weights = node("Mul", square, List.of(weights.name(), scale), Map.of());
    Map<String, OnnxAttribute> axis = new LinkedHashMap<>();
    axis.put("axis", new OnnxAttribute.Int(-1));
    weights = node("Softmax", square, List.of(weights.name()), axis);
    Out mixed = node("MatMul", Shape.of(heads, t, each), names(weights, parts[2]), Map.of());
    return tokenLinear(reshape(transpose(mixed, 0, 2, 1, 3), t, width), width);
  }

  /** The mean of all tokens. */
  Out meanToken(Out x) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("keepdims", new OnnxAttribute.Int(0));
    String axes = integers(1);
    return node("ReduceMean", Shape.of(x.shape().dim(1)), List.of(x.name(), axes), a);
  }

  private static List<String> names(Out a, Out b) {
    return List.of(a.name(), b.name());
  }

  private Out reshape(Out x, int... dims) {
    long[] target = new long[dims.length + 1];
    // 0 keeps the batch as it is.
    for (int i = 0; i < dims.length; i++) {
      target[i + 1] = dims[i];
    }
    return node("Reshape", Shape.of(dims), List.of(x.name(), integers(target)), Map.of());
  }

  private Out transpose(Out x, Integer... perm) {
    int[] dims = new int[perm.length - 1];
    List<Long> longs = new ArrayList<>();
    for (int i = 0; i < perm.length; i++) {
      longs.add((long) perm[i]);
      if (i > 0) {
        dims[i - 1] = x.shape().dim(perm[i] - 1);
      }
    }
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("perm", new OnnxAttribute.Ints(longs));
    return node("Transpose", Shape.of(dims), List.of(x.name()), a);
  }

  private static Map<String, OnnxAttribute> window(int kh, int kw, int stride, int padH, int padW) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("kernel_shape", ints(kh, kw));
    a.put("strides", ints(stride, stride));
    a.put("pads", ints(padH, padW, padH, padW));
    return a;
  }

  private static OnnxAttribute ints(long... values) {
    return new OnnxAttribute.Ints(java.util.Arrays.stream(values).boxed().toList());
  }

  private Shape slid(
      Shape x, int out, int kh, int kw, int stride, int padH, int padW, boolean ceil) {
    int h = length(x.dim(1), kh, stride, padH, ceil);
    int w = length(x.dim(2), kw, stride, padW, ceil);
    if (h < 1 || w < 1) {
      throw CandelaException.of(
          "%s: larger images expected, %dx%d are too small for its windows",
          name, input.shape().dim(1), input.shape().dim(2));
    }
    return Shape.of(out, h, w);
  }

  private static int length(int in, int kernel, int stride, int pad, boolean ceil) {
    int rest = in + 2 * pad - kernel;
    if (rest < 0) {
      return 0;
    }
    int out = (rest + (ceil ? stride - 1 : 0)) / stride + 1;
    return ceil && (out - 1) * stride >= in + pad ? out - 1 : out;
  }

  private String id(String kind) {
    return kind + (nodes.size() + 1);
  }

  private Out node(String op, Shape y, List<String> in, Map<String, OnnxAttribute> a) {
    return node(id(op.toLowerCase(java.util.Locale.ROOT)), op, y, in, a);
  }

  private Out node(String id, String op, Shape y, List<String> in, Map<String, OnnxAttribute> a) {
    nodes.add(new OnnxNode(id, op, "", in, List.of(id + ".out"), a));
    return new Out(id + ".out", y);
  }

  /** A constant that is not a parameter. */
  private String scalar(float value) {
    return constantNode(OnnxTensor.of("value", Shape.SCALAR, value));
  }

  private String integers(long... values) {
    return constantNode(OnnxTensor.of("value", Shape.of(values.length), values));
  }

  private String constantNode(OnnxTensor value) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("value", new OnnxAttribute.Tensor(value));
    return node("Constant", value.shape(), List.of(), a).name();
  }

  private String constant(String id, float value, int n) {
    float[] values = new float[n];
    java.util.Arrays.fill(values, value);
    parameters.put(id, OnnxTensor.of(id, Shape.of(n), values));
    return id;
  }

  private String normal(String id, double deviation, int... dims) {
    Shape shape = Shape.of(dims);
    long stream = (long) parameters.size() << 32;
    float[] values = new float[shape.count()];
    // A stream for each piece, so that large layers are drawn by all threads.
    IntStream.range(0, Math.ceilDiv(values.length, PIECE))
        .parallel()
        .forEach(
            piece -> {
              Philox random = new Philox(seed, stream + piece);
              int end = Math.min(values.length, (piece + 1) * PIECE);
              for (int i = piece * PIECE; i < end; i++) {
                values[i] = (float) (deviation * random.normal());
              }
            });
    parameters.put(id, OnnxTensor.of(id, shape, values));
    return id;
  }
}
