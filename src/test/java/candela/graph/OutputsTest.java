package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxValue;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import candela.tensor.CandelaException;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Outputs beside the scores: classes by name, and what operators that are not known give. */
class OutputsTest {
  private static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
  private static final int STRING = TensorProto.DataType.STRING_VALUE;
  private static final String LEARNING = "ai.onnx.ml";

  @TempDir Path folder;

  /** p = softmax of x, of three classes; and the class with the largest. */
  private static GraphProto.Builder classifier() {
    TypeProto.Builder image = tensor(FLOAT);
    image.getTensorTypeBuilder().getShapeBuilder().addDimBuilder().setDimParam("n");
    image.getTensorTypeBuilder().getShapeBuilder().addDimBuilder().setDimValue(3);
    return GraphProto.newBuilder()
        .setName("classifier")
        .addInput(ValueInfoProto.newBuilder().setName("x").setType(image))
        .addNode(node("", "Softmax", "x", "p"))
        .addNode(node("", "ArgMax", "p", "place"));
  }

  /** The class's name, and a table of scores by names, as exporters for applications write them. */
  private static GraphProto.Builder named() {
    TensorProto.Builder names = TensorProto.newBuilder().setName("names").setDataType(STRING);
    for (String name : new String[] {"cat", "dog", "fox"}) {
      names.addStringData(ByteString.copyFromUtf8(name));
    }
    AttributeProto.Builder keys =
        AttributeProto.newBuilder().setName("classlabels_strings").setType(AttributeType.STRINGS);
    return classifier()
        .addInitializer(names.addDims(3))
        .addNode(node(LEARNING, "ArrayFeatureExtractor", "names place", "label"))
        .addNode(node(LEARNING, "ZipMap", "p", "loss").toBuilder().addAttribute(keys))
        .addOutput(ValueInfoProto.newBuilder().setName("label").setType(tensor(STRING)))
        .addOutput(ValueInfoProto.newBuilder().setName("loss").setType(table()));
  }

  private static TypeProto.Builder tensor(int type) {
    return TypeProto.newBuilder().setTensorType(TypeProto.Tensor.newBuilder().setElemType(type));
  }

  private static TypeProto.Builder table() {
    return TypeProto.newBuilder().setSequenceType(TypeProto.Other.newBuilder());
  }

  private static NodeProto node(String domain, String op, String inputs, String outputs) {
    return NodeProto.newBuilder()
        .setDomain(domain)
        .setOpType(op)
        .setName(outputs)
        .addAllInput(List.of(inputs.split(" ")))
        .addAllOutput(List.of(outputs.split(" ")))
        .build();
  }

  private static ValueInfoProto value(String name) {
    return ValueInfoProto.newBuilder().setName(name).setType(tensor(FLOAT)).build();
  }

  private Network load(GraphProto.Builder graph) throws IOException {
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(LEARNING).setVersion(2))
            .setGraph(graph)
            .build();
    return Network.load(Files.write(folder.resolve("classifier.onnx"), model.toByteArray()));
  }

  private static List<String> outputs(Network network) {
    return network.model().outputs().stream().map(OnnxValue::name).toList();
  }

  @Test
  void scoresComeWithoutTheNamesOfTheirClasses() throws Exception {
    Network network = load(named());
    assertThat(outputs(network)).containsExactly("loss");
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, 2, SessionOptions.FORWARD)) {
      device.write(s.input(), new float[] {0, 0, 0, 1, 1, 1});
      s.forward();
      float third = 1 / 3f;
      assertThat(device.read(s.output())).containsExactly(third, third, third, third, third, third);
      assertThat(device.read(s.logits())).containsExactly(0, 0, 0, 1, 1, 1);
    }
  }

  @Test
  void textMayBeReadBeforeTheNodeThatMakesIt() throws Exception {
    GraphProto.Builder graph = named();
    graph.addNode(0, node("", "Identity", "label", "again"));
    graph.addOutput(ValueInfoProto.newBuilder().setName("again").setType(tensor(STRING)));
    graph.addNode(0, node("", "Identity", "copied", "copy"));
    graph.addNode(1, node("", "Identity", "names", "copied"));
    assertThat(outputs(load(graph))).containsExactly("loss");
  }

  /** In the wrong order, by as many nodes as a graph may have. */
  @Test
  void textIsFollowedInOnePass() throws Exception {
    GraphProto.Builder graph = named();
    List<NodeProto> chain = new ArrayList<>();
    for (int i = 0; i < 15_000; i++) {
      chain.add(node("", "Identity", i == 0 ? "label" : "t" + (i - 1), "t" + i));
    }
    graph.addAllNode(chain.reversed());
    assertTimeoutPreemptively(
        Duration.ofSeconds(30), () -> assertThat(outputs(load(graph))).containsExactly("loss"));
  }

  @Test
  void aModelOfNamesAloneIsRefused() {
    GraphProto.Builder names = named().removeOutput(1);
    assertThatThrownBy(() -> load(names))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("element type string is not supported");
  }

  @Test
  void outputsOfOtherOperatorsAreLeftOutWhereTheFirstDoesWithoutThem() throws Exception {
    GraphProto.Builder graph = classifier().addOutput(value("p"));
    graph.addNode(node("", "NonMaxSuppression", "p place", "values places"));
    graph.addNode(node("", "Neg", "values", "negative"));
    graph.addOutput(value("values")).addOutput(value("negative")).addOutput(value("place"));
    Network network = load(graph);
    assertThat(outputs(network)).containsExactly("p", "place");
    assertThat(network.graph(1, SessionOptions.FORWARD).outputs()).hasSize(2);
  }

  /** Which output is meant is not guessed. */
  @Test
  void aFirstOutputOfAnotherOperatorIsRefusedUnlessAnotherIsNamed() throws Exception {
    GraphProto.Builder graph =
        classifier().addNode(node("", "NonMaxSuppression", "p place", "values places"));
    graph.addNode(node("", "Neg", "values", "negative"));
    Network network = load(graph.addOutput(value("negative")).addOutput(value("p")));
    String why =
        "classifier.onnx: output 'negative' cannot be had: node 'values places'"
            + " (NonMaxSuppression): the operator is not supported; 'candela operators' lists those"
            + " that are; name another output, it has [p]";
    for (String output : new String[] {null, "negative"}) {
      assertThatThrownBy(() -> network.graph(1, new SessionOptions(List.of(), output)))
          .isInstanceOf(CandelaException.class)
          .hasMessage(why);
    }
    Graph p = network.graph(1, new SessionOptions(List.of(), "p"));
    assertThat(p.outputs()).hasSize(1);
  }

  @Test
  void aModelOfOtherOperatorsAloneIsRefused() throws Exception {
    GraphProto.Builder graph =
        classifier().addNode(node("", "NonMaxSuppression", "p place", "values places"));
    Network network = load(graph.addOutput(value("values")));
    assertThatThrownBy(network::inputShape)
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(
            "node 'values places' (NonMaxSuppression): the operator is not supported");
  }
}
