package candela.graph;

import static candela.onnx.Models.bool;
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

import candela.CpuTime;
import candela.onnx.Models;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.NodeProto;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with Loop and Scan, whose bodies are small graphs. */
class LoopsTest {
  /** Of time, for what asks for more than can be had. */
  private static final long NANOS = 2_000_000_000L;

  @TempDir Path folder;

  /** x [n,3]; three runs, should it go. */
  private static GraphProto.Builder outside(NodeProto.Builder... nodes) {
    GraphProto.Builder g =
        GraphProto.newBuilder()
            .addInput(value("x", -1, 3))
            .addOutput(value("y", -1, 3))
            .addInitializer(floats("w", 1, 2, 3))
            .addInitializer(integer("three", 3))
            .addInitializer(bool("yes", true))
            .addInitializer(bool("no", false));
    List.of(nodes).forEach(g::addNode);
    return g;
  }

  private static NodeProto.Builder loop(
      GraphProto.Builder body, List<String> inputs, String... outputs) {
    return node("Loop", inputs, outputs).setName("again").addAttribute(graph("body", body));
  }

  private static GraphProto.Builder body(List<String> inputs, List<String> outputs) {
    GraphProto.Builder body = GraphProto.newBuilder();
    inputs.forEach(v -> body.addInput(value(v)));
    outputs.forEach(v -> body.addOutput(value(v)));
    return body;
  }

  /** h becomes h * factor + w + k; f = k as a float. */
  private static GraphProto.Builder affine(String goesOn) {
    return body(List.of("k", "on", "h"), List.of(goesOn, "next", "sum"))
        .addInitializer(floats("factor", 2))
        .addNode(node("Mul", List.of("h", "factor"), "twice"))
        .addNode(node("Add", List.of("twice", "w"), "sum"))
        .addNode(node("Cast", List.of("k"), "f").addAttribute(number("to", 1)))
        .addNode(node("Add", List.of("sum", "f"), "next"));
  }

  /**
   * h = 1, 1, 1 becomes 2 h + w + k for k = 0, 1, 2: 3, 4, 5; then 8, 11, 14; then 19, 26, 33.
   * Eight times x is in that.
   */
  @Test
  void whatIsCarriedGoesThroughEachRun() {
    for (String goesOn : List.of("yes", "on")) {
      NodeProto.Builder loop = loop(affine(goesOn), List.of("three", "yes", "x"), "y");
      Slopes s = Slopes.of(folder, outside(loop), 1, 1, 1, 1);
      assertThat(s.y()).containsExactly(19, 26, 33);
      assertThat(s.dx()).containsExactly(8, 8, 8);
    }
  }

  /** Sums before k is added, [3,n,3]: 3, 4, 5; 7, 10, 13; 17, 24, 31, of which 2, 4 and 8 are x. */
  @Test
  void whatRunsGiveIsStacked() {
    GraphProto.Builder graph =
        outside(
            loop(affine("yes"), List.of("three", "", "x"), "", "all"),
            node("ReduceSum", List.of("all", "zero"), "y").addAttribute(number("keepdims", 0)));
    graph.addInitializer(integer("zero", 0).toBuilder().addDims(1));
    Slopes one = Slopes.of(folder, graph, 1, 1, 1, 1);
    assertThat(one.y()).containsExactly(27, 38, 49);
    assertThat(one.dx()).containsExactly(14, 14, 14);
    Slopes two = Slopes.of(folder, graph, 2, 1, 1, 1, 0, 0, 0);
    assertThat(two.y()).containsExactly(27, 38, 49, 13, 24, 35);
  }

  /** Of 1, 2, 4 channels, the loop ends where the axis that is doubled is 4 long. */
  @Test
  void shapesMayDecideWhenItEnds() {
    GraphProto.Builder body =
        body(List.of("k", "on", "h"), List.of("short", "longer"))
            .addNode(node("Concat", List.of("h", "h"), "longer").addAttribute(number("axis", 1)))
            .addNode(node("Shape", List.of("longer"), "shape"))
            .addNode(node("Gather", List.of("shape", "one"), "length"))
            .addNode(node("Less", List.of("length", "enough"), "short"));
    GraphProto.Builder graph =
        outside(loop(body, List.of("", "", "x"), "y"))
            .addInitializer(integer("one", 1))
            .addInitializer(integer("enough", 12));
    Slopes s = Slopes.of(folder, graph, 1, 1, 2, 3);
    assertThat(s.y()).containsExactly(1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3);
    assertThat(s.dx()).containsExactly(4, 4, 4);
  }

