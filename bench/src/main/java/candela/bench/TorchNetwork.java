package candela.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import com.google.protobuf.CodedInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * An ONNX classifier run node by node with PyTorch's functions through DJL. Weights belong to the
 * manager given, values to the images' manager; a value is closed after its last reader, as
 * PyTorch's own modules free theirs.
 */
final class TorchNetwork {
  private final GraphProto graph;
  private final Map<String, NDArray> weights = new HashMap<>();
  private final List<List<String>> dead = new ArrayList<>();
  private final String image;
  private final String output;
  private final String logits;

  /** What a run leaves: logits are the output, or the input of its softmax. */
  record Result(NDArray output, NDArray logits) {}

  /**
   * @param layout applied to every convolution's weights
   */
  TorchNetwork(ModelProto model, NDManager manager, UnaryOperator<NDArray> layout) {
    graph = model.getGraph();
    for (TensorProto t : graph.getInitializerList()) {
      long[] dims = t.getDimsList().stream().mapToLong(d -> d).toArray();
      // PyTorch's own copy: the file's bytes are shared, and not aligned.
      try (NDArray shared = manager.create(values(t), new Shape(dims), DataType.FLOAT32);
          NDArray w = t.getDimsCount() == 4 ? layout.apply(shared) : shared) {
        weights.put(t.getName(), w.duplicate());
      }
    }
    image =
        graph.getInputList().stream()
            .map(v -> v.getName())
            .filter(n -> !weights.containsKey(n))
            .findFirst()
            .orElseThrow();
    output = graph.getOutput(0).getName();
    NodeProto last = graph.getNode(graph.getNodeCount() - 1);
    logits = last.getOpType().equals("Softmax") ? last.getInput(0) : output;
    findDead();
  }

  static TorchNetwork load(Path model, NDManager manager, UnaryOperator<NDArray> layout) {
    try (FileChannel file = FileChannel.open(model)) {
      CodedInputStream in =
          CodedInputStream.newInstance(file.map(FileChannel.MapMode.READ_ONLY, 0, file.size()));
      in.enableAliasing(true);
      return new TorchNetwork(ModelProto.parseFrom(in), manager, layout);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Result run(NDArray images) {
    Map<String, NDArray> values = new HashMap<>(weights);
    values.put(image, images);
    for (int i = 0; i < graph.getNodeCount(); i++) {
      NodeProto n = graph.getNode(i);
      values.put(n.getOutput(0), apply(n, values));
      for (String name : dead.get(i)) {
        values.remove(name).close();
      }
    }
    return new Result(values.get(output), values.get(logits));
  }

  private void findDead() {
    Map<String, Integer> lastReader = new HashMap<>();
    for (int i = 0; i < graph.getNodeCount(); i++) {
      dead.add(new ArrayList<>());
      for (String name : graph.getNode(i).getInputList()) {
        lastReader.put(name, i);
      }
    }
    lastReader.keySet().removeAll(weights.keySet());
    lastReader.keySet().removeAll(List.of(image, output, logits));
    lastReader.forEach((name, i) -> dead.get(i).add(name));
  }

  private static NDArray apply(NodeProto n, Map<String, NDArray> values) {
    List<NDArray> in = n.getInputList().stream().map(values::get).toList();
    NDArray x = in.getFirst();
    return switch (n.getOpType()) {
      case "Conv" -> convolution(n, in);
      case "BatchNormalization" ->
          x.getNDArrayInternal()
              .batchNorm(x, in.get(3), in.get(4), in.get(1), in.get(2), 1, 0.1f, epsilon(n), false)
              .singletonOrThrow();
      case "Relu" -> x.getNDArrayInternal().relu();
      case "MaxPool" ->
          x.getNDArrayInternal()
              .maxPool(
                  shape(n, "kernel_shape"),
                  shape(n, "strides"),
                  padding(n),
                  integers(n, "ceil_mode", 0)[0] == 1);
      case "GlobalAveragePool" -> {
        NDArray pooled = x.getNDArrayInternal().globalAvgPool();
        yield pooled.reshape(pooled.getShape().get(0), pooled.getShape().get(1), 1, 1);
      }
      case "Add" -> x.add(in.get(1));
      case "Concat" -> NDArrays.concat(new NDList(in), 1);
      case "Flatten" -> x.reshape(x.getShape().get(0), -1);
      case "Gemm" -> x.getNDArrayInternal().linear(x, in.get(1), in.get(2)).singletonOrThrow();
      case "Softmax" -> x.softmax(1);
      // Inference: an alias, so that closing its input leaves it alive.
      case "Dropout" -> x.reshape(x.getShape());
      default ->
          throw new IllegalArgumentException(
              "node '" + n.getName() + "' (" + n.getOpType() + "): PyTorch peer does not know it");
    };
  }

  private static NDArray convolution(NodeProto n, List<NDArray> in) {
    return in.getFirst()
        .getNDArrayInternal()
        .convolution(
            in.getFirst(),
            in.get(1),
            in.size() > 2 ? in.get(2) : null,
            shape(n, "strides"),
            padding(n),
            new Shape(1, 1),
            1)
        .singletonOrThrow();
  }

  private static Shape padding(NodeProto n) {
    long[] p = integers(n, "pads", 0, 0, 0, 0);
    if (p[0] != p[2] || p[1] != p[3]) {
      throw new IllegalArgumentException("node '" + n.getName() + "': PyTorch pads evenly");
    }
    return new Shape(p[0], p[1]);
  }

  private static Shape shape(NodeProto n, String attribute) {
    return new Shape(integers(n, attribute, 1, 1));
  }

  private static float epsilon(NodeProto n) {
    return n.getAttributeList().stream()
        .filter(a -> a.getName().equals("epsilon"))
        .map(AttributeProto::getF)
        .findFirst()
        .orElse(1e-5f);
  }

  private static long[] integers(NodeProto n, String attribute, long... otherwise) {
    for (AttributeProto a : n.getAttributeList()) {
      if (a.getName().equals(attribute)) {
        return a.getType() == AttributeProto.AttributeType.INT
            ? new long[] {a.getI()}
            : a.getIntsList().stream().mapToLong(v -> v).toArray();
      }
    }
    return otherwise;
  }

  private static ByteBuffer values(TensorProto t) {
    if (t.getFloatDataCount() == 0) {
      return t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
    ByteBuffer values =
        ByteBuffer.allocateDirect(4 * t.getFloatDataCount()).order(ByteOrder.nativeOrder());
    t.getFloatDataList().forEach(values::putFloat);
    return values.flip();
  }
}
