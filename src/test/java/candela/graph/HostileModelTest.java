package candela.graph;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.CpuTime;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelBuilder;
import candela.onnx.Models;
import candela.onnx.OnnxModel;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Models that are well-formed files and nonsense, or that ask for more memory than there is: one
 * sentence, at once, before anything is allocated.
 */
class HostileModelTest {
  /**
   * Of Java's memory, and of time: reading and importing a small file takes a hundredth of both.
   */
  private static final long BYTES = 16 << 20;

  private static final long NANOS = 1_000_000_000L;
  private static final int MAX = Integer.MAX_VALUE;

  @TempDir Path folder;

  /** What is wrong, and what is said of it. */
  private static Map<GraphProto.Builder, String> cases() {
    var all = new LinkedHashMap<GraphProto.Builder, String>();
    // Sizes
    all.put(
        net(longs("s", MAX), op("ConstantOfShape", "s")),
        "constants computed on the way have more than 5368");
    all.put(net(longs("s", 1L << 40), op("ConstantOfShape", "s")), "do not fit together");
    all.put(net(longs("s", -5), op("ConstantOfShape", "s")), "negative dimension");
    all.put(net(longs("s", MAX, 1, 3, 8, 8), op("Expand", "x", "s")), "more than 2^31 - 1");
    all.put(net(longs("s", 0, 0, MAX, 0, 0, 0, MAX, 0), op("Pad", "x", "s")), "pads 2147483647");
    all.put(
        net(longs("s", 0, 0, -MAX - 1, 0, 0, 0, -MAX - 1, 0), op("Pad", "x", "s")),
        "pads -2147483648 and -2147483648 do not fit axis 2 of [1,3,8,8]");
    all.put(
        net(
            longs("s", 0, 0, 1 << 30, 0, 0, 0, 1 << 29, 0),
            op("Pad", "x", "s").addAttribute(text("mode", "edge"))),
        "do not fit axis 2");
    all.put(net(longs("s", 1, 3, 1 << 16, 1 << 16), op("Resize", "x", "", "", "s")), "2^31 - 1");
    all.put(
        net(longs("s", 1, 3, 1 << 20, 3), op("Resize", "x", "", "", "s")),
        "axis 2 of length 8 cannot become 1048576 long");
    all.put(
        net(floats("s", 1, 1, Float.POSITIVE_INFINITY, 1), op("Resize", "x", "", "s")),
        "axis 2 of length 8 cannot become Infinity long");
    all.put(
        net(
            floats("s", 0, 0, 1, Float.POSITIVE_INFINITY),
            longs("t", 3, 3),
            cropped("s", "t").addAttribute(ints("axes", 2, 3))),
        "the roi must be finite");
    all.put(
        net(
            floats("s", 0, 0, 1, 1),
            longs("t", 3, 3),
            cropped("s", "t").addAttribute(ints("axes", 2, 2))),
        "axis 2 is given twice");
    all.put(net(op("DepthToSpace", "x").addAttribute(number("blocksize", 65536))), "fit");
    for (long k : new long[] {-1, 9, 1L << 40}) {
      all.put(net(longs("s", k), op("TopK", "x", "s")), "k is " + k + " for axis 3 of [1,3,8,8]");
    }
    all.put(
        net(longs("s", MAX), floats("v", 0, 1), op("OneHot", "x", "s", "v")),
        "the depth is 2.147483647E9; 1 to 1048576 are supported");
    all.put(
        net(longs("s", 1, 3, MAX, 8), op("CenterCropPad", "x", "s")),
        "axis 2 of [1,3,8,8] cannot become 2147483647 long");
    all.put(net(longs("s", 1, 1 << 20, 1 << 20, 8), op("CenterCropPad", "x", "s")), "2^31 - 1");
    all.put(
        net(weights(1, 2, 3), longs("s", 1, 3, MAX, MAX), op("AffineGrid", "w", "s")),
        "1 matrices for 1 images of 2147483647 x 2147483647");
    all.put(
        net(longs("s", 1 << 30), op("ReverseSequence", "x", "s")),
        "a sequence of 1073741824 steps in [1,3,8,8]");
    all.put(
        net(op("LpPool", "x").addAttribute(ints("kernel_shape", MAX, MAX))),
        "the kernel is larger");
    all.put(net(op("LpNormalization", "x").addAttribute(number("p", 0))), "p is 0; 1 or more");
    all.put(net(longs("s", 9), op("GatherElements", "x", "s")), "indices [1] do not fit [1,3,8,8]");
    // Bits, masks, waves
    all.put(
        net(op("NonZero", "x")),
        "the number of elements that are not 0 depends on the image, by 'x'; supported is what"
            + " follows from shapes and constants");
    all.put(net(op("Unique", "x")), "how many different ones there are depends on the image");
    all.put(
        net(longs("s", 1, 0, 0, 1), op("Compress", "x", "s").addAttribute(number("axis", 1))),
        "the condition holds at 3, outside axis 1 of [1,3,8,8]");
    all.put(
        net(op("BitwiseNot", "x")), "bits of 'x', which is computed at run time; supported are");
    all.put(net(longs("s", 1), op("BitShift", "s", "s")), "direction ''; LEFT or RIGHT expected");
    all.put(
        net(longs("s", 1L << 40), op("HannWindow", "s")), "window of 1.099511627776E12 elements");
    all.put(net(longs("s", MAX), op("DFT", "x", "s")), "supported are axes before the last");
    all.put(
        net(weights(4, 3, 3, 3), weights(1, 9, 6, 6).setName("o"), op("DeformConv", "x", "w", "o")),
        "the offset is [1,9,6,6]; [1,18,6,6] expected");
    all.put(
        net(
            weights(4, 3, 3, 3),
            op("DeformConv", "x", "w", "x").addAttribute(number("offset_group", 0))),
        "3 channels cannot be split in 0 groups");
    all.put(net(op("RandomNormalLike", "x")), "it draws numbers at random, so that no map could");
    // Windows
    for (int group : new int[] {0, -1, MAX}) {
      all.put(
          net(weights(4, 3, 3, 3), op("Conv", "x", "w").addAttribute(number("group", group))),
          "weights [4,3,3,3] with group " + group + " do not fit 3 input channels");
    }
    all.put(net(weights(4, 3, 9, 9), op("Conv", "x", "w")), "the kernel is larger than");
    all.put(net(weights(4, 5, 3, 3), op("Conv", "x", "w")), "do not fit 3 input channels");
    all.put(
        net(weights(4, 3, 3, 3), floats("b", 1, 2), op("Conv", "x", "w", "b")),
        "bias [2] does not fit 4 output channels");
    all.put(
        net(weights(3, 4, 3, 3), floats("b", 1, 2), op("ConvTranspose", "x", "w", "b")),
        "bias [2] does not fit 4 output channels");
    all.put(
        net(weights(4, 3, 3, 3), op("Conv", "x", "w").addAttribute(ints("pads", MAX, 0, MAX, 0))),
        "do not fit together");
    all.put(
        net(
            op("MaxPool", "x")
                .addAttribute(ints("kernel_shape", 2, 2))
                .addAttribute(ints("pads", 2, 0, 0, 0))),
        "pads [2, 0, 0, 0] must be smaller than the kernel 2x2");
    all.put(net(op("LRN", "x").addAttribute(number("size", 0))), "size of 1 or more");
    all.put(
        net(floats("p", 1, 1), op("BatchNormalization", "x", "p", "p", "p", "p")),
        "2 parameters for 3 channels");
    // Shapes
    all.put(net(longs("s", -1, -1), op("Reshape", "x", "s")), "[-1, -1]: lengths of 0 or more");
    all.put(net(longs("s", 7, -1), op("Reshape", "x", "s")), "cannot be reshaped to [7,27]");
    all.put(net(longs("s", 0, 0, 0, 0, 0), op("Reshape", "x", "s")), "copies an axis");
    all.put(net(op("Reshape", "x", "x")), "the shape must be a constant");
    all.put(net(longs("s", 1, 1), op("Unsqueeze", "x", "s")), "axis 1 is given twice");
    all.put(net(longs("s", 99), op("Gather", "x", "s")), "index 99 is outside axis 0 of [1,3,8,8]");
    all.put(net(floats("s", 1.5f), op("Gather", "x", "s")), "the indices must be integers");
    all.put(
        net(longs("s", MAX, MAX, 10), op("Split", "x", "s").addOutput("a").addOutput("b")),
        "3 lengths expected that add up to axis 0");
    all.put(net(op("Slice", "x")), "input 1, the starts, is missing");
    all.put(net(longs("s", 0, 0), longs("e", 1), op("Slice", "x", "s", "e")), "of equal length");
    all.put(net(floats("s", 1), floats("e", 9, 9), op("Range", "s", "e", "s")), "single number");
    all.put(net(floats("s", 1), op("Dropout", "x", "s", "s")), "training mode is not supported");
    // Operators
    all.put(
        net(op("NonMaxSuppression", "x", "x")),
        "the operator is not supported; 'candela operators' lists those that are");
    all.put(
        net(op("Relu", "x").setDomain("com.example")),
        "(com.example.Relu): the operator is not supported");
    all.put(net(op("Relu", "x").addAttribute(number("foo", 1))), "the operator takes none");
    all.put(net(op("GlobalAveragePool", "v"), floats("v", 1)), "images [N,C,…] expected");
    all.put(
        net(op("LRN", "v").addAttribute(number("size", 3)), floats("v", 1)),
        "input [1]; images with channels [N,C,…] expected");
    all.put(net(op("Pow", "x")), "input 1 is missing");
    return all;
  }