  @Test
  void aLoopThatDoesNotRunGivesWhatItGot() {
    for (List<String> inputs : List.of(List.of("three", "no", "x"), List.of("none", "yes", "x"))) {
      GraphProto.Builder graph = outside(loop(affine("yes"), inputs, "y"));
      graph.addInitializer(integer("none", 0));
      assertThat(Slopes.of(folder, graph, 1, 1, 2, 3).y()).containsExactly(1, 2, 3);
      graph = outside(loop(affine("yes"), inputs, "y", "all")).addInitializer(integer("none", 0));
      refused(graph, "node 'again' (Loop): its body never runs, and output 1 collects");
    }
  }

  /**
   * In each of three runs, h is doubled twice: 64 times x. Names are those of the file and more.
   */
  @Test
  void loopsMayHaveLoopsAndBranches() {
    GraphProto.Builder either =
        GraphProto.newBuilder()
            .addNode(node("Add", List.of("h", "h"), "next"))
            .addOutput(value("next"));
    NodeProto.Builder doubled =
        node("If", List.of("yes"), "sum")
            .addAttribute(graph("then_branch", either))
            .addAttribute(graph("else_branch", either));
    GraphProto.Builder inner = body(List.of("k", "on", "h"), List.of("on", "sum")).addNode(doubled);
    GraphProto.Builder outer =
        body(List.of("k", "on", "h"), List.of("on", "next"))
            .addNode(loop(inner, List.of("two", "on", "h"), "next"));
    GraphProto.Builder graph = outside(loop(outer, List.of("three", "yes", "x"), "y"));
    graph.addInitializer(integer("two", 2));
    Network network = Network.load(Models.write(folder, model(graph).build()));
    assertThat(Slopes.of(network, 1, 1, 2, 3).y()).containsExactly(64, 128, 192);
    assertThat(network.model().nodes())
        .extracting(n -> n.outputs().getFirst())
        .startsWith("again/0/again/0/next", "again/0/again/1/next", "again/1/again/0/next")
        .endsWith("y");
  }

  /**
   * Rows of x [n,3] from the last to the first: h + 2 x; 10 h + row is collected, first run last.
   */
  @Test
  void aScanGoesThroughAnAxis() {
    GraphProto.Builder body =
        body(List.of("h", "piece"), List.of("next", "seen"))
            .addNode(node("Add", List.of("piece", "piece"), "twice"))
            .addNode(node("Add", List.of("h", "twice"), "next"))
            .addNode(node("Mul", List.of("h", "ten"), "tenfold"))
            .addNode(node("Add", List.of("tenfold", "piece"), "seen"));
    NodeProto.Builder scan =
        node("Scan", List.of("start", "x"), "last", "all")
            .addAttribute(graph("body", body))
            .addAttribute(number("num_scan_inputs", 1))
            .addAttribute(ones("scan_input_axes"))
            .addAttribute(ones("scan_input_directions"))
            .addAttribute(ones("scan_output_axes"))
            .addAttribute(ones("scan_output_directions"));
    GraphProto.Builder graph =
        outside(
                node("ReduceSum", List.of("x", "axis"), "sums").addAttribute(number("keepdims", 0)),
                node("Sub", List.of("sums", "sums"), "start"),
                scan,
                node("Unsqueeze", List.of("last", "axis"), "column"),
                node("Add", List.of("all", "column"), "y"))
            .addInitializer(floats("ten", 10))
            .addInitializer(integer("axis", 1).toBuilder().addDims(1));
    // h: 0, 6, 10, 12; seen 3, 62, 101 from the last pixel on
    Slopes s = Slopes.of(folder, graph, 2, 1, 2, 3, 1, 1, 1);
    assertThat(s.y()).startsWith(113, 74, 15).endsWith(47, 27, 7);
    // pixel 0: seen once, in 3 last; pixel 1: and in 10 h once; pixel 2: twice
    assertThat(s.dx()).startsWith(7, 27, 47);
  }

