package candela.train;

import candela.device.Philox;
import candela.onnx.Dim;
import candela.onnx.ElementType;
import candela.onnx.OnnxAttribute;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.OnnxTensor;
import candela.onnx.OnnxValue;
import candela.tensor.Shape;
import candela.train.Layers.Out;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * An ONNX model while it is written down, node by node; parameters are drawn as they are declared,
 * each from a random stream of its own.
 */
final class ModelDraft {
  private static final int OPSET = 20;

  /** Weights that are drawn one after another. */
  private static final int PIECE = 1 << 16;

  private final String name;
  private final long seed;
  private final Out input;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> parameters = new LinkedHashMap<>();

  ModelDraft(String name, Shape image, long seed) {
    this.name = name;
    this.seed = seed;
    this.input = new Out("image", image);
  }

  String name() {
    return name;
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
        List.of(),
        Map.of());
  }

  private static List<Dim> batch(Shape shape) {
    List<Dim> dims = new ArrayList<>(List.of(new Dim.Named("n")));
    for (int d : shape.dims()) {
      dims.add(new Dim.Fixed(d));
    }
    return dims;
  }

  String id(String kind) {
    return kind + (nodes.size() + 1);
  }

  Out node(String op, Shape y, List<String> in, Map<String, OnnxAttribute> a) {
    return node(id(op.toLowerCase(Locale.ROOT)), op, y, in, a);
  }

  Out node(String id, String op, Shape y, List<String> in, Map<String, OnnxAttribute> a) {
    nodes.add(new OnnxNode(id, op, "", in, List.of(id + ".out"), a));
    return new Out(id + ".out", y);
  }

  /** A constant that is not a parameter. */
  String scalar(float value) {
    return constantNode(OnnxTensor.of("value", Shape.SCALAR, value));
  }

  String integers(long... values) {
    return constantNode(OnnxTensor.of("value", Shape.of(values.length), values));
  }

  String constantNode(OnnxTensor value) {
    Map<String, OnnxAttribute> a = new LinkedHashMap<>();
    a.put("value", new OnnxAttribute.Tensor(value));
    return node("Constant", value.shape(), List.of(), a).name();
  }

  String constant(String id, float value, int n) {
    float[] values = new float[n];
    Arrays.fill(values, value);
    parameters.put(id, OnnxTensor.of(id, Shape.of(n), values));
    return id;
  }

  String normal(String id, double deviation, int... dims) {
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
