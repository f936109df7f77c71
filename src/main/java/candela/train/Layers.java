package candela.train;

import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network while it is written down, layer by layer, as the ONNX model of inference.
 *
 * <p>Sizes are of one image, without the batch: [c,h,w] or [n].
 *
 * <p><i>Source</i> of the initial values: convolutions He et al. 2015 by fan-out, as torchvision
 * has it; products in front of a rectifier He et al. by fan-in; last layers normal with deviation
 * 0.01 (Simonyan and Zisserman 2014).
 */
final class Layers {
  private final ModelDraft draft;

  /** What a layer gives: a value of the model and its size. */
  record Out(String name, Shape shape) {
    int channels() {
      return shape.dim(0);
    }
  }

  Layers(String name, Shape image, long seed) {
    draft = new ModelDraft(name, image, seed);
  }

  Out input() {
    return draft.input();
  }

  /** The model that gives these class scores. */
  OnnxModel finish(Out scores) {
    return draft.finish(scores);
  }

  /** Layers of the same network over tokens. */
  TokenLayers tokenLayers() {
    return new TokenLayers(draft);
  }

  /** (x - 0.5) / 0.25: pixels of 0 to 1 around 0; no parameters. */
  Out centred(Out x) {
    Out shifted = draft.node("Sub", x.shape(), List.of(x.name(), draft.scalar(0.5f)), Map.of());
    return draft.node("Div", x.shape(), List.of(shifted.name(), draft.scalar(0.25f)), Map.of());
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
    String id = draft.id("conv");
    double deviation = Math.sqrt(2.0 / ((double) out / groups * kh * kw));
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(draft.normal(id + ".weight", deviation, out, x.channels() / groups, kh, kw));
    if (bias) {
      in.add(draft.constant(id + ".bias", 0, out));
    }
    Map<String, OnnxAttribute> a = window(kh, kw, stride, padH, padW);
    a.put("group", new OnnxAttribute.Int(groups));
    Shape y = slid(x.shape(), out, kh, kw, stride, padH, padW, false);
    return draft.node(id, "Conv", y, in, a);
  }

  Out batchNorm(Out x, float epsilon) {
    String id = draft.id("norm");
    int c = x.channels();
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(draft.constant(id + ".scale", 1, c));
    in.add(draft.constant(id + ".shift", 0, c));
    in.add(draft.constant(id + ".mean", 0, c));
    in.add(draft.constant(id + ".variance", 1, c));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("epsilon", new OnnxAttribute.Float(epsilon));
    return draft.node(id, "BatchNormalization", x.shape(), in, a);
  }

  Out batchNorm(Out x) {
    return batchNorm(x, 1e-5f);
  }

  Out relu(Out x) {
    return draft.node("Relu", x.shape(), List.of(x.name()), Map.of());
  }

  Out relu6(Out x) {
    return draft.node(
        "Clip", x.shape(), List.of(x.name(), draft.scalar(0), draft.scalar(6)), Map.of());
  }

  Out sigmoid(Out x) {
    return draft.node("Sigmoid", x.shape(), List.of(x.name()), Map.of());
  }

  /** x sigmoid(x). */
  Out swish(Out x) {
    return multiply(x, sigmoid(x));
  }

  Out gelu(Out x) {
    return draft.node("Gelu", x.shape(), List.of(x.name()), Map.of());
  }

  Out maxPool(Out x, int kernel, int stride, int pad, boolean ceil) {
    Map<String, OnnxAttribute> a = window(kernel, kernel, stride, pad, pad);
    a.put("ceil_mode", new OnnxAttribute.Int(ceil ? 1 : 0));
    Shape y = slid(x.shape(), x.channels(), kernel, kernel, stride, pad, pad, ceil);
    return draft.node("MaxPool", y, List.of(x.name()), a);
  }

  Out averagePool(Out x, int kernel, int stride) {
    Shape y = slid(x.shape(), x.channels(), kernel, kernel, stride, 0, 0, false);
    return draft.node("AveragePool", y, List.of(x.name()), window(kernel, kernel, stride, 0, 0));
  }

  Out globalAverage(Out x) {
    Shape y = Shape.of(x.channels(), 1, 1);
    return draft.node("GlobalAveragePool", y, List.of(x.name()), Map.of());
  }

  Out flatten(Out x) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("axis", new OnnxAttribute.Int(1));
    return draft.node("Flatten", Shape.of(x.shape().count()), List.of(x.name()), a);
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
    return draft.node("Concat", parts[0].shape().with(0, channels), names, a);
  }

  Out add(Out a, Out b) {
    return draft.node("Add", a.shape(), List.of(a.name(), b.name()), Map.of());
  }

  /** b may have one value a channel. */
  Out multiply(Out a, Out b) {
    return draft.node("Mul", a.shape(), List.of(a.name(), b.name()), Map.of());
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
    String id = draft.id("linear");
    List<String> in = new ArrayList<>(List.of(x.name()));
    in.add(draft.normal(id + ".weight", deviation, out, x.shape().count()));
    in.add(draft.constant(id + ".bias", 0, out));
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("transB", new OnnxAttribute.Int(1));
    return draft.node(id, "Gemm", Shape.of(out), in, a);
  }

  private static Map<String, OnnxAttribute> window(int kh, int kw, int stride, int padH, int padW) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("kernel_shape", ints(kh, kw));
    a.put("strides", ints(stride, stride));
    a.put("pads", ints(padH, padW, padH, padW));
    return a;
  }

  private static OnnxAttribute ints(long... values) {
    return new OnnxAttribute.Ints(Arrays.stream(values).boxed().toList());
  }

  private Shape slid(
      Shape x, int out, int kh, int kw, int stride, int padH, int padW, boolean ceil) {
    int h = length(x.dim(1), kh, stride, padH, ceil);
    int w = length(x.dim(2), kw, stride, padW, ceil);
    if (h < 1 || w < 1) {
      throw CandelaException.of(
          "%s: larger images expected, %dx%d are too small for its windows",
          draft.name(), input().shape().dim(1), input().shape().dim(2));
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
}
