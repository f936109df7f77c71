package candela.bench;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes an ONNX classifier node by node, with seeded random weights (He, uniform).
 *
 * <p>Values are named after the node that makes them; the builder remembers the channels of each,
 * so that a layer states only what it makes. Not thread-safe.
 */
final class NetworkBuilder {
  private static final int IR_VERSION = 8;
  private static final int OPSET = 17;

  private final GraphProto.Builder graph = GraphProto.newBuilder();
  private final Map<String, Integer> channels = new HashMap<>();
  private final SplittableRandom random;
  private int count;

  NetworkBuilder(String name, long seed) {
    graph.setName(name);
    random = new SplittableRandom(seed);
  }

  /** [n,3,224,224], n free. */
  String image() {
    graph.addInput(info("image", 3, 224, 224));
    channels.put("image", 3);
    return "image";
  }

  int channels(String x) {
    return channels.get(x);
  }

  String convolution(String x, int out, int kernel, int stride, int padding, boolean bias) {
    String name = name("Conv");
    int in = channels(x);
    uniform(name + ".weight", Math.sqrt(6.0 / (in * kernel * kernel)), out, in, kernel, kernel);
    NodeProto.Builder node = node("Conv", name, x, name + ".weight");
    if (bias) {
      uniform(name + ".bias", 0.1, out);
      node.addInput(name + ".bias");
    }
    window(node, kernel, stride, padding);
    return add(node, out);
  }

  /** Running statistics near those of a normalised input; scale in gain/2 … 3/2 gain. */
  String batchNormalization(String x, double gain, float epsilon) {
    String name = name("BatchNormalization");
    int c = channels(x);
    constant(name + ".scale", values(c, 0.5 * gain, 1.5 * gain), c);
    uniform(name + ".bias", 0.1, c);
    uniform(name + ".mean", 0.1, c);
    constant(name + ".variance", values(c, 0.5, 1.5), c);
    NodeProto.Builder node = node("BatchNormalization", name, x);
    for (String part : List.of(".scale", ".bias", ".mean", ".variance")) {
      node.addInput(name + part);
    }
    node.addAttribute(
        attribute("epsilon").setType(AttributeProto.AttributeType.FLOAT).setF(epsilon));
    return add(node, c);
  }

  String relu(String x) {
    return add(node("Relu", name("Relu"), x), channels(x));
  }

  String maxPool(String x, int kernel, int stride, int padding, boolean ceil) {
    NodeProto.Builder node = node("MaxPool", name("MaxPool"), x);
    window(node, kernel, stride, padding);
    node.addAttribute(integer("ceil_mode", ceil ? 1 : 0));
    return add(node, channels(x));
  }

  String globalAveragePool(String x) {
    return add(node("GlobalAveragePool", name("GlobalAveragePool"), x), channels(x));
  }

  String sum(String a, String b) {
    return add(node("Add", name("Add"), a, b), channels(a));
  }

  String concat(String... x) {
    int c = 0;
    for (String v : x) {
      c += channels(v);
    }
    return add(node("Concat", name("Concat"), x).addAttribute(integer("axis", 1)), c);
  }

  /**
   * @param pixels h*w of x, all of which become features
   */
  String flatten(String x, int pixels) {
    return add(
        node("Flatten", name("Flatten"), x).addAttribute(integer("axis", 1)), channels(x) * pixels);
  }

  String linear(String x, int out) {
    String name = name("Gemm");
    int in = channels(x);
    uniform(name + ".weight", Math.sqrt(6.0 / in), out, in);
    uniform(name + ".bias", 0.1, out);
    NodeProto.Builder node = node("Gemm", name, x, name + ".weight", name + ".bias");
    return add(node.addAttribute(integer("transB", 1)), out);
  }

  ModelProto classifier(String logits) {
    graph.addOutput(info(logits, channels(logits)));
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("candela-bench")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .setGraph(graph)
        .build();
  }

  private String name(String operator) {
    return operator + "_" + count++;
  }

  private String add(NodeProto.Builder node, int out) {
    graph.addNode(node);
    channels.put(node.getOutput(0), out);
    return node.getOutput(0);
  }

  private static NodeProto.Builder node(String operator, String name, String... inputs) {
    return NodeProto.newBuilder()
        .setOpType(operator)
        .setName(name)
        .addAllInput(List.of(inputs))
        .addOutput(name + ".out");
  }

  private static void window(NodeProto.Builder node, int kernel, int stride, int padding) {
    node.addAttribute(integers("kernel_shape", kernel, kernel));
    node.addAttribute(integers("strides", stride, stride));
    node.addAttribute(integers("pads", padding, padding, padding, padding));
  }

  private void uniform(String name, double bound, int... dims) {
    long n = 1;
    for (int d : dims) {
      n *= d;
    }
    constant(name, values(Math.toIntExact(n), -bound, bound), dims);
  }

  private ByteBuffer values(int n, double low, double high) {
    ByteBuffer data = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < n; i++) {
      data.putFloat((float) (low + (high - low) * random.nextDouble()));
    }
    return data.flip();
  }

  private void constant(String name, ByteBuffer data, int... dims) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorProto.DataType.FLOAT_VALUE)
            .setRawData(UnsafeByteOperations.unsafeWrap(data));
    for (int d : dims) {
      tensor.addDims(d);
    }
    graph.addInitializer(tensor);
  }

  private static AttributeProto.Builder attribute(String name) {
    return AttributeProto.newBuilder().setName(name);
  }

  private static AttributeProto.Builder integer(String name, long value) {
    return attribute(name).setType(AttributeProto.AttributeType.INT).setI(value);
  }

  private static AttributeProto.Builder integers(String name, long... values) {
    AttributeProto.Builder a = attribute(name).setType(AttributeProto.AttributeType.INTS);
    for (long v : values) {
      a.addInts(v);
    }
    return a;
  }

  private static ValueInfoProto info(String name, int... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("n"));
    for (int d : dims) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(TensorProto.DataType.FLOAT_VALUE)
                        .setShape(shape)))
        .build();
  }
}
