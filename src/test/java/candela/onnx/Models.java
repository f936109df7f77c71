package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import com.google.protobuf.Message;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small models made by hand. */
public final class Models {
  private Models() {}

  /** y = relu(x + w), with x [n,3] and w [3]. */
  public static ModelProto.Builder tiny() {
    return model(
        GraphProto.newBuilder()
            .addInput(value("x", -1, 3))
            .addOutput(value("y", -1, 3))
            .addInitializer(floats("w", 1, 2, 3))
            .addNode(node("Add", List.of("x", "w"), "sum"))
            .addNode(node("Relu", List.of("sum"), "y")));
  }

  public static ModelProto.Builder model(GraphProto.Builder graph) {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .setProducerName("by hand")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
        .setGraph(graph);
  }

  public static NodeProto.Builder node(String op, List<String> inputs, String... outputs) {
    return NodeProto.newBuilder().setOpType(op).addAllInput(inputs).addAllOutput(List.of(outputs));
  }

  public static TensorProto.Builder floats(String name, float... values) {
    var tensor = TensorProto.newBuilder().setName(name).setDataType(1).addDims(values.length);
    for (float v : values) {
      tensor.addFloatData(v);
    }
    return tensor;
  }

  /** A list of one integer. */
  public static TensorProto integers(String name, long value) {
    return integer(name, value).toBuilder().addDims(1).build();
  }

  /** An integer of rank 0. */
  public static TensorProto integer(String name, long value) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.INT64_VALUE)
        .addInt64Data(value)
        .build();
  }

  /** A truth value of rank 0. */
  public static TensorProto bool(String name, boolean value) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.BOOL_VALUE)
        .addInt32Data(value ? 1 : 0)
        .build();
  }

  /** An attribute that is an integer. */
  public static AttributeProto number(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  /** An attribute that is a branch or body. */
  public static AttributeProto graph(String name, GraphProto.Builder graph) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.GRAPH)
        .setG(graph)
        .build();
  }

  /** A float value; dimension -1 is the name n. */
  public static ValueInfoProto value(String name, long... dims) {
    var shape = TensorShapeProto.newBuilder();
    for (long d : dims) {
      var dim = TensorShapeProto.Dimension.newBuilder();
      shape.addDim(d == -1 ? dim.setDimParam("n") : dim.setDimValue(d));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape)))
        .build();
  }

  public static Path write(Path folder, Message message) {
    return write(folder.resolve("model.onnx"), message.toByteArray());
  }

  public static Path write(Path file, byte... bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
