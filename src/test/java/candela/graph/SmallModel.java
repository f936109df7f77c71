package candela.graph;

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
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** An ONNX file made node by node; its input is x, its output y. */
final class SmallModel {
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("small");
  private final SplittableRandom random = new SplittableRandom(5);
  private final int opset;

  /**
   * @param x its shape; -1 is an open dimension
   */
  SmallModel(int opset, long... x) {
    this.opset = opset;
    graph.addInput(value("x", x));
    graph.addOutput(value("y"));
  }

  /**
   * A node; a domain stands before the operator's name and a dot. What follows its output are
   * attributes: a name, its value (number, text, or several).
   */
  SmallModel node(String op, String inputs, String output, Object... attributes) {
    NodeProto.Builder n =
        NodeProto.newBuilder()
            .setOpType(op.substring(op.lastIndexOf('.') + 1))
            .setDomain(op.substring(0, Math.max(0, op.lastIndexOf('.'))))
            .setName(output)
            .addAllInput(inputs.isEmpty() ? List.of() : List.of(inputs.split(" ")))
            .addAllOutput(List.of(output.split(" ", -1)));
    for (int i = 0; i < attributes.length; i += 2) {
      n.addAttribute(attribute((String) attributes[i], attributes[i + 1]));
    }
    graph.addNode(n);
    return this;
  }

  private static AttributeProto attribute(String name, Object value) {
    AttributeProto.Builder a = AttributeProto.newBuilder().setName(name);
    return switch (value) {
      case Integer i -> a.setType(AttributeType.INT).setI(i).build();
      case Float f -> a.setType(AttributeType.FLOAT).setF(f).build();
      case String s -> a.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(s)).build();
      case long[] v -> {
        for (long i : v) {
          a.addInts(i);
        }
        yield a.setType(AttributeType.INTS).build();
      }
      case float[] v -> {
        for (float f : v) {
          a.addFloats(f);
        }
        yield a.setType(AttributeType.FLOATS).build();
      }
      case String[] v -> {
        for (String t : v) {
          a.addStrings(ByteString.copyFromUtf8(t));
        }
        yield a.setType(AttributeType.STRINGS).build();
      }
      default -> throw new IllegalArgumentException(name + " of " + value.getClass());
    };
  }

  SmallModel longs(String name, long[] shape, long... values) {
    TensorProto.Builder t = tensor(name, TensorProto.DataType.INT64_VALUE, shape);
    for (long v : values) {
      t.addInt64Data(v);
    }
    graph.addInitializer(t);
    return this;
  }

  SmallModel scalar(String name, float value) {
    return floats(name, new long[0], value);
  }

  SmallModel floats(String name, long[] shape, float... values) {
    TensorProto.Builder t = tensor(name, TensorProto.DataType.FLOAT_VALUE, shape);
    for (float v : values) {
      t.addFloatData(v);
    }
    graph.addInitializer(t);
    return this;
  }

  /**
   * Integers of 8 to 32 bits.
   *
   * @param type ONNX's number of it
   */
  SmallModel integers(String name, int type, long[] shape, int... values) {
    TensorProto.Builder t = tensor(name, type, shape);
    for (int v : values) {
      t.addInt32Data(v);
    }
    graph.addInitializer(t);
    return this;
  }

  /** Numbers at random in -1 … 1; of rank 1 (scales) in 1/2 … 3/2. */
  SmallModel random(String name, long... shape) {
    TensorProto.Builder t = tensor(name, TensorProto.DataType.FLOAT_VALUE, shape);
    long count = 1;
    for (long d : shape) {
      count *= d;
    }
    for (long i = 0; i < count; i++) {
      double v = random.nextDouble();
      t.addFloatData((float) (shape.length == 1 ? .5 + v : 2 * v - 1));
    }
    graph.addInitializer(t);
    return this;
  }

  private static TensorProto.Builder tensor(String name, int type, long[] shape) {
    TensorProto.Builder t = TensorProto.newBuilder().setName(name).setDataType(type);
    for (long d : shape) {
      t.addDims(d);
    }
    return t;
  }

  private static ValueInfoProto value(String name, long... shape) {
    TypeProto.Tensor.Builder t =
        TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE);
    if (shape.length > 0) {
      TensorShapeProto.Builder s = TensorShapeProto.newBuilder();
      for (long d : shape) {
        var dim = TensorShapeProto.Dimension.newBuilder();
        s.addDim(d < 0 ? dim.setDimParam("n") : dim.setDimValue(d));
      }
      t.setShape(s);
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(t))
        .build();
  }

  Path write(Path folder) throws IOException {
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
            .addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
            .setGraph(graph)
            .build();
    return Files.write(folder.resolve("small.onnx"), model.toByteArray());
  }
}
