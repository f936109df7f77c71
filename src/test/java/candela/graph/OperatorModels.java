package candela.graph;

import candela.onnx.proto.ModelProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.ValueInfoProto;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * ONNX's own cases as models that need nothing else: the first float input is the image, what else
 * a case is given is an initialiser.
 */
final class OperatorModels {
  private OperatorModels() {}

  static List<ModelProto> read(Path zip) throws IOException {
    var models = new ArrayList<ModelProto>();
    try (FileSystem files = FileSystems.newFileSystem(zip);
        Stream<Path> all = Files.list(files.getPath("/"))) {
      for (Path folder : all.sorted().toList()) {
        models.add(model(folder));
      }
    }
    return models;
  }

  private static ModelProto model(Path folder) throws IOException {
    ModelProto.Builder model =
        ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx"))).toBuilder();
    var graph = model.getGraphBuilder();
    var inputs = List.copyOf(graph.getInputList());
    graph.clearInput();
    for (int i = 0; i < inputs.size(); i++) {
      Path file = folder.resolve("test_data_set_0/input_" + i + ".pb");
      TensorProto t = TensorProto.parseFrom(Files.readAllBytes(file));
      String name = inputs.get(i).getName();
      if (i == 0 && t.getDataType() == TensorProto.DataType.FLOAT_VALUE) {
        graph.addInput(shaped(inputs.get(i), t));
      } else {
        graph.addInitializer(t.toBuilder().setName(name));
      }
    }
    return model.build();
  }

  private static ValueInfoProto shaped(ValueInfoProto input, TensorProto t) {
    var shape = TensorShapeProto.newBuilder();
    for (long d : t.getDimsList()) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    ValueInfoProto.Builder value = input.toBuilder();
    value.getTypeBuilder().getTensorTypeBuilder().setShape(shape);
    return value.build();
  }
}