  private static NodeProto.Builder cropped(String roi, String sizes) {
    return op("Resize", "x", roi, "", sizes)
        .addAttribute(text("coordinate_transformation_mode", "tf_crop_and_resize"));
  }

  @TestFactory
  Stream<DynamicTest> nonsenseIsRefusedWithItsNode() {
    return cases().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getValue(), () -> refused(e.getKey(), e.getValue())));
  }

  private void refused(GraphProto.Builder graph, String sentence) {
    Path file = Models.write(folder, model(graph).build());
    var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();
    long start = CpuTime.nanos();
    assertThatThrownBy(() -> open(file))
        .isInstanceOf(CandelaException.class)
        .hasMessageStartingWith("model.onnx: node ")
        .hasMessageContaining(graph.getNode(0).getOpType() + ")")
        .hasMessageContaining(sentence);
    assertThat(CpuTime.nanos() - start).as("ns").isLessThan(NANOS);
    assertThat(memory.getCurrentThreadAllocatedBytes() - before).as("bytes").isLessThan(BYTES);
  }

  private static void open(Path file) {
    Network.of(OnnxModel.read(file)).graph(1, SessionOptions.FORWARD);
  }

  @Test
  void anOpenHeightIsToldWithWhatTheUserCanDo() {
    OnnxModel model =
        new ModelBuilder(17).input("x", -1, 3, -1, 8).node("Relu", "x", "y").output("y").model();
    assertThatThrownBy(() -> Network.of(model).inputShape())
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "test.onnx: input 'x' has the open dimension n at axis 2; give --input-shape, say"
                + " 3x224x224, in a study input-shape=3x224x224");
  }

  /** As exporters leave them that do not know the images: open channels, height and width. */
  @Test
  void theShapeOfImagesCanBeGiven() throws IOException {
    Path file = folder.resolve("open.onnx");
    Files.write(
        file,
        new ModelBuilder(13)
            .input("x", -1, -1, -1, -1)
            .node("Shape", "x", "s")
            .node("Reshape", "x,s", "r")
            .node("Relu", "r", "y")
            .output("y")
            .bytes());
    assertThat(Network.load(file, "3x8x6").inputShape()).isEqualTo(Shape.of(1, 3, 8, 6));
    assertThat(Network.load(file, "3x8x6").graph(2, SessionOptions.FORWARD).outputs().get(0))
        .extracting(Value::shape)
        .isEqualTo(Shape.of(2, 3, 8, 6));
    assertThat(Network.load(file, "8x6x3").channelsFirst().inputShape())
        .isEqualTo(Shape.of(1, 3, 8, 6));
    // of other than colours, the two equal lengths are height and width
    assertThat(Network.load(file, "6x6x5").channelsFirst().inputShape())
        .isEqualTo(Shape.of(1, 5, 6, 6));
    assertThat(Network.load(file, "5x6x6").channelsFirst().inputShape())
        .isEqualTo(Shape.of(1, 5, 6, 6));
    OnnxModel convolved =
        new ModelBuilder(13)
            .input("x", -1, 5, 5, 7)
            .constant("w", Shape.of(1, 5, 1, 1), 1f, 2f, 3f, 4f, 5f)
            .node("Conv", "x,w", "y")
            .output("y")
            .model();
    assertThat(Network.of(convolved).channelsFirst().inputShape()).isEqualTo(Shape.of(1, 5, 5, 7));
    OnnxModel brought =
        new ModelBuilder(13)
            .input("x", -1, 5, 7, 4)
            .node("Transpose", "x", "y", "perm", new int[] {0, 3, 1, 2})
            .output("y")
            .model();
    assertThat(Network.of(brought).channelsFirst().inputShape()).isEqualTo(Shape.of(1, 4, 5, 7));
    OnnxModel levelled =
        new ModelBuilder(13)
            .input("x", -1, 5, 7, 4)
            .constant("mean", Shape.of(4), 1f, 2f, 3f, 4f)
            .constant("two", Shape.of(), 2f)
            .node("Sub", "x,mean", "s")
            .node("Div", "s,two", "d")
            .node("Transpose", "d", "y", "perm", new int[] {0, 3, 1, 2})
            .output("y")
            .model();
    assertThat(Network.of(levelled).channelsFirst().inputShape()).isEqualTo(Shape.of(1, 4, 5, 7));
    for (String wrong : List.of("", "x", "3x", "3,8,6", "0x8x6", "3x-8x6", "9999999999x1x1")) {
      assertThatThrownBy(() -> Network.load(file, wrong))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith(
              "input-shape: sizes with x between expected, as 3x224x224, got '");
    }
    assertThatThrownBy(() -> Network.load(file, "8x6"))
        .hasMessage(
            "open.onnx: an input of 2 dimensions and the batch expected for images of [8,6], it"
                + " takes [[n, n, n, n]]");
    Path fixed = folder.resolve("fixed.onnx");
    Files.write(
        fixed,
        new ModelBuilder(13).input("x", -1, 3, -1, 6).node("Relu", "x", "y").output("y").bytes());
    assertThat(Network.load(fixed, "3x8x6").inputShape()).isEqualTo(Shape.of(1, 3, 8, 6));
    assertThatThrownBy(() -> Network.load(fixed, "3x8x8"))
        .hasMessage(
            "fixed.onnx: input 'x' has 6 at axis 3, images of [3,8,8] have 8; the model fixes"
                + " that");
  }

  @Test
  void whatOnlyTheDeviceRefusesNamesTheNodeToo() {
    NodeProto.Builder conv = op("Conv", "x", "w").addAttribute(ints("strides", MAX, MAX));
    Path file = Models.write(folder, model(net(weights(4, 3, 3, 3), conv)).build());
    try (Device device = TestDevice.open(1);
        Session s = Network.load(file).session(device, 1, SessionOptions.FORWARD)) {
      assertThatThrownBy(s::forward)
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("model.onnx: node 'Conv_0' (Conv): ")
          .hasMessageContaining("stride");
    }
  }

  /** Windows far larger than the image, and padding far from it. */
  static List<NodeProto.Builder> wideWindows() {
    long k = 1 << 15;
    AttributeProto.Builder kernel = ints("kernel_shape", k, k);
    AttributeProto.Builder strides = ints("strides", k, k);
    AttributeProto.Builder pads = ints("pads", k - 1, k - 1, k - 1, k - 1);
    return List.of(
        op("Conv", "x", "w").addAttribute(ints("pads", 1 << 16, 1, 1, 1)),
        op("MaxPool", "x").addAttribute(kernel).addAttribute(strides).addAttribute(pads),
        op("AveragePool", "x").addAttribute(kernel).addAttribute(strides).addAttribute(pads));
  }

  @ParameterizedTest
  @MethodSource("wideWindows")
  void timeGoesWithTheImageNotTheWindow(NodeProto.Builder node) {
    Path file = Models.write(folder, model(net(weights(4, 3, 3, 3), node)).build());
    try (Device device = TestDevice.open(1);
        Session s = Network.load(file).session(device, 1, SessionOptions.GRADIENT)) {
      long start = CpuTime.nanos();
      s.forward();
      s.backward(Rules.GRADIENT);
      assertThat(CpuTime.nanos() - start).as("ns").isLessThan(NANOS);
    }
  }

  /** 200 values of 7.75 GiB, all read at the end: 1.5 TiB. */
  @Test
  void aBatchBeyondTheMemoryIsRefusedBeforeItIsTouched() {
    GraphProto.Builder g = net(longs("s", 1, 1, 8192, 8192), op("Expand", "v", "s"));
    g.setInput(0, value("v", -1, 1, 1, 1));
    NodeProto.Builder sum = node("Sum", List.of(), "z");
    for (int i = 0; i < 200; i++) {
      g.addNode(node("Exp", List.of(i == 0 ? "y" : "e" + (i - 1)), "e" + i));
      sum.addInput("e" + i);
    }
    g.addNode(sum).setOutput(0, value("z"));
    Path file = Models.write(folder, model(g).build());
    try (Device device = TestDevice.open(1)) {
      Network network = Network.load(file);
      assertThatThrownBy(() -> network.session(device, 31, SessionOptions.FORWARD))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith(
              "model.onnx: batch 31: " + (TestDevice.isCpu() ? "cpu: " : "cuda: "))
          .hasMessageContaining("MiB of memory needed");
    }
  }

  @Test
  void chainsOfThousandsAreReadAndSimplified() {
    var g = GraphProto.newBuilder().addInput(value("x", 1, 3, 4, 4)).addOutput(value("r5999"));
    for (int i = 0; i < 6000; i++) {
      String op = List.of("Identity", "Relu", "Transpose").get(i % 3);
      g.addNode(node(op, List.of(i == 0 ? "x" : "r" + (i - 1)), "r" + i));
    }
    Path file = Models.write(folder, model(g).build());
    Graph graph = Network.load(file).graph(1, SessionOptions.GRADIENT);
    assertThat(graph.outputs().get(0).shape().dims()).containsExactly(1, 3, 4, 4);
  }

  @Test
  void aGraphOfMoreNodesThanAnyClassifierHasIsRefused() {
    GraphProto.Builder g = net(op("Relu", "x"));
    g.setNode(0, node("Sum", Collections.nCopies(30_000, "x"), "y"));
    refused(g, "more than 20000 nodes");
  }

  @Test
  void aModelWithoutInputOrWithTwoIsNoNetworkOfImages() {
    GraphProto.Builder none = net(floats("v", 1), op("Relu", "v")).clearInput();
    GraphProto.Builder two = net(op("Add", "x", "x2")).addInput(value("x2", 1, 3, 8, 8));
    assertThatThrownBy(() -> shape(none)).hasMessageContaining("has no input besides its weights");
    assertThatThrownBy(() -> shape(two))
        .hasMessage(
            "model.onnx: one input, the image, expected; it takes 2: [x[1,3,8,8], x2[1,3,8,8]]");
  }

  private void shape(GraphProto.Builder g) {
    Network.load(Models.write(folder, model(g).build())).inputShape();
  }

  /** x [1,3,8,8] to y through one node; what else is given is an initialiser. */
  private static GraphProto.Builder net(Object... parts) {
    var g = GraphProto.newBuilder().addInput(value("x", 1, 3, 8, 8)).addOutput(value("y"));
    for (Object part : parts) {
      switch (part) {
        case TensorProto.Builder t -> g.addInitializer(t);
        case NodeProto.Builder n -> g.addNode(n);
        default -> throw new IllegalArgumentException(part.toString());
      }
    }
    return g;
  }

  private static NodeProto.Builder op(String type, String... inputs) {
    return node(type, List.of(inputs), "y");
  }

  private static TensorProto.Builder longs(String name, long... values) {
    var t = TensorProto.newBuilder().setName(name).setDataType(7).addDims(values.length);
    for (long v : values) {
      t.addInt64Data(v);
    }
    return t;
  }

  private static TensorProto.Builder weights(int... dims) {
    var t = TensorProto.newBuilder().setName("w").setDataType(1);
    int count = 1;
    for (int d : dims) {
      t.addDims(d);
      count *= d;
    }
    for (int i = 0; i < count; i++) {
      t.addFloatData(i % 5);
    }
    return t;
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

  private static AttributeProto.Builder text(String name, String value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.STRING)
        .setS(com.google.protobuf.ByteString.copyFromUtf8(value));
  }
}
