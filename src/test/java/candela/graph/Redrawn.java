package candela.graph;

import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.StringStringEntryProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * A network whose weights are {@code ConstantOfShape} with weights drawn at random: He et al. 2015
 * (uniform, variance 2 / inputs) for what is multiplied, near 1 for scales and variances, near 0
 * for shifts and means. The weights lie in a file beside the model, which two engines can map.
 */
final class Redrawn {
  private final GraphProto.Builder graph;
  private final SplittableRandom random;
  private final Map<String, List<Long>> shapes = new HashMap<>();
  private long bytes;

  private Redrawn(GraphProto.Builder graph, long seed) {
    this.graph = graph;
    random = new SplittableRandom(seed);
  }

  /**
   * Writes model.onnx and weights.bin into the folder. The input of a final softmax becomes an
   * output of its own, the first.
   */
  static Path write(Path light, Path folder, long seed) throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(light)).toBuilder();
    Redrawn r = new Redrawn(model.getGraphBuilder(), seed);
    try (FileChannel file =
        FileChannel.open(
            folder.resolve("weights.bin"),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      r.draw(file);
    }
    r.showLogits();
    return Files.write(folder.resolve("model.onnx"), model.build().toByteArray());
  }

  private void draw(FileChannel file) throws IOException {
    for (TensorProto t : graph.getInitializerList()) {
      shapes.put(
          t.getName(),
          t.getDataType() == TensorProto.DataType.INT64_VALUE ? longs(t) : t.getDimsList());
    }
    for (int i = graph.getNodeCount() - 1; i >= 0; i--) {
      NodeProto n = graph.getNode(i);
      if (n.getOpType().equals("ConstantOfShape")) {
        graph.removeNode(i);
        graph.addInitializer(drawn(n.getOutput(0), shapes.get(n.getInput(0)), file));
      }
    }
    for (int i = 0; i < graph.getInitializerCount(); i++) {
      TensorProto t = graph.getInitializer(i);
      boolean small =
          t.getDataType() == TensorProto.DataType.FLOAT_VALUE && t.getExternalDataCount() == 0;
      if (small && role(t.getName()) != null) {
        graph.setInitializer(i, drawn(t.getName(), t.getDimsList(), file));
      }
    }
  }

  private TensorProto drawn(String name, List<Long> shape, FileChannel file) throws IOException {
    long count = shape.stream().reduce(1L, (a, b) -> a * b);
    float[] range = range(role(name), shape, count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = file.map(FileChannel.MapMode.READ_WRITE, bytes, 4 * count, arena);
      for (long i = 0; i < count; i++) {
        float v = range[0] + (range[1] - range[0]) * (random.nextInt() >>> 8) * 0x1p-24f;
        to.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, v);
      }
    }
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorProto.DataType.FLOAT_VALUE)
            .addAllDims(shape)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(entry("location", "weights.bin"))
            .addExternalData(entry("offset", Long.toString(bytes)))
            .addExternalData(entry("length", Long.toString(4 * count)));
    bytes += (4 * count + 4095) / 4096 * 4096;
    return t.build();
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static List<Long> longs(TensorProto t) {
    var values = t.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    return t.getInt64DataCount() > 0
        ? t.getInt64DataList()
        : LongStream.range(0, values.remaining() / 8)
            .mapToObj(i -> values.getLong((int) (8 * i)))
            .toList();
  }

  /** What reads the value, seen through changes of its shape: "Conv 1"; null when nothing does. */
  private String role(String name) {
    for (NodeProto n : graph.getNodeList()) {
      int i = n.getInputList().indexOf(name);
      if (i >= 0) {
        boolean reshapes = n.getOpType().equals("Unsqueeze") || n.getOpType().equals("Reshape");
        return reshapes ? role(n.getOutput(0)) : n.getOpType() + " " + i;
      }
    }
    return null;
  }

  private static float[] range(String role, List<Long> shape, long count) {
    return switch (role) {
      case "Conv 1", "Gemm 1" -> {
        long outputs = shape.stream().filter(d -> d > 1).findFirst().orElse(1L);
        float bound = (float) Math.sqrt(6.0 * outputs / count);
        yield new float[] {-bound, bound};
      }
      case "BatchNormalization 1", "BatchNormalization 4", "Mul 1" -> new float[] {.8f, 1.2f};
      case "BatchNormalization 2", "BatchNormalization 3", "Conv 2", "Gemm 2", "Add 1" ->
          new float[] {-.1f, .1f};
      case null, default -> throw new IllegalStateException("weights read as " + role);
    };
  }

  private void showLogits() {
    NodeProto last = graph.getNode(graph.getNodeCount() - 1);
    if (last.getOpType().equals("Softmax")) {
      TypeProto floats =
          TypeProto.newBuilder()
              .setTensorType(
                  TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT_VALUE))
              .build();
      graph.addOutput(
          0, ValueInfoProto.newBuilder().setName(last.getInput(0)).setType(floats).build());
    }
  }
}
