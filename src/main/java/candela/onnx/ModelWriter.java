package candela.onnx;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.StringStringEntryProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import candela.tensor.CandelaException;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToLongFunction;

/**
 * An {@link OnnxModel} as the bytes of an ONNX file. Float16 halves the file: weights are rounded,
 * and a Cast in front of each reader of one makes them float32 again.
 */
public final class ModelWriter {
  /** The version that opset 20 came with. */
  private static final int IR = 9;

  private final OnnxModel model;
  private final boolean half;

  private ModelWriter(OnnxModel model, boolean half) {
    for (OnnxTensor t : model.initialisers().values()) {
      if (!t.isInteger() && t.type() != ElementType.FLOAT && t.type().minifloat().isEmpty()) {
        throw CandelaException.of(
            "%s: initialiser '%s': float, integers or floats of at most 8 bits expected to be"
                + " written, is %s; convert the model to float32",
            model.name(), t.name(), t.type());
      }
    }
    this.model = model;
    this.half = half;
  }

  /**
   * The file's bytes.
   *
   * @param metadata what the file says of itself: key and value
   * @param half whether weights are stored as float16
   */
  public static byte[] bytes(OnnxModel model, Map<String, String> metadata, boolean half) {
    return new ModelWriter(model, half).write(metadata).toByteArray();
  }

  private ModelProto write(Map<String, String> metadata) {
    ModelProto.Builder m =
        ModelProto.newBuilder()
            .setIrVersion(IR)
            .setProducerName(model.producer())
            .addOpsetImport(
                OperatorSetIdProto.newBuilder()
                    .setDomain("")
                    .setVersion(Math.max(model.opset(), Older.RENEWED)))
            .setGraph(graph());
    metadata.forEach(
        (k, v) -> m.addMetadataProps(StringStringEntryProto.newBuilder().setKey(k).setValue(v)));
    return m.build();
  }

  private GraphProto graph() {
    GraphProto.Builder g = GraphProto.newBuilder().setName(model.name());
    model.inputs().forEach(v -> g.addInput(value(v)));
    model.outputs().forEach(v -> g.addOutput(value(v)));
    for (OnnxTensor t : model.initialisers().values()) {
      boolean narrow = half && t.type() == ElementType.FLOAT;
      g.addInitializer(narrow ? half(t) : tensor(t, t.name()));
      if (narrow) {
        g.addNode(cast(t.name()));
      }
    }
    model.nodes().forEach(n -> g.addNode(node(n)));
    return g.build();
  }

  private static NodeProto cast(String name) {
    return NodeProto.newBuilder()
        .setOpType("Cast")
        .setName(name + ".cast")
        .addInput(name + ".half")
        .addOutput(name)
        .addAttribute(integer("to", ElementType.FLOAT.code()))
        .build();
  }

  private static ValueInfoProto value(OnnxValue v) {
    var type = TypeProto.Tensor.newBuilder().setElemType(v.type().code());
    v.dims().ifPresent(dims -> type.setShape(shape(dims)));
    return ValueInfoProto.newBuilder()
        .setName(v.name())
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }

  private static TensorShapeProto shape(List<Dim> dims) {
    var shape = TensorShapeProto.newBuilder();
    for (Dim d : dims) {
      var dim = TensorShapeProto.Dimension.newBuilder();
      switch (d) {
        case Dim.Fixed f -> dim.setDimValue(f.size());
        case Dim.Named n -> dim.setDimParam(n.name());
      }
      shape.addDim(dim);
    }
    return shape.build();
  }

  private static NodeProto node(OnnxNode n) {
    NodeProto.Builder b =
        NodeProto.newBuilder()
            .setName(n.name())
            .setOpType(n.op())
            .addAllInput(n.inputs())
            .addAllOutput(n.outputs());
    if (!n.domain().isEmpty()) {
      b.setDomain(n.domain());
    }
    n.attributes().keySet().stream()
        .sorted()
        .forEach(name -> b.addAttribute(attribute(name, n.attributes().get(name))));
    return b.build();
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  private static AttributeProto attribute(String name, OnnxAttribute value) {
    AttributeProto.Builder a = AttributeProto.newBuilder().setName(name);
    switch (value) {
      case OnnxAttribute.Int i -> a.setType(AttributeType.INT).setI(i.value());
      case OnnxAttribute.Ints i -> a.setType(AttributeType.INTS).addAllInts(i.values());
      case OnnxAttribute.Float f -> a.setType(AttributeType.FLOAT).setF(f.value());
      case OnnxAttribute.Floats f -> a.setType(AttributeType.FLOATS).addAllFloats(f.values());
      case OnnxAttribute.Text t ->
          a.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(t.value()));
      case OnnxAttribute.Texts t -> {
        a.setType(AttributeType.STRINGS);
        t.values().forEach(v -> a.addStrings(ByteString.copyFromUtf8(v)));
      }
      case OnnxAttribute.Tensor t ->
          a.setType(AttributeType.TENSOR).setT(tensor(t.value(), t.value().name()));
      case OnnxAttribute.Graph g -> throw new IllegalArgumentException(name + ": a graph");
    }
    return a.build();
  }

  private static TensorProto.Builder header(OnnxTensor t, String name, ElementType type) {
    TensorProto.Builder b = TensorProto.newBuilder().setName(name).setDataType(type.code());
    for (int d : t.shape().dims()) {
      b.addDims(d);
    }
    return b;
  }

  private static TensorProto tensor(OnnxTensor t, String name) {
    ByteBuffer data = t.data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    Optional<Minifloat> mini = t.type().minifloat();
    ElementType type = t.isInteger() || mini.isPresent() ? t.type() : ElementType.FLOAT;
    ByteBuffer raw =
        switch (type) {
          case FLOAT, INT64 -> data;
          default ->
              packed(
                  t,
                  i ->
                      mini.isEmpty() ? data.getLong(8 * i) : mini.get().code(data.getFloat(4 * i)));
        };
    return header(t, name, type).setRawData(ByteString.copyFrom(raw)).build();
  }

  /** The last bits of each element's code. */
  private static ByteBuffer packed(OnnxTensor t, IntToLongFunction code) {
    int bits = t.type().bits();
    byte[] raw = new byte[Math.toIntExact(t.type().bytes(t.shape().count()))];
    int mask = (1 << Math.min(bits, Byte.SIZE)) - 1;
    for (int i = 0; i < t.shape().count(); i++) {
      long at = (long) i * bits;
      for (int k = 0; k < t.type().bytes(1); k++) {
        long some = (code.applyAsLong(i) >> k * Byte.SIZE & mask) << at % Byte.SIZE;
        raw[(int) (at / Byte.SIZE) + k] |= (byte) some;
      }
    }
    return ByteBuffer.wrap(raw);
  }

  private static TensorProto half(OnnxTensor t) {
    float[] values = t.floats();
    ByteBuffer raw = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) {
      raw.putShort(Float.floatToFloat16(v));
    }
    return header(t, t.name() + ".half", ElementType.FLOAT16)
        .setRawData(ByteString.copyFrom(raw.flip()))
        .build();
  }
}