  private static AttributeProto.Builder ones(String name) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INTS)
        .addInts(1);
  }

  @Test
  void whatCannotBeDecidedIsRefused() {
    NodeProto.Builder positive = node("Greater", List.of("first", "w0"), "go");
    NodeProto.Builder first = node("ReduceMax", List.of("x"), "first");
    first.addAttribute(number("keepdims", 0));
    refused(
        outside(first, positive, loop(affine("yes"), List.of("", "go", "x"), "y"))
            .addInitializer(floats("w0", 0)),
        "node 'again' (Loop): whether its body runs depends on the image; supported is");
    refused(
        outside(loop(affine("sum"), List.of("three", "", "x"), "y")),
        "node 'again' (Loop): whether its body runs again depends on the image; supported is");
    GraphProto.Builder images =
        outside(
            node("Shape", List.of("x"), "shape"),
            node("Gather", List.of("shape", "zero"), "images"),
            loop(affine("yes"), List.of("images", "", "x"), "y"));
    images.addInitializer(integer("zero", 0));
    refused(images, "how often its body runs depends on the number of images");
    // where the file fixes that, it is a number
    images.setInput(0, value("x", 1, 3));
    assertThat(Slopes.of(folder, images, 1, 1, 1, 1).y()).containsExactly(3, 4, 5);
  }

  @Test
  void aBodyMustFitItsNode() {
    String why = "its body and itself have different inputs or outputs; export the model again";
    refused(outside(loop(affine("yes"), List.of("three"), "y")), why);
    refused(outside(loop(affine("yes"), List.of("three", "", "x", "x"), "y")), why);
    refused(outside(loop(affine("yes"), List.of("three", "", "x"), "y", "a", "b")), why);
    refused(outside(node("Loop", List.of("three", "", "x"), "y")), "attribute 'body' is missing");
    refused(
        outside(loop(affine("yes").setInput(1, value("h")), List.of("three", "", "x"), "y")),
        "'h' is defined twice in its body");
    NodeProto.Builder scan =
        node("Scan", List.of("x"), "y").addAttribute(graph("body", affine("yes")));
    refused(outside(scan), "num_scan_inputs 0 do not fit its inputs");
    refused(outside(scan.addAttribute(number("num_scan_inputs", 1))), why);
  }

  /** Runs without end, of nothing, of much, of long names; within each other. */
  @Test
  void loopsThatExplodeAreRefusedAtOnce() {
    GraphProto.Builder nothing = body(List.of("k", "on", "h"), List.of("yes", "h"));
    GraphProto.Builder named = body(List.of("k", "on", "h"), List.of("yes", "n".repeat(1 << 20)));
    named.addNode(node("Relu", List.of("h"), "n".repeat(1 << 20)));
    GraphProto.Builder labelled = body(List.of("k", "on", "h"), List.of("yes", "n"));
    labelled.addNode(node("Relu", List.of("h"), "n").setName("n".repeat(1 << 20)));
    GraphProto.Builder nested = nothing;
    for (int i = 0; i < 5; i++) {
      nested =
          body(List.of("k", "on", "h"), List.of("yes", "next"))
              .addNode(loop(nested, List.of("many", "", "h"), "next"));
    }
    for (GraphProto.Builder body : List.of(nothing, affine("yes"), named, labelled, nested)) {
      for (String most : List.of("", "many")) {
        GraphProto.Builder graph = outside(loop(body, List.of(most, "", "x"), "y"));
        graph.addInitializer(integer("many", 1L << 62));
        Path file = Models.write(folder, model(graph).build());
        long start = CpuTime.nanos();
        assertThatThrownBy(() -> Network.load(file))
            .hasMessageContaining(
                "nodes and values of the file; export the model with shorter loops");
        assertThat(CpuTime.nanos() - start).as("ns").isLessThan(NANOS);
      }
    }
  }

  /** A few numbers that are made of many, again and again. */
  @Test
  void loopsThatReadMuchAreRefused() {
    GraphProto.Builder body = body(List.of("k", "on", "h"), List.of("yes", "next"));
    body.addNode(node("ReduceSum", List.of("big"), "s").addAttribute(number("keepdims", 0)));
    body.addNode(node("Add", List.of("h", "s"), "next"));
    GraphProto.Builder graph =
        outside(
            node("ConstantOfShape", List.of("many"), "big"),
            loop(body, List.of("often", "", "x"), "y"));
    graph.addInitializer(integers("many", 1 << 20)).addInitializer(integer("often", 5_000));
    refused(graph, "constants computed on the way have more than");
  }

  /** Whether it would run a fourth time nobody asks. */
  @Test
  void theLastRunDecidesNothing() {
    GraphProto.Builder body = body(List.of("k", "on", "h"), List.of("go", "next"));
    body.addNode(node("Add", List.of("h", "w"), "next"));
    NodeProto.Builder largest = node("ReduceMax", List.of("next"), "largest");
    body.addNode(largest.addAttribute(number("keepdims", 0)));
    body.addNode(node("Greater", List.of("largest", "largest"), "go"));
    GraphProto.Builder graph = outside(loop(body, List.of("once", "", "x"), "y"));
    graph.addInitializer(integer("once", 1));
    assertThat(Slopes.of(folder, graph, 1, 1, 1, 1).y()).containsExactly(2, 3, 4);
  }

  private void refused(GraphProto.Builder graph, String why) {
    Path file = Models.write(folder, model(graph).build());
    assertThatThrownBy(() -> Network.load(file)).hasMessageContainingAll("model.onnx: ", why);
  }
}
