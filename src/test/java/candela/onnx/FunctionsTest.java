package candela.onnx;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.graph.Network;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.AttributeProto.AttributeType;
import candela.onnx.proto.FunctionProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that define functions of their own. */
class FunctionsTest {
  @TempDir Path folder;

  private static FunctionProto.Builder function(String name, List<String> in, List<String> out) {
    return FunctionProto.newBuilder()
        .setName(name)
        .setDomain("own")
        .addAllInput(in)
        .addAllOutput(out)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13));
  }

  /** leaky(a, b) = LeakyRelu(a + b), of slope alpha, or 0.5. */
  private static FunctionProto leaky() {
    AttributeProto.Builder refers =
        AttributeProto.newBuilder()
            .setName("alpha")
            .setType(AttributeType.FLOAT)
            .setRefAttrName("slope");
    return function("leaky", List.of("a", "b"), List.of("c"))
        .addNode(node("Add", List.of("a", "b"), "sum").setName("add"))
        .addNode(node("LeakyRelu", List.of("sum"), "c").addAttribute(refers))
        .addAttributeProto(real("slope", .5f))
        .build();
  }

  private static AttributeProto.Builder real(String name, float value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value);
  }

  private static NodeProto.Builder call(String function, List<String> in, String... out) {
    return node(function, in, out).setDomain("own").setName("call-" + out[0]);
  }

  private static ModelProto.Builder calling(NodeProto.Builder... nodes) {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(value("x", -1, 3))
            .addOutput(value("y", -1, 3))
            .addInitializer(floats("w", 1, 2, 3));
    for (NodeProto.Builder n : nodes) {
      graph.addNode(n);
    }
    return model(graph).addFunctions(leaky());
  }

  private OnnxModel read(ModelProto.Builder model) {
    return OnnxModel.read(Models.write(folder, model.build()));
  }

  private static List<String> shown(OnnxModel model) {
    return model.nodes().stream()
        .map(n -> n.op() + n.inputs() + n.outputs() + n.attributes().values())
        .toList();
  }

  @Test
  void eachCallHasValuesAndAttributesOfItsOwn() {
    OnnxModel model =
        read(
            calling(
                call("leaky", List.of("x", "w"), "once"),
                call("leaky", List.of("once", "w"), "y").addAttribute(real("slope", .1f))));
    assertThat(shown(model))
        .containsExactly(
            "Add[x, w][call-once/sum][]",
            "LeakyRelu[call-once/sum][once][Float[value=0.5]]",
            "Add[once, w][call-y/sum][]",
            "LeakyRelu[call-y/sum][y][Float[value=0.1]]");
    assertThat(model.nodes().getFirst().name()).isEqualTo("call-once/add");
  }

  /** Names of nodes need not differ, and values of the graph may be called as those of a call. */
  @Test
  void namesStayDifferent() {
    OnnxModel model =
        read(
            calling(
                call("leaky", List.of("x", "w"), "once").setName("same"),
                call("leaky", List.of("once", "w"), "y").setName("same"),
                node("Neg", List.of("x"), "same/sum")));
    assertThat(shown(model).getFirst()).isEqualTo("Add[x, w][same/sum'][]");
    assertThat(model.nodes().stream().flatMap(n -> n.outputs().stream()))
        .hasSize(5)
        .doesNotHaveDuplicates();
  }

  /** twice(a) calls leaky, hands its input on, and gives one more that the call does not want. */
  @Test
  void functionsCallFunctionsAndHandInputsOn() {
    ModelProto.Builder model = calling(call("twice", List.of("x"), "y", "same"));
    model.addFunctions(
        function("twice", List.of("a", "absent"), List.of("r", "a", "spare"))
            .addNode(call("leaky", List.of("a", "a"), "q"))
            .addNode(call("leaky", List.of("q", "absent"), "r"))
            .addNode(node("Neg", List.of("q"), "spare")));
    assertThat(shown(read(model)))
        .containsExactly(
            "Add[x, x][call-y/call-q/sum][]",
            "LeakyRelu[call-y/call-q/sum][call-y/q][Float[value=0.5]]",
            "Add[call-y/q, ][call-y/call-r/sum][]",
            "LeakyRelu[call-y/call-r/sum][y][Float[value=0.5]]",
            "Neg[call-y/q][call-y/spare][]",
            "Identity[x][same][]");
  }

  /** Scales that follow from a batch would let its images depend on each other. */
  @Test
  void aFunctionThatQuantisesByWhatItGetsIsOfOneImage() {
    ModelProto.Builder model = calling(call("own", List.of("x"), "y"));
    List<Dim> open =
        read(model.addFunctions(quantising("own", "Relu")))
            .inputs()
            .getFirst()
            .dims()
            .orElseThrow();
    assertThat(open.getFirst()).isInstanceOf(Dim.Named.class);
    model = calling(call("own", List.of("x"), "y"));
    model.addFunctions(quantising("own", "DynamicQuantizeLinear"));
    assertThat(read(model).inputs().getFirst().dims().orElseThrow().getFirst())
        .isEqualTo(new Dim.Fixed(1));
  }

  private static FunctionProto.Builder quantising(String name, String op) {
    return function(name, List.of("a"), List.of("b")).addNode(node(op, List.of("a"), "b"));
  }

  @Test
  void branchesWithinAFunctionReadItsValues() {
    GraphProto.Builder branch =
        GraphProto.newBuilder()
            .addInitializer(floats("two", 2))
            .addNode(node("Mul", List.of("sum", "two"), "more"))
            .addOutput(value("more"));
    NodeProto.Builder either = node("If", List.of("flag"), "r");
    for (String name : List.of("then_branch", "else_branch")) {
      either.addAttribute(
          AttributeProto.newBuilder().setName(name).setType(AttributeType.GRAPH).setG(branch));
    }
    ModelProto.Builder model = calling(call("chosen", List.of("x", "w"), "y"));
    model.addFunctions(
        function("chosen", List.of("a", "flag"), List.of("r"))
            .addNode(node("Add", List.of("a", "a"), "sum"))
            .addNode(either));
    OnnxNode n = read(model).nodes().getLast();
    assertThat(n.inputs()).containsExactly("w");
    OnnxAttribute.Graph then = n.graph("then_branch");
    assertThat(then.nodes().getFirst().inputs()).containsExactly("call-y/sum", "call-y/two");
    assertThat(then.initialisers()).containsOnlyKeys("call-y/two");
    assertThat(then.outputs()).containsExactly("call-y/more");
    assertThat(then.captured()).containsExactly("call-y/sum");
  }

  @Test
  void whatCannotBePutInPlaceIsRefused() {
    refused(calling(call("leaky", List.of("x", "w", "x"), "y")), "'leaky': 2 inputs and 1 outputs");
    refused(
        calling(call("endless", List.of("x"), "y"))
            .addFunctions(
                function("endless", List.of("a"), List.of("r"))
                    .addNode(call("endless", List.of("a"), "r"))),
        "function 'endless': calls itself");
    refused(
        calling(call("old", List.of("x"), "y"))
            .addFunctions(
                function("old", List.of("a"), List.of("r"))
                    .clearOpsetImport()
                    .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(9))
                    .addNode(node("Relu", List.of("a"), "r"))),
        "function 'old': is written in opset 9, the model in 13");
    refused(
        calling(call("unknown", List.of("x"), "y")),
        "(own.unknown): the operator is not supported");
  }

  /** 2 to the power of 40 nodes, in a file of some kilobytes. */
  @Test
  void functionsThatDoubleAreRefused() {
    ModelProto.Builder model = calling(call("f40", List.of("x"), "y"));
    model.addFunctions(
        function("f0", List.of("a"), List.of("r")).addNode(node("Relu", List.of("a"), "r")));
    for (int i = 1; i <= 40; i++) {
      model.addFunctions(
          function("f" + i, List.of("a"), List.of("r"))
              .addNode(call("f" + (i - 1), List.of("a"), "q"))
              .addNode(call("f" + (i - 1), List.of("q"), "r")));
    }
    refused(model, "its functions make more than 2000000 nodes and values");
  }

  private void refused(ModelProto.Builder model, String why) {
    Path file = Models.write(folder, model.build());
    assertThatThrownBy(() -> Network.load(file).inputShape())
        .hasMessageContainingAll("model.onnx: ", why);
  }
}
