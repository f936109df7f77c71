package candela.cli;

import candela.image.Image;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code candela rehearse}: explains a made-up picture with a made-up network. The launcher watches
 * it once after a build, so that Java starts later runs with these classes loaded and linked.
 */
@Command(name = "rehearse", hidden = true, description = "Explain a made-up picture.")
final class Rehearsal implements Callable<Integer> {
  private static final int SIDE = 64;

  @Parameters(paramLabel = "DIR", description = "Where the picture, the network and the maps go.")
  Path folder;

  private final Random random = new Random(1);
  private final GraphProto.Builder graph = GraphProto.newBuilder();

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(folder);
    Path picture = folder.resolve("picture.png");
    byte[] rgb = new byte[3 * SIDE * SIDE];
    random.nextBytes(rgb);
    new Image(SIDE, SIDE, rgb).writePng(picture);
    Path network = Files.write(folder.resolve("network.onnx"), network().toByteArray());
    Path labels = Files.write(folder.resolve("labels.txt"), List.of("one", "two", "three"));
    return Main.run(
        "explain",
        picture.toString(),
        "--model=" + network,
        "--labels=" + labels,
        "--preprocess=caffe-bgr",
        "--method=gradient",
        "--method=smoothgrad:samples=3",
        "--method=integrated-gradients:nSteps=3",
        "--out=" + folder.resolve("out"));
  }

  /** Of the operators that classifiers are made of. */
  private ModelProto network() {
    graph.addInput(value("x", 1, 3, SIDE, SIDE)).addOutput(value("y", 1, 3));
    weights("w1", 8, 3, 3, 3);
    weights("b1", 8);
    weights("w2", 8, 8, 1, 1);
    weights("w3", 16, 3);
    for (String name : List.of("scale", "shift", "mean", "variance")) {
      weights(name, 8);
    }
    node("Conv", "c1", "x", "w1", "b1").addAttribute(ints("strides", 2, 2));
    node("BatchNormalization", "n1", "c1", "scale", "shift", "mean", "variance");
    node("Relu", "r1", "n1");
    node("MaxPool", "p1", "r1").addAttribute(ints("kernel_shape", 2, 2));
    node("Conv", "c2", "p1", "w2");
    node("Add", "a2", "c2", "p1");
    node("Relu", "r2", "a2");
    node("Concat", "k", "r2", "p1").addAttribute(number("axis", 1));
    node("GlobalAveragePool", "g", "k");
    node("Flatten", "f", "g");
    node("Gemm", "z", "f", "w3");
    node("Softmax", "y", "z");
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
        .setGraph(graph)
        .build();
  }

  /** Positive, as a variance has to be. */
  private void weights(String name, long... dims) {
    TensorProto.Builder t = graph.addInitializerBuilder().setName(name).setDataType(1);
    int count = 1;
    for (long d : dims) {
      t.addDims(d);
      count *= (int) d;
    }
    for (int i = 0; i < count; i++) {
      t.addFloatData(random.nextFloat());
    }
  }

  private NodeProto.Builder node(String op, String output, String... inputs) {
    return graph
        .addNodeBuilder()
        .setOpType(op)
        .setName(output)
        .addAllInput(List.of(inputs))
        .addOutput(output);
  }

  private static AttributeProto.Builder ints(String name, long... values) {
    var a = AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long v : values) {
      a.addInts(v);
    }
    return a;
  }

  private static AttributeProto.Builder number(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value);
  }

  private static ValueInfoProto value(String name, long... dims) {
    var shape = TensorShapeProto.newBuilder();
    for (long d : dims) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape)))
        .build();
  }
}
