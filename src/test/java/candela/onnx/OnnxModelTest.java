package candela.onnx;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.node;
import static candela.onnx.Models.tiny;
import static candela.onnx.Models.value;
import static candela.onnx.Models.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.SparseTensorProto;
import candela.onnx.proto.TypeProto;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxModelTest {
  @TempDir Path folder;

  @Test
  void aModelIsReadAsItIs() {
    OnnxModel m = read(tiny());
    assertThat(m.name()).isEqualTo("model.onnx");
    assertThat(m.producer()).isEqualTo("by hand");
    assertThat(m.opset()).isEqualTo(13);
    assertThat(m.inputs())
        .containsExactly(
            new OnnxValue(
                "x", ElementType.FLOAT, List.<Dim>of(new Dim.Named("n"), new Dim.Fixed(3))));
    assertThat(m.outputs()).extracting(OnnxValue::name).containsExactly("y");
    assertThat(m.nodes()).extracting(OnnxNode::op).containsExactly("Add", "Relu");
    assertThat(m.nodes().get(1).label()).isEqualTo("node 'Relu_1' (Relu)");
    assertThat(m.initialisers().get("w").floats()).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 4095, 4096, 9001})
  void weightsThatAreNoNumbersAreTold(int at) {
    float[] w = new float[9002];
    w[1] = Float.NEGATIVE_INFINITY; // masks of attention are
    assertThatNoException().isThrownBy(withWeights(w)::checkWeights);
    w[at] = Float.NaN;
    assertThatThrownBy(withWeights(w)::checkWeights)
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "test.onnx: weights 'w' [2,4501]: numbers expected, value "
                + at
                + " is none (NaN), as after a training that diverged; take an earlier checkpoint");
  }

  private static OnnxModel withWeights(float[] w) {
    return new ModelBuilder(17)
        .input("x", -1, 4501)
        .constant("w", Shape.of(2, 4501), w)
        .node("Gemm", "x,w", "y", "transB", 1)
        .output("y")
        .model();
  }

  @Test
  void initialisersListedAsInputsAreNoInputs() {
    ModelProto.Builder m = tiny();
    m.getGraphBuilder().addInput(value("w", 3));
    assertThat(read(m).inputs()).extracting(OnnxValue::name).containsExactly("x");
  }

  @Test
  void nodesAreSortedAndOtherwiseKeepTheirOrder() {
    ModelProto.Builder m = tiny();
    GraphProto.Builder g = m.getGraphBuilder();
    var nodes = g.getNodeList();
    g.clearNode()
        .addNode(nodes.get(1))
        .addNode(nodes.get(0))
        .addNode(node("Neg", List.of("x"), "z"));
    assertThat(read(m).nodes()).extracting(OnnxNode::op).containsExactly("Add", "Relu", "Neg");
  }

  @Test
  void attributesHaveTheirKinds() {
    ModelProto.Builder m = tiny();
    m.getGraphBuilder()
        .getNodeBuilder(0)
        .addAttribute(AttributeProto.newBuilder().setName("i").setI(7))
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("is")
                .setType(AttributeProto.AttributeType.INTS)
                .addInts(1)
                .addInts(-2))
        .addAttribute(AttributeProto.newBuilder().setName("f").setF(0.5f))
        .addAttribute(AttributeProto.newBuilder().setName("s").setS(ByteString.copyFromUtf8("é")))
        .addAttribute(AttributeProto.newBuilder().setName("t").setT(floats("", 4)));
    OnnxNode n = read(m).nodes().get(0);
    assertThat(n.integer("i", 0)).isEqualTo(7);
    assertThat(n.integers("is")).containsExactly(1, -2);
    assertThat(n.real("f", 0)).isEqualTo(0.5f);
    assertThat(n.text("s", "")).isEqualTo("é");
    assertThat(((OnnxAttribute.Tensor) n.attributes().get("t")).value().floats())
        .containsExactly(4);
    assertThat(n.integer("absent", 3)).isEqualTo(3);
    assertThatThrownBy(() -> n.integer("f", 0))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("attribute 'f' must be an integer");
  }

  @Test
  void ownDomainHasTwoNamesAndOthersAreKept() {
    ModelProto.Builder m = tiny();
    m.getOpsetImportBuilder(0).setDomain("ai.onnx");
    m.addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1));
    m.getGraphBuilder().getNodeBuilder(0).setDomain("ai.onnx");
    m.getGraphBuilder().getNodeBuilder(1).setDomain("com.microsoft");
    OnnxModel read = read(m);
    assertThat(read.nodes()).extracting(OnnxNode::domain).containsExactly("", "com.microsoft");
    assertThat(read.otherDomains()).containsOnlyKeys("com.microsoft");
    assertThat(read.nodes().get(1).label()).isEqualTo("node 'Relu_1' (com.microsoft.Relu)");
  }

  @Test
  void theHashIsThatOfTheFile() {
    assertThat(read(tiny()).sha256()).matches("[0-9a-f]{64}").isEqualTo(read(tiny()).sha256());
    assertThat(read(tiny().setProducerName("other")).sha256()).isNotEqualTo(read(tiny()).sha256());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 29, Integer.MAX_VALUE})
  void unknownOpsetsAreRefused(int opset) {
    ModelProto.Builder m = tiny();
    m.getOpsetImportBuilder(0).setVersion(opset);
    refused(m, "opsets 1 to 28");
  }

  @Test
  void unknownVersionsAreRefused() {
    refused(tiny().setIrVersion(15), "IR versions 3 to 14");
    refused(tiny().clearOpsetImport(), "opsets 1 to 28", "none");
    refused(
        tiny().addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("ai.onnx").setVersion(12)),
        "two versions, 13 and 12");
  }

  @Test
  void brokenGraphsAreRefusedByName() {
    refused(graph(g -> g.clearNode()), "no nodes");
    refused(graph(g -> g.clearOutput()), "no output");
    refused(graph(g -> g.addOutput(value("q"))), "output 'q'", "no node computes it");
    refused(graph(g -> g.addOutput(value("y"))), "output 'y'", "twice");
    refused(graph(g -> g.addInput(value("x"))), "input 'x'", "name of its own");
    refused(graph(g -> g.clearInput()), "node 'Add_0' (Add)", "input 'x'");
    refused(graph(g -> g.addNode(node("Neg", List.of("x"), "y"))), "'Neg_2'", "output 'y'");
    refused(graph(g -> g.addNode(node("Neg", List.of("y"), "w"))), "'Neg_2'", "output 'w'");
    refused(graph(g -> g.addNode(node("Neg", List.of("y")))), "'Neg_2'", "an output");
    refused(graph(g -> g.getNodeBuilder(0).setInput(1, "y")), "depends on its own output");
    refused(graph(g -> g.getNodeBuilder(0).setInput(1, "sum")), "'Add_0'", "its own output");
    refused(graph(g -> g.addInitializer(floats("w", 1))), "tensor 'w'", "name of its own");
    refused(graph(g -> g.setInput(0, value("x", -1, -5))), "input 'x'", "-5");
  }

  @Test
  void aCycleIsNamedByANodeOnIt() {
    ModelProto.Builder m =
        graph(
            g ->
                g.addNode(node("Neg", List.of("a"), "late"))
                    .addNode(node("Abs", List.of("b"), "a"))
                    .addNode(node("Exp", List.of("a"), "b")));
    assertThatThrownBy(() -> read(m)).hasMessageMatching(".*'(Abs_3|Exp_4)'.*its own output.*");
  }

  @Test
  void whatIsNotSupportedIsNamed() {
    refused(
        graph(
            g -> g.addSparseInitializer(SparseTensorProto.newBuilder().setValues(floats("s", 1)))),
        "tensor 's'",
        "sparse");
    refused(
        graph(
            g ->
                g.getNodeBuilder(0)
                    .addAttribute(
                        AttributeProto.newBuilder()
                            .setName("then_branch")
                            .setG(GraphProto.newBuilder()))),
        "node 'Add_0' (Add): attribute 'then_branch'",
        "is a graph, which only If, Loop and Scan may have");
    refused(
        graph(
            g ->
                g.getInputBuilder(0)
                    .setType(TypeProto.newBuilder().setSequenceType(TypeProto.Other.newBuilder()))),
        "input 'x'",
        "sequence_type");
    refused(graph(g -> g.getInputBuilder(0).clearType()), "input 'x'", "no element type");
    refused(
        graph(g -> g.getInputBuilder(0).getTypeBuilder().getTensorTypeBuilder().setElemType(8)),
        "input 'x'",
        "string");
  }

  @Test
  void otherFilesAreRecognised() throws IOException {
    refused(new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff, (byte) 0xe0, 0, 16}, "JPEG");
    refused(new byte[0], "empty file");
    refused(
        "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8), "git lfs");
    refused("nonsense".getBytes(StandardCharsets.UTF_8), "expected an ONNX model");
    refused(floats("w", 1, 2).build().toByteArray(), "expected an ONNX model");
    assertThatThrownBy(() -> OnnxModel.read(folder)).hasMessageContaining("directory");
    assertThatThrownBy(() -> OnnxModel.read(folder.resolve("absent.onnx")))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] whole = tiny().build().toByteArray();
    for (int n = 0; n < whole.length; n++) {
      refused(Arrays.copyOf(whole, n), "model.onnx");
    }
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    ByteString inner = ByteString.EMPTY;
    for (int i = 0; i < 2_001; i++) { // graph → node (1) → attribute (5) → graph (6)
      inner = field(new int[] {6, 5, 1}[i % 3], inner);
    }
    refused(field(7, inner).toByteArray(), "nested deeper");
  }

  @Test
  void millionsOfEmptyPartsAreRefused() throws IOException {
    byte[] nodes = new byte[8_000_000];
    for (int i = 0; i < nodes.length; i += 2) {
      nodes[i] = 0x0a;
    }
    refused(field(7, ByteString.copyFrom(nodes)).toByteArray(), "more than 500000 parts");
  }

  @Test
  void longNamesAreCutInMessages() {
    ModelProto.Builder m = graph(g -> g.getNodeBuilder(0).setInput(0, "long\n".repeat(100_000)));
    assertThatThrownBy(() -> read(m))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400).doesNotContain("\n"));
  }

  private static ByteString field(int number, ByteString content) throws IOException {
    var out = new ByteArrayOutputStream();
    CodedOutputStream coded = CodedOutputStream.newInstance(out);
    coded.writeBytes(number, content);
    coded.flush();
    return ByteString.copyFrom(out.toByteArray());
  }

  private static ModelProto.Builder graph(Consumer<GraphProto.Builder> change) {
    ModelProto.Builder m = tiny();
    change.accept(m.getGraphBuilder());
    return m;
  }

  private OnnxModel read(Message.Builder model) {
    return OnnxModel.read(write(folder, model.build()));
  }

  private void refused(Message.Builder model, String... parts) {
    refused(model.build().toByteArray(), parts);
  }

  private void refused(byte[] file, String... parts) {
    assertThatThrownBy(() -> OnnxModel.read(write(folder.resolve("model.onnx"), file)))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("model.onnx")
        .hasMessageContainingAll(parts);
  }
}
