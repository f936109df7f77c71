package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.proto.GraphProto;
import candela.onnx.proto.ModelProto;
import candela.onnx.proto.NodeProto;
import candela.onnx.proto.OperatorSetIdProto;
import candela.onnx.proto.TensorProto;
import candela.onnx.proto.TensorShapeProto;
import candela.onnx.proto.TypeProto;
import candela.onnx.proto.ValueInfoProto;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Inpainting models of one or two nodes: what they are given, and what becomes of their answer. */
class ModelInpainterTest {
  private static final int OPEN = -1;
  private static final Shape IMAGE = Shape.of(3, 9, 7);
  private static final int PIXELS = 63;

  private static final Levels LEVELS = new Levels(List.of(-1f, -1f, -1f), List.of(2f, 3f, 4f));

  @TempDir Path folder;

  /** y = image + colour · mask, by channel. */
  private Path painting(int h, int w, float... colour) {
    return write(
        GraphProto.newBuilder()
            .addInput(value("image", 1, 3, h, w))
            .addInput(value("mask", 1, 1, h, w))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("colour")
                    .setDataType(1)
                    .addAllDims(List.of(1L, 3L, 1L, 1L))
                    .addFloatData(colour[0])
                    .addFloatData(colour[1])
                    .addFloatData(colour[2]))
            .addNode(node("Mul", "paint", "mask", "colour"))
            .addNode(node("Add", "y", "image", "paint"))
            .addOutput(ValueInfoProto.newBuilder().setName("y")));
  }

  /** y = one of the inputs, rectified. */
  private Path rectified(String input, int maskWidth) {
    return write(
        GraphProto.newBuilder()
            .addInput(value("image", 1, 3, 9, 7))
            .addInput(value("mask", 1, 1, 9, maskWidth))
            .addNode(node("Relu", "y", input))
            .addOutput(ValueInfoProto.newBuilder().setName("y")));
  }

  private Path write(GraphProto.Builder graph) {
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
            .setGraph(graph.setName("paint"))
            .build();
    try {
      return Files.write(folder.resolve("paint.onnx"), model.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static NodeProto node(String op, String y, String... x) {
    return NodeProto.newBuilder()
        .setOpType(op)
        .setName(y)
        .addAllInput(List.of(x))
        .addOutput(y)
        .build();
  }

  private static ValueInfoProto value(String name, int... dims) {
    var shape = TensorShapeProto.newBuilder();
    for (int d : dims) {
      var dim = TensorShapeProto.Dimension.newBuilder();
      shape.addDim(d == OPEN ? dim.setDimParam("d" + shape.getDimCount()) : dim.setDimValue(d));
    }
    var tensor = TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static float[] fill(String inpainter, Levels levels, float[] x, byte[] hole) {
    float[] y = new float[hole.length / PIXELS * x.length];
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      Inpainter.parse(inpainter, Path.of("")).open(IMAGE, levels, workspace).fill(x, hole, y);
    }
    return y;
  }

  /** Two rows: pixels 3 to 39 are missing in the second, none in the first. */
  private static byte[] holes() {
    byte[] hole = new byte[2 * PIXELS];
    Arrays.fill(hole, PIXELS + 3, PIXELS + 40, (byte) 1);
    return hole;
  }

  private static float[] image() {
    return Toy.draw(new Random(4), 3 * PIXELS);
  }

  /**
   * A missing pixel is 0 to the model, which paints it 0.25, 0.5, 0.75. The channels' blacks are
   * −1, the whites 2, 3, 4: of 0 … 1 these are −1 + 0.25 · 3, −1 + 0.5 · 4, −1 + 0.75 · 5; of −1 …
   * 1 they are 5/8, 6/8, 7/8 of the way, of 0 … 255 next to nothing.
   */
  @ParameterizedTest
  @CsvSource({
    "unit, -0.25, 1, 2.75",
    "signed, 0.875, 2, 3.375",
    "levels, -0.99705884, -0.99215686, -0.9852941"
  })
  void whatTheModelPaintsComesBackAsTheNetworksValues(String values, float r, float g, float b) {
    Path file = painting(9, 7, .25f, .5f, .75f);
    float[] x = image();
    float[] y = fill(file + ":values=" + values, LEVELS, x, holes());
    float[] paint = {r, g, b};
    for (int i = 0; i < y.length; i++) {
      int pixel = i % PIXELS;
      boolean missing = i >= x.length && pixel >= 3 && pixel < 40;
      float wanted = missing ? paint[i % x.length / PIXELS] : x[i % x.length];
      assertThat(y[i]).as("%d", i).isCloseTo(wanted, Offset.offset(missing ? 1e-6f : 0));
    }
  }

  @Test
  void theModelSeesRedGreenBlue() {
    String file = painting(9, 7, .25f, .5f, .75f).toString();
    var bgr = new Levels(List.of(0f, 0f, 0f), List.of(1f, 1f, 1f), true);
    float[] y = fill(file, bgr, new float[3 * PIXELS], holes());
    float[] second = Arrays.copyOfRange(y, 3 * PIXELS, 6 * PIXELS);
    assertThat(new float[] {second[5], second[PIXELS + 5], second[2 * PIXELS + 5]})
        .containsExactly(.75f, .5f, .25f);
  }

  /** A fixed size of twice, half, or an open one, 16 x 8: a grey image is filled with its grey. */
  @ParameterizedTest
  @CsvSource({"18, 14", "5, 4", "-1, -1", "9, 7"})
  void anySizeWillDo(int h, int w) {
    Path file = painting(h, w, .25f, .25f, .25f);
    var levels = new Levels(List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
    float[] x = new float[3 * PIXELS];
    Arrays.fill(x, .25f);
    for (float v : fill(file.toString(), levels, x, holes())) {
      assertThat(v).isCloseTo(.25f, Offset.offset(1e-6f));
    }
  }

  @ParameterizedTest
  @CsvSource({"18, 14", "5, 4", "9, 7"})
  void hiddenValuesDoNotMatter(int h, int w) {
    String file = painting(h, w, .5f, .5f, .5f).toString();
    float[] x = image();
    float[] other = x.clone();
    for (int i = 0; i < x.length; i++) {
      boolean missing = i % PIXELS >= 3 && i % PIXELS < 40;
      other[i] += missing ? 1000 : 0;
    }
    byte[] hole = Arrays.copyOfRange(holes(), PIXELS, 2 * PIXELS);
    float[] y = fill(file, LEVELS, x, hole);
    float[] z = fill(file, LEVELS, other, hole);
    for (int i = 0; i < y.length; i++) {
      assertThat(z[i]).as("%d", i).isEqualTo(y[i]);
    }
  }

  /** A model that gives back what it is given paints black: 0 of 0 … 1. */
  @Test
  void methodsFillWithWhatTheModelPaints() {
    Path file = painting(9, 7, 0, 0, 0);
    for (String method :
        List.of(
            "sliding-patch:patch=3,stride=2,fill=",
            "occlusion:window=4,stride=3,fill=",
            "lime:samples=11,segments=6,fill=")) {
      float[] black = map(method + "black", 8);
      for (int batch : new int[] {1, 3, 8}) {
        Maps.agree(method, map(method + "inpaint,inpainter=" + file, batch), black);
      }
    }
    // twice as far along a descent that the painted pixels drive
    String descent = "meaningful-perturbation:mask=4,start=random,fill=inpaint,inpainter=" + file;
    Maps.agree(descent, map(descent + ",iterations=4", 3), map(descent + ",iterations=4", 1));
  }

  private float[] map(String method, int batch) {
    Subject subject = new Subject(IMAGE, image(), 1, LEVELS);
    return Maps.of(Toy.random(folder), batch, Methods.parse(method), subject).values();
  }

  @Test
  void oneThatFillsAlikeIsEqualWhereverItLies() throws IOException {
    Path file = painting(9, 7, 0, 0, 0);
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.copy(file, other.resolve("paint.onnx"));
    Inpainter here = Inpainter.parse("paint.onnx", folder);
    Inpainter there = Inpainter.parse("paint.onnx", other);
    assertThat(there).isEqualTo(here).hasSameHashCodeAs(here).hasToString(here.toString());
    assertThat(Inpainter.parse("paint.onnx:values=signed", folder)).isNotEqualTo(here);
    painting(9, 7, 0, 0, 1);
    assertThat(Inpainter.parse("paint.onnx", folder)).isNotEqualTo(here);
  }

  /** As many as there are settings of a study: one session serves all. */
  @Test
  void equalInpaintersOfAWorkspaceShareTheirModel() {
    String file = painting(9, 7, 0, 0, 0).toString();
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      var first = Inpainter.parse(file, Path.of("")).open(IMAGE, LEVELS, workspace);
      long bytes = workspace.sessionBytes();
      assertThat(bytes).isPositive();
      assertThat(Inpainter.parse(file, Path.of("")).open(IMAGE, LEVELS, workspace)).isSameAs(first);
      assertThat(workspace.sessionBytes()).isEqualTo(bytes);
      assertThat(
              Inpainter.parse(file + ":values=signed", Path.of("")).open(IMAGE, LEVELS, workspace))
          .isNotSameAs(first);
    }
  }

  @Test
  void whatIsPrintedIsRead() {
    Path file = painting(9, 7, 0, 0, 0);
    Method method = Methods.parse("lime:fill=inpaint,inpainter=" + file + ":values=signed");
    String text = "lime:" + Methods.text(method).replace(", ", ",");
    assertThat(text).contains("paint.onnx:values=signed,sha256=");
    assertThat(Methods.parse(text)).isEqualTo(method);
    painting(9, 7, 0, 0, 1);
    assertThatThrownBy(() -> Methods.parse(text))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("the model with sha256");
  }

  @Test
  void otherModelsAreRefused() {
    byte[] hole = holes();
    assertThatThrownBy(() -> fill(Toy.conv(folder).toString(), LEVELS, image(), hole))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "inpainter: conv.onnx: two float inputs, image[n,3,h,w] and mask[n,1,h,w], expected, it"
                + " takes [x[N, 1, 4, 4] float]; give an inpainting model, or telea");
    Path grey = rectified("mask", 7);
    assertThatThrownBy(() -> fill(grey.toString(), LEVELS, image(), hole))
        .hasMessage(
            "inpainter: paint.onnx: output [1,3,9,7] expected for an image of that shape, is"
                + " [1,1,9,7]");
    Path sizes = rectified("image", 8);
    assertThatThrownBy(() -> fill(sizes.toString(), LEVELS, image(), hole))
        .hasMessageContaining("image and mask of one size expected, got image");
    Path file = painting(9, 7, 0, 0, 0);
    assertThatThrownBy(() -> fill(file.toString(), Levels.NONE, image(), hole))
        .hasMessageContaining("inpaint needs to know black and white of 3 channels");
    assertThatThrownBy(() -> Inpainter.parse("lama", Path.of("")))
        .hasMessage(
            "inpainter: telea, or a FILE.onnx that takes image and mask, expected, got 'lama'");
    assertThatThrownBy(() -> Inpainter.parse(file + ":values=bytes", Path.of("")))
        .hasMessageContaining("values: unit, signed, levels expected, got 'bytes'");
    assertThatThrownBy(() -> Methods.parse("lime:inpainter=telea:radius=0"))
        .hasMessage("telea: radius: 1 to 100 expected, got 0");
  }
}
