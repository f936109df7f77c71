package candela.graph;

import static candela.onnx.Models.bool;
import static candela.onnx.Models.floats;
import static candela.onnx.Models.graph;
import static candela.onnx.Models.integer;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.number;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.Models;
import candela.onnx.OnnxModel;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with If, whose branches are small graphs. */
class BranchesTest {
  @TempDir Path folder;

  private static NodeProto branching(
      String condition, GraphProto.Builder then, GraphProto.Builder otherwise, String... outputs) {
    return node("If", List.of(condition), outputs)
        .setName("either")
        .addAttribute(graph("then_branch", then))
        .addAttribute(graph("else_branch", otherwise))
        .build();
  }

  /** x [n,3]; sum = x + w is computed outside; y is sum * factor, or sum itself. */
  private static GraphProto.Builder scaled(NodeProto either) {
    return GraphProto.newBuilder()
        .addInput(value("x", -1, 3))
        .addOutput(value("y", -1, 3))
        .addInitializer(floats("w", 1, 2, 3))
        .addNode(node("Add", List.of("x", "w"), "sum"))
        .addNode(either);
  }

  private static GraphProto.Builder times(String name, float factor) {
    return GraphProto.newBuilder()
        .addInitializer(floats(name + "-factor", factor))
        .addNode(node("Mul", List.of("sum", name + "-factor"), name))
        .addOutput(value(name, -1, 3));
  }

  private static GraphProto.Builder unchanged() {
    return GraphProto.newBuilder().addOutput(value("sum", -1, 3));
  }

  /** Outputs, then slopes. */
  private float[] run(GraphProto.Builder graph, float... x) {
    Slopes s = Slopes.of(folder, graph, x.length / 3, x);
    float[] all = Arrays.copyOf(s.y(), 2 * x.length);
    System.arraycopy(s.dx(), 0, all, x.length, x.length);
    return all;
  }

  /** (1, 1, 1) + (1, 2, 3), times 2 or not; then the slopes. */
  @Test
  void theBranchOfAConstantConditionIsTaken() {
    NodeProto either = branching("c", times("double", 2), unchanged(), "y");
    assertThat(run(scaled(either).addInitializer(bool("c", true)), 1, 1, 1))
        .containsExactly(4, 6, 8, 2, 2, 2);
    assertThat(run(scaled(either).addInitializer(bool("c", false)), 1, 1, 1))
        .containsExactly(2, 3, 4, 1, 1, 1);
  }

  /**
   * As exporters write a squeeze of an axis of open length: is the number of images 1? Files are
   * read for several, whatever the batch: (x + w) is doubled for 1 alone.
   */
  @Test
  void ofACountOfImagesThereAreTwo() {
    NodeProto either = branching("one", times("double", 2), times("triple", 3), "y");
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(value("x", -1, 3))
            .addOutput(value("y", -1, 3))
            .addInitializer(floats("w", 1, 2, 3))
            .addInitializer(integer("zero", 0))
            .addInitializer(integer("unit", 1))
            .addNode(node("Shape", List.of("x"), "shape"))
            .addNode(node("Gather", List.of("shape", "zero"), "images"))
            .addNode(node("Equal", List.of("images", "unit"), "one"))
            .addNode(either)
            // after its reader: the file's order is not that of the values
            .addNode(node("Add", List.of("x", "w"), "sum"));
    assertThat(run(graph, 1, 1, 1)).containsExactly(6, 9, 12, 3, 3, 3);
    assertThat(run(graph, 1, 1, 1, 0, 0, 0)).startsWith(6, 9, 12, 3, 6, 9);
    graph.setInput(0, value("x", 1, 3));
    assertThat(run(graph, 1, 1, 1)).containsExactly(4, 6, 8, 2, 2, 2);
    assertThat(run(graph, 1, 1, 1, 0, 0, 0)).startsWith(4, 6, 8, 2, 4, 6);
  }

