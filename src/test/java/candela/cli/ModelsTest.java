package candela.cli;

import static org.assertj.core.api.Assertions.assertThat;

import candela.cli.MainTest.Ran;
import candela.image.Npy;
import candela.onnx.ElementType;
import candela.onnx.ModelBuilder;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.TypeProto;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Models of all kinds, as the command line meets them. */
class ModelsTest {
  @TempDir Path folder;

  private Ran explain(Path model, String... options) {
    return MainTest.explain(folder, model, options);
  }

  private Path file(String name, ModelBuilder model) throws IOException {
    return Files.write(folder.resolve(name), model.bytes());
  }

  private JsonNode provenance() {
    return new ObjectMapper().readTree(folder.resolve("out/provenance.json").toFile());
  }

  @Test
  void imagesOfAModelThatLeavesTheirShapeOpen() throws Exception {
    Path model =
        file(
            "open.onnx",
            new ModelBuilder(17)
                .input("x", -1, -1, -1, -1)
                .output("y")
                .node("Relu", "x", "r")
                .node("GlobalAveragePool", "r", "g")
                .node("Flatten", "g", "y"));
    Ran closed = explain(model, "--method=gradient");
    assertThat(closed.code()).isEqualTo(Main.WRONG);
    assertThat(closed.err())
        .isEqualTo(
            "candela: open.onnx: input 'x' has the open dimension n at axis 1; give"
                + " --input-shape, say 3x224x224, in a study input-shape=3x224x224\n");
    Ran ran = explain(model, "--method=gradient", "--input-shape=3x24x20");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    JsonNode record = provenance();
    assertThat(record.get("preprocess").get("input").toString()).isEqualTo("[3,24,20]");
    assertThat(MainTest.run("describe", model.toString(), "--input-shape=3x24x20").out())
        .contains("[1,3,24,20]");
    assertThat(MainTest.run("describe", model.toString(), "--input-shape=3,24").err())
        .isEqualTo(
            "candela: input-shape: sizes with x between expected, as 3x224x224, got '3,24'\n");
  }

  @Test
  void imagesOfAModelThatTellsNoShape() throws Exception {
    Path model =
        file(
            "shapeless.onnx",
            new ModelBuilder(17)
                .shapeless("x")
                .output("y")
                .node("Relu", "x", "r")
                .node("GlobalAveragePool", "r", "g")
                .node("Flatten", "g", "y"));
    assertThat(explain(model, "--method=gradient").err())
        .isEqualTo(
            "candela: shapeless.onnx: input 'x' has no shape; give --input-shape, say 3x224x224, in"
                + " a study input-shape=3x224x224\n");
    Ran ran = explain(model, "--method=gradient", "--input-shape=3x24x20");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(Npy.read(folder.resolve("out/heart.gradient.npy")).shape()).containsExactly(24, 20);
    assertThat(MainTest.run("describe", model.toString(), "--input-shape=3x24x20").out())
        .contains("[1,3,24,20]");
  }

  /** A table of positions that is too large to be computed when the model is read. */
  @Test
  void deepLiftPassesWhatNoImageHasAPartIn() throws Exception {
    int wide = 70_000;
    Path model =
        file(
            "table.onnx",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("table", Shape.of(1, wide), new float[wide])
                .constant("from", Shape.of(1), 0L)
                .constant("to", Shape.of(1), 3L)
                .constant("axis", Shape.of(1), 1L)
                .node("Sigmoid", "table", "t")
                .node("Slice", "t,from,to,axis", "some")
                .node("GlobalAveragePool", "x", "g")
                .node("Flatten", "g", "f")
                .node("Add", "f,some", "a")
                .node("Softmax", "a", "s")
                .node("Div", "s,some", "d")
                .node("Mul", "d,f", "y"));
    Ran ran = explain(model, "--method=deeplift");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    JsonNode record = provenance();
    assertThat(record.findValue("convergenceDelta").doubleValue()).isBetween(-1e-5, 1e-5);
  }

  @Test
  void aModelWithoutNumbersIsNotExplained() throws Exception {
    Path model =
        MainTest.averaged(
            folder,
            "diverged.onnx",
            "x",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("w", Shape.of(3, 2), 1, 2, Float.NaN, 4, 5, 6));
    Ran ran = explain(model);
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    assertThat(ran.err())
        .startsWith("candela: diverged.onnx: weights 'w' [3,2]: numbers expected, value 2 is none");
  }

  /** Without rectifiers guided backprop is the gradient. */
  @Test
  void rulesStartAtTheOutputThatIsAsked() throws Exception {
    Path model =
        file(
            "two.onnx",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .output("z")
                .constant("a", Shape.of(3, 2), 1, 2, 3, 4, 5, 6)
                .constant("b", Shape.of(3, 2), -9, 1, 4, 7, 2, -3)
                .node("GlobalAveragePool", "x", "g")
                .node("Flatten", "g", "f")
                .node("MatMul", "f,a", "y")
                .node("MatMul", "f,b", "z"));
    Ran ran =
        explain(model, "--target=1", "--output=z", "--method=gradient", "--method=guided-backprop");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    Path out = folder.resolve("out");
    assertThat(Npy.read(out.resolve("heart.guided-backprop.channels.npy")).values())
        .containsExactly(Npy.read(out.resolve("heart.gradient.channels.npy")).values());
  }

