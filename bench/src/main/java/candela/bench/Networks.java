package candela.bench;

import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.ValueInfoProto;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The benchmarked classifiers: torchvision's structures (no auxiliary heads) with seeded random
 * weights.
 */
final class Networks {
  static final List<String> NAMES = List.of("squeezenet1.1", "resnet50", "googlenet", "vgg19");

  private static final long SEED = 20261124;

  private Networks() {}

  /**
   * The ONNX file of a network in a folder, written there if it is missing. SqueezeNet 1.1 takes
   * its weights from {@code published} where that file exists.
   */
  static Path file(String name, Path folder, Path published) throws IOException {
    boolean real = name.equals("squeezenet1.1") && Files.exists(published);
    Path file = folder.resolve(name + (real ? "-published" : "") + ".onnx");
    if (!Files.exists(file)) {
      Files.createDirectories(folder);
      Path part = folder.resolve(name + ".part");
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), 1 << 20)) {
        (real ? freeBatch(published) : build(name)).writeTo(out);
      }
      Files.move(part, file);
    }
    return file;
  }

  private static ModelProto build(String name) {
    NetworkBuilder b = new NetworkBuilder(name, SEED);
    return switch (name) {
      case "squeezenet1.1" -> squeezeNet(b);
      case "resnet50" -> resNet50(b);
      case "googlenet" -> googLeNet(b);
      case "vgg19" -> vgg19(b);
      default ->
          throw new IllegalArgumentException(
              "network '" + name + "': expected one of " + String.join(", ", NAMES));
    };
  }

  private static ModelProto squeezeNet(NetworkBuilder b) {
    String x = b.relu(b.convolution(b.image(), 64, 3, 2, 0, true));
    x = fire(b, fire(b, b.maxPool(x, 3, 2, 0, true), 16, 64), 16, 64);
    x = fire(b, fire(b, b.maxPool(x, 3, 2, 0, true), 32, 128), 32, 128);
    x = fire(b, fire(b, b.maxPool(x, 3, 2, 0, true), 48, 192), 48, 192);
    x = fire(b, fire(b, x, 64, 256), 64, 256);
    x = b.relu(b.convolution(x, 1000, 1, 1, 0, true));
    return b.classifier(b.flatten(b.globalAveragePool(x), 1));
  }

  private static String fire(NetworkBuilder b, String x, int squeeze, int expand) {
    String s = b.relu(b.convolution(x, squeeze, 1, 1, 0, true));
    return b.concat(
        b.relu(b.convolution(s, expand, 1, 1, 0, true)),
        b.relu(b.convolution(s, expand, 3, 1, 1, true)));
  }

  /** Version 1.5: the 3x3 convolution carries the stride. */
  private static ModelProto resNet50(NetworkBuilder b) {
    String x = b.relu(normalised(b, b.image(), 64, 7, 2, 3, 1));
    x = b.maxPool(x, 3, 2, 1, false);
    int[] blocks = {3, 4, 6, 3};
    for (int stage = 0; stage < blocks.length; stage++) {
      for (int i = 0; i < blocks[stage]; i++) {
        x = bottleneck(b, x, 64 << stage, i == 0 && stage > 0 ? 2 : 1);
      }
    }
    return b.classifier(b.linear(b.flatten(b.globalAveragePool(x), 1), 1000));
  }

  private static String bottleneck(NetworkBuilder b, String x, int width, int stride) {
    String y = b.relu(normalised(b, x, width, 1, 1, 0, 1));
    y = b.relu(normalised(b, y, width, 3, stride, 1, 1));
    // A small last gain keeps the sum of sixteen residuals in range.
    y = normalised(b, y, 4 * width, 1, 1, 0, 0.3);
    String shortcut =
        b.channels(x) == 4 * width && stride == 1
            ? x
            : normalised(b, x, 4 * width, 1, stride, 0, 0.7);
    return b.relu(b.sum(y, shortcut));
  }

  private static String normalised(
      NetworkBuilder b, String x, int out, int kernel, int stride, int padding, double gain) {
    return b.batchNormalization(b.convolution(x, out, kernel, stride, padding, false), gain, 1e-5f);
  }

  private static ModelProto googLeNet(NetworkBuilder b) {
    String x = b.maxPool(basic(b, b.image(), 64, 7, 2, 3), 3, 2, 0, true);
    x = basic(b, basic(b, x, 64, 1, 1, 0), 192, 3, 1, 1);
    x = b.maxPool(x, 3, 2, 0, true);
    x = inception(b, x, 64, 96, 128, 16, 32, 32);
    x = inception(b, x, 128, 128, 192, 32, 96, 64);
    x = b.maxPool(x, 3, 2, 0, true);
    x = inception(b, x, 192, 96, 208, 16, 48, 64);
    x = inception(b, x, 160, 112, 224, 24, 64, 64);
    x = inception(b, x, 128, 128, 256, 24, 64, 64);
    x = inception(b, x, 112, 144, 288, 32, 64, 64);
    x = inception(b, x, 256, 160, 320, 32, 128, 128);
    x = b.maxPool(x, 2, 2, 0, true);
    x = inception(b, x, 256, 160, 320, 32, 128, 128);
    x = inception(b, x, 384, 192, 384, 48, 128, 128);
    return b.classifier(b.linear(b.flatten(b.globalAveragePool(x), 1), 1000));
  }

  /** torchvision's block: its third branch has a 3x3 window where the paper has 5x5. */
  private static String inception(
      NetworkBuilder b, String x, int c1, int r3, int c3, int r5, int c5, int pool) {
    return b.concat(
        basic(b, x, c1, 1, 1, 0),
        basic(b, basic(b, x, r3, 1, 1, 0), c3, 3, 1, 1),
        basic(b, basic(b, x, r5, 1, 1, 0), c5, 3, 1, 1),
        basic(b, b.maxPool(x, 3, 1, 1, true), pool, 1, 1, 0));
  }

  private static String basic(
      NetworkBuilder b, String x, int out, int kernel, int stride, int padding) {
    String y = b.convolution(x, out, kernel, stride, padding, false);
    return b.relu(b.batchNormalization(y, 1, 1e-3f));
  }

  private static ModelProto vgg19(NetworkBuilder b) {
    String x = b.image();
    int[][] stages = {{64, 2}, {128, 2}, {256, 4}, {512, 4}, {512, 4}};
    for (int[] stage : stages) {
      for (int i = 0; i < stage[1]; i++) {
        x = b.relu(b.convolution(x, stage[0], 3, 1, 1, true));
      }
      x = b.maxPool(x, 2, 2, 0, false);
    }
    x = b.relu(b.linear(b.flatten(x, 7 * 7), 4096));
    return b.classifier(b.linear(b.relu(b.linear(x, 4096)), 1000));
  }

  /** The published file has batch 1; the network itself takes any. */
  private static ModelProto freeBatch(Path published) throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(published)).toBuilder();
    GraphProto.Builder graph = model.getGraphBuilder().clearValueInfo();
    for (ValueInfoProto.Builder v : graph.getInputBuilderList()) {
      if (graph.getInitializerList().stream().noneMatch(t -> t.getName().equals(v.getName()))) {
        free(v);
      }
    }
    graph.getOutputBuilderList().forEach(Networks::free);
    return model.build();
  }

  private static void free(ValueInfoProto.Builder v) {
    TensorShapeProto.Builder shape = v.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
    shape.setDim(0, TensorShapeProto.Dimension.newBuilder().setDimParam("n"));
  }
}