  @Test
  void branchesMayHaveBranchesAndSeveralOutputs() {
    NodeProto inner = branching("no", times("double", 2), times("triple", 3), "inner");
    GraphProto.Builder then =
        GraphProto.newBuilder()
            .addInitializer(bool("no", false))
            .addNode(inner)
            .addNode(node("Relu", List.of("inner"), "positive"))
            .addOutput(value("positive", -1, 3))
            .addOutput(value("sum", -1, 3));
    GraphProto.Builder graph = scaled(branching("c", then, unchanged(), "first", "second"));
    graph.addInitializer(bool("c", true)).addNode(node("Sub", List.of("first", "second"), "y"));
    // 3 (x + w) − (x + w)
    assertThat(run(graph, 1, 1, 1)).containsExactly(4, 6, 8, 2, 2, 2);
  }

  @Test
  void aBranchMayCallWhatItGivesAsTheIf() {
    NodeProto either = branching("c", times("y", 2), unchanged(), "y");
    assertThat(run(scaled(either).addInitializer(bool("c", true)), 1, 1, 1))
        .containsExactly(4, 6, 8, 2, 2, 2);
  }

  /** Branches next to each other may use the same names, as parts of a program do. */
  @Test
  void whatABranchDefinesIsItsOwn() {
    NodeProto.Builder first = branching("c", times("inner", 2), unchanged(), "first").toBuilder();
    NodeProto.Builder second = branching("c", times("inner", 3), unchanged(), "second").toBuilder();
    NodeProto.Builder third = branching("c", times("w", 4), unchanged(), "third").toBuilder();
    GraphProto.Builder graph =
        scaled(first.build())
            .addInitializer(bool("c", true))
            .addNode(second)
            .addNode(third)
            .addNode(node("Sum", List.of("first", "second", "third", "w"), "y"));
    // (2 + 3 + 4) (x + w) + w
    assertThat(run(graph, 1, 1, 1)).containsExactly(19, 29, 39, 9, 9, 9);
  }

  /** What reads the model later finds plain nodes, weights of the branch among its own. */
  @Test
  void theModelOfANetworkHasNoBranches() {
    NodeProto either = branching("c", times("double", 2), unchanged(), "y");
    GraphProto.Builder graph = scaled(either).addInitializer(bool("c", true));
    OnnxModel read = Network.load(Models.write(folder, model(graph).build())).model();
    assertThat(read.nodes()).extracting(n -> n.op()).containsExactly("Add", "Mul", "Identity");
    assertThat(read.initialisers()).containsKeys("w", "double-factor");
  }

  @Test
  void whatCannotBeDecidedIsRefused() {
    GraphProto.Builder depends = scaled(branching("c", times("double", 2), unchanged(), "y"));
    depends
        .addInitializer(floats("level", 3))
        .addNode(node("ReduceMax", List.of("x"), "most").addAttribute(number("keepdims", 0)))
        .addNode(node("Greater", List.of("most", "level"), "c"));
    refused(depends, "node 'either' (If): which branch is taken depends on the image");
    GraphProto.Builder twice = times("double", 2);
    twice.addNode(node("Relu", List.of("sum"), "double"));
    refused(
        scaled(branching("c", twice, unchanged(), "y")).addInitializer(bool("c", true)),
        "node 'Relu_1' (Relu): 'double' is defined twice in its body");
    refused(
        scaled(branching("c", unchanged().clearOutput(), unchanged(), "y"))
            .addInitializer(bool("c", true)),
        "its branch and itself have different outputs");
    refused(
        scaled(node("If", List.of("c"), "y").setName("either").build())
            .addInitializer(bool("c", true)),
        "attribute 'then_branch' is missing");
    refused(
        scaled(node("If", List.of(), "y").setName("either").build()),
        "node 'either' (If): input 0 is missing");
    refused(
        scaled(branching("c", GraphProto.newBuilder().addOutput(value("none")), unchanged(), "y"))
            .addInitializer(bool("c", true)),
        "node 'either' (If): input 'none' is no input, initialiser or output of a node");
  }

  private void refused(GraphProto.Builder graph, String why) {
    Path file = Models.write(folder, model(graph).build());
    assertThatThrownBy(() -> Network.load(file)).hasMessageContainingAll("model.onnx: ", why);
  }
}