  /** Classes by their places, and the largest scores without them. */
  @Test
  void scoresThatLostTheirClassesAreNone() throws Exception {
    Path model =
        file(
            "top.onnx",
            MainTest.linear(ElementType.FLOAT)
                .output("class")
                .output("best")
                .output("scores")
                .constant("k", Shape.of(1), 2L)
                .node("ArgMax", "scores", "class", "axis", 1, "keepdims", 0)
                .node("TopK", "scores,k", "best,places"));
    String scores =
        "name another of its outputs by --output, in a study output=NAME: best[1,2], scores[1,4]\n";
    String classes =
        "candela: top.onnx: output 'class': one score a class expected, it holds whole numbers,"
            + " as classes by their places; "
            + scores;
    assertThat(explain(model, "--method=occlusion:window=4,stride=4").err()).isEqualTo(classes);
    assertThat(explain(model, "--method=gradient", "--method=grad-cam").err()).isEqualTo(classes);
    assertThat(explain(model, "--output=best").err())
        .isEqualTo(
            "candela: top.onnx: output 'best': one score a class expected, it holds the largest"
                + " alone; name another of its outputs by --output, in a study output=NAME:"
                + " scores[1,4]\n");
    assertThat(explain(model, "--output=scores").code()).isEqualTo(Main.OK);
  }

  /** Of a form that is not known for one. */
  @Test
  void scoresThatLookLikeProbabilitiesAreTold() throws Exception {
    Path model =
        file(
            "shares.onnx",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .constant("none", Shape.of(1, 3), 0f, 0f, 0f)
                .constant("shares", Shape.of(1, 3), .5f, .25f, .25f)
                .node("GlobalAveragePool", "x", "g")
                .node("Flatten", "g", "f")
                .node("Mul", "f,none", "z")
                .node("Add", "z,shares", "y"));
    assertThat(explain(model, "--method=gradient").err())
        .contains("shares.onnx: the scores are 0 to 1 and add up to 1, as probabilities do");
  }

  @Test
  void aSequenceBesideTheScoresIsLeftOut() throws Exception {
    byte[] bytes =
        new ModelBuilder(17)
            .input("x", -1, 3, 8, 8)
            .output("all")
            .output("y")
            .node("GlobalAveragePool", "x", "g")
            .node("Flatten", "g", "y")
            .node("SequenceConstruct", "g,x", "all")
            .bytes();
    var proto = ModelProto.parseFrom(bytes).toBuilder();
    proto
        .getGraphBuilder()
        .getOutputBuilder(0)
        .getTypeBuilder()
        .setSequenceType(TypeProto.Other.getDefaultInstance());
    Path model = Files.write(folder.resolve("sequence.onnx"), proto.build().toByteArray());
    Ran ran = explain(model, "--method=gradient");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(explain(model, "--method=gradient", "--output=all").err())
        .contains("no output 'all'; it has [y]");
  }

  @Test
  void aModelOfWholeNumbersReadsLevels() throws Exception {
    Path model = file("levels.onnx", MainTest.linear(ElementType.UINT8).output("scores"));
    Ran ran = explain(model, "--method=occlusion:window=4,stride=4");
    assertThat(ran.code()).as(ran.err()).isEqualTo(Main.OK);
    assertThat(ran.out())
        .contains("preprocessing: raw (it reads levels; --preprocess sets another)");
    assertThat(MainTest.run("describe", model.toString()).out()).contains("x[1,3,8,8] of uint8");
    Npy map = Npy.read(folder.resolve("out").resolve("heart.occlusion.npy"));
    Files.delete(folder.resolve("out").resolve("heart.occlusion.npy"));
    explain(model, "--preprocess=raw", "--method=occlusion:window=4,stride=4");
    assertThat(Npy.read(folder.resolve("out").resolve("heart.occlusion.npy")).values())
        .containsExactly(map.values());
  }

  @Test
  void aModelThatIsNoClassifierIsSaid() throws Exception {
    Path model =
        file(
            "map.onnx",
            new ModelBuilder(17)
                .input("x", -1, 3, 8, 8)
                .output("y")
                .output("z")
                .node("Relu", "x", "y")
                .node("GlobalAveragePool", "y", "z"));
    Ran ran = explain(model);
    assertThat(ran.err())
        .isEqualTo(
            "candela: map.onnx: output 'y': one score a class expected, [n,classes], it is"
                + " [1,3,8,8]; name another of its outputs by --output, in a study output=NAME:"
                + " z[1,3,1,1]\n");
    assertThat(ran.code()).isEqualTo(Main.WRONG);
    // [n,3,1,1] are the scores of three classes
    assertThat(explain(model, "--output=z").code()).isEqualTo(Main.OK);
  }
}
