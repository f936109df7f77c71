package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.graph.op.BinaryOp;
import candela.graph.op.Rectify;
import candela.onnx.OnnxModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FoldScalarsTest {
  @TempDir Path folder;

  private static SmallModel model() {
    return new SmallModel(13, 2, 3, 4).scalar("two", 2).scalar("three", 3).scalar("half", .5f);
  }

  @Test
  void numbersInARowAreOneLinearFunction() throws IOException {
    Path m =
        model()
            .node("Add", "x three", "a")
            .node("Mul", "two a", "b")
            .node("Sub", "three b", "c")
            .node("Div", "c half", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("LINEAR");
  }

  @Test
  void whatUndoesItselfVanishes() throws IOException {
    Path m =
        model()
            .node("Mul", "x two", "a")
            .node("Tanh", "a", "b")
            .node("Div", "b two", "c")
            .node("Mul", "c two", "d")
            .node("Exp", "d", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("LINEAR", "TANH", "EXP");
  }

  @Test
  void powersThatAreProductsAndRoots() throws IOException {
    Path m =
        model()
            .node("Pow", "x two", "a")
            .node("Add", "a three", "b")
            .node("Pow", "b half", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("MUL", "LINEAR", "SQRT");
  }

  @Test
  void aQuotientOfANumberStays() throws IOException {
    Path m =
        model()
            .node("Exp", "x", "a")
            .node("Div", "three a", "b")
            .node("Pow", "two b", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("EXP", "DIV", "POW");
  }

  /** 41 times the float next to 1/41 is below 1. */
  @Test
  void whatAStepReadsIsDividedAsItIsWritten() throws IOException {
    Path m =
        new SmallModel(13, 2, 3)
            .scalar("odd", 41)
            .scalar("zero", 0)
            .scalar("two", 2)
            .node("Mul", "x zero", "none")
            .node("Add", "none odd", "a")
            .node("Div", "a odd", "b")
            .node("Mul", "b two", "c")
            .node("Floor", "c", "d")
            .node("Add", "d x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("LINEAR", "DIV", "LINEAR", "FLOOR", "ADD");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Relu", "Abs", "Neg", "Identity"})
  void soItIsWhereElementsAreReadOneByOne(String between) throws IOException {
    Path m =
        new SmallModel(13, 3, 3)
            .scalar("odd", 41)
            .scalar("two", 2)
            .node("Div", "x odd", "a")
            .node(between, "a", "b")
            .node("Add", "b two", "c")
            .node("Mul", "c odd", "d")
            .node("Ceil", "d", "e")
            .node("Add", "e x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m))
        .startsWith("DIV")
        .endsWith("LINEAR", "LINEAR", "CEIL", "ADD");
  }

  @Test
  void whatIsSummedUpBeforeAStepIsFolded() throws IOException {
    Path m =
        new SmallModel(13, 2, 3)
            .scalar("odd", 41)
            .scalar("two", 2)
            .node("Div", "x odd", "a")
            .node("Mul", "a two", "b")
            .node("ReduceSum", "b", "c")
            .node("Floor", "c", "d")
            .node("Add", "d x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).startsWith("LINEAR").doesNotContain("DIV");
  }

  /** Rules that change what a rectifier hands back find it. */
  @Test
  void theLargerOfXAndANumberIsARectifier() throws IOException {
    Path m =
        model().scalar("zero", 0).node("Max", "zero x", "a").node("Tanh", "a", "y").write(folder);
    assertThat(Rewritten.operators(m)).containsExactly("Rectify", "TANH");
  }

  @Test
  void rectifiersInARowAreOne() throws IOException {
    Path m =
        model()
            .scalar("zero", 0)
            .scalar("one", 1)
            .node("Min", "x one", "a")
            .node("Max", "a zero", "b")
            .node("Relu", "b", "c")
            .node("Tanh", "c", "y")
            .write(folder);
    assertThat(Simplify.all(Import.graph(OnnxModel.read(m), 2), Set.of()).nodes())
        .extracting(Node::op)
        .contains(new Rectify(0, 1))
        .hasSize(2);
    assertThat(Rewritten.operators(m)).containsExactly("Rectify", "TANH");
  }

  /** Of a number that is not one, there is no range. */
  @Test
  void theLargerOfXAndNaNStays() throws IOException {
    Path m = model().scalar("none", Float.NaN).node("Max", "x none", "y").write(folder);
    Graph graph = Simplify.all(Import.graph(OnnxModel.read(m), 2), Set.of());
    assertThat(graph.nodes()).hasSize(1).allMatch(n -> n.op() instanceof BinaryOp);
  }

  /** Each channel by a number of its own. */
  @Test
  void whatAStepReadsIsDividedSoByChannels() throws IOException {
    Path m =
        new SmallModel(13, 2, 3)
            .floats("odd", new long[] {3}, 41, 47, 55)
            .scalar("zero", 0)
            .node("Mul", "x zero", "none")
            .node("Add", "none odd", "a")
            .node("Div", "a odd", "b")
            .node("Floor", "b", "d")
            .node("Add", "d x", "y")
            .write(folder);
    assertThat(Rewritten.operators(m)).contains("DIV");
  }
}
