package candela.graph;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.graph;
import static candela.onnx.Models.integer;
import static candela.onnx.Models.integers;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.number;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.onnx.Models;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.TensorProto;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with sequences of values, as programs that keep lists are exported. */
class SequencesTest {
  @TempDir Path folder;

  /** x [n,4]. */
  private static GraphProto.Builder of(NodeProto.Builder... nodes) {
    GraphProto.Builder g =
        GraphProto.newBuilder().addInput(value("x", -1, 4)).addOutput(value("y", -1, 4));
    List.of(nodes).forEach(g::addNode);
    for (int i = -5; i < 5; i++) {
      g.addInitializer(integer(String.valueOf(i), i));
    }
    return g.addInitializer(floats("ten", 10)).addInitializer(integers("ones", 1));
  }

  private static NodeProto.Builder split(String... lengths) {
    NodeProto.Builder split = node("SplitToSequence", List.of("x"), "parts");
    return split.addAllInput(List.of(lengths)).addAttribute(number("axis", 1));
  }

  private static NodeProto.Builder joined(String sequence) {
    return node("ConcatFromSequence", List.of(sequence), "y").addAttribute(number("axis", 1));
  }

  private float[] run(GraphProto.Builder graph, float... x) {
    return Slopes.of(folder, graph, x.length / 4, x).y();
  }

  /** Of 1 2 3 4 in parts of 3: 1 2 3, 4; the last comes first, the other is multiplied. */
  @Test
  void aListIsBuiltOfParts() {
    GraphProto.Builder graph =
        of(
            split("3"),
            node("SequenceAt", List.of("parts", "-1"), "last"),
            node("SequenceAt", List.of("parts", "0"), "first"),
            node("Mul", List.of("first", "ten"), "tenfold"),
            node("SequenceEmpty", List.of(), "none"),
            node("SequenceInsert", List.of("none", "tenfold"), "one"),
            node("SequenceInsert", List.of("one", "last", "0"), "two"),
            joined("two"));
    assertThat(run(graph, 1, 2, 3, 4)).containsExactly(4, 10, 20, 30);
    assertThat(run(graph, 1, 2, 3, 4, 0, 0, 0, 1)).containsExactly(4, 10, 20, 30, 1, 0, 0, 0);
    assertThat(Slopes.of(folder, graph, 1, 1, 2, 3, 4).dx()).containsExactly(10, 10, 10, 1);
  }

  @Test
  void partsHaveGivenLengths() {
    GraphProto.Builder graph =
        of(
            split("lengths"),
            node("SequenceErase", List.of("parts", "1"), "outer"),
            node("SequenceErase", List.of("outer"), "first"),
            node("Identity", List.of("first"), "same"),
            joined("same"));
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName("lengths")
            .setDataType(TensorProto.DataType.INT64_VALUE)
            .addDims(3)
            .addInt64Data(2)
            .addInt64Data(1)
            .addInt64Data(1));
    assertThat(run(graph, 1, 2, 3, 4)).containsExactly(1, 2);
  }

  /** Four columns without their axis, stacked along a new first one, and how many they are. */
  @Test
  void membersMayLoseTheirAxisAndGetANewOne() {
    for (NodeProto.Builder columns : List.of(split(), split("1"))) {
      GraphProto.Builder graph =
          of(
              columns.addAttribute(number("keepdims", 0)),
              node("ConcatFromSequence", List.of("parts"), "all")
                  .addAttribute(number("axis", 0))
                  .addAttribute(number("new_axis", 1)),
              node("Transpose", List.of("all"), "rows"),
              node("SequenceLength", List.of("parts"), "count"),
              node("Cast", List.of("count"), "four").addAttribute(number("to", 1)),
              node("Mul", List.of("rows", "four"), "y"));
      assertThat(run(graph, 1, 2, 3, 4)).containsExactly(4, 8, 12, 16);
      assertThat(run(graph, 1, 2, 3, 4, 5, 6, 7, 8)).containsExactly(4, 8, 12, 16, 20, 24, 28, 32);
    }
  }

  /** A loop over a list that fills another: member k becomes 10 times itself, then k times that. */
  @Test
  void aLoopMayCarryAList() {
    GraphProto.Builder body =
        GraphProto.newBuilder()
            .addInput(value("k"))
            .addInput(value("on"))
            .addInput(value("list"))
            .addNode(node("SequenceAt", List.of("parts", "k"), "part"))
            .addNode(node("Cast", List.of("k"), "f").addAttribute(number("to", 1)))
            .addNode(node("Mul", List.of("part", "f"), "scaled"))
            .addNode(node("SequenceInsert", List.of("list", "scaled"), "longer"))
            .addOutput(value("on"))
            .addOutput(value("longer"));
    GraphProto.Builder graph =
        of(
            split("1"),
            node("SequenceLength", List.of("parts"), "count"),
            node("SequenceConstruct", List.of(), "none"),
            node("Loop", List.of("count", "", "none"), "list").addAttribute(graph("body", body)),
            joined("list"));
    assertThat(run(graph, 1, 2, 3, 4)).containsExactly(0, 2, 6, 12);
  }

  @Test
  void whatIsNoListOrNotInItIsRefused() {
    refused(
        of(split("2"), node("SequenceAt", List.of("parts", "2"), "y")),
        "place 2 is outside a sequence of 2");
    refused(
        of(split("2"), node("SequenceAt", List.of("parts", "-3"), "y")),
        "place -3 is outside a sequence of 2");
    refused(of(joined("x")), "input 0 is no sequence");
    refused(of(node("SequenceEmpty", List.of(), "none"), joined("none")), "the sequence is empty");
    refused(of(split("0"), joined("parts")), "parts of length 0; 1 or more expected");
    // a list of one length is no length of all
    refused(of(split("ones"), joined("parts")), "(Split): split [1]");
    refused(of(split("1"), node("Relu", List.of("parts"), "y")), "'parts' cannot be had");
    refused(
        of(split(), node("SequenceAt", List.of("parts"), "y")), "(SequenceAt): input 1 is missing");
    NodeProto.Builder images = node("SplitToSequence", List.of("x"), "parts");
    refused(of(images, joined("parts")), "the length of 'x' depends on the number of images");
  }

  private void refused(GraphProto.Builder graph, String why) {
    Path file = Models.write(folder, model(graph).build());
    assertThatThrownBy(() -> Network.load(file)).hasMessageContainingAll("model.onnx: ", why);
  }
}
