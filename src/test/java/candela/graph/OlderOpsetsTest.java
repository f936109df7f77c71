package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.onnx.ModelWriter;
import candela.onnx.OnnxModel;
import candela.tensor.CandelaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of opsets before 7, and of 10, against the same written in later ones. */
class OlderOpsetsTest {
  /** Those of the files; sessions take others too. */
  private static final int BATCH = 2;

  @TempDir Path folder;

  private record Case(String name, SmallModel old, SmallModel renewed) {}

  /** Images of three channels. */
  private static SmallModel images(int opset) {
    return new SmallModel(opset, BATCH, 3, 4, 5);
  }

  private static Case broadcast(String op) {
    return new Case(
        op + " along channels",
        along(6, 3).node(op, "p b", "y", "broadcast", 1, "axis", 1),
        along(7, 3, 1, 1).node(op, "p b", "y"));
  }

  private static Case compared(String op) {
    return masked(op, "x b", along(6, 3), along(7, 3, 1, 1));
  }

  private static Case logical(String op) {
    return masked(op, "n d", asked(6, 3), asked(7, 3, 1, 1));
  }

  /** An image where truths along the channels are true, else 0. */
  private static Case masked(String op, String operands, SmallModel old, SmallModel renewed) {
    return new Case(
        op + " along channels",
        shown(old.node(op, operands, "c", "broadcast", 1, "axis", 1)),
        shown(renewed.node(op, operands, "c")));
  }

  private static SmallModel shown(SmallModel m) {
    return m.node("Cast", "c", "f", "to", 1).node("Mul", "f x", "y");
  }

  /** With p, which is above 0, and a parameter b for each channel. */
  private static SmallModel along(int opset, long... shape) {
    return images(opset).node("Exp", "x", "p").floats("b", shape, .25f, .75f, 1.5f);
  }

  /** With n, where x is below 0, and d, a truth for each channel. */
  private static SmallModel asked(int opset, long... shape) {
    return images(opset)
        .floats("zero", new long[] {1}, 0)
        .floats("b", shape, 1, 0, 1)
        .node("Less", "x zero", "n", opset < 7 ? new Object[] {"broadcast", 1} : new Object[0])
        .node("Cast", "b", "d", "to", 9);
  }

  private static SmallModel gated(int opset, boolean old) {
    SmallModel m =
        images(opset)
            .longs("rows", new long[] {2}, 0, -1)
            .node("GlobalAveragePool", "x", "m")
            .node("Reshape", "m rows", "r")
            .node("Sigmoid", "r", "g");
    return old
        ? m.node("Mul", "x g", "y", "broadcast", 1, "axis", 0)
        : m.node("Unsqueeze", "g", "u", "axes", new long[] {2, 3}).node("Mul", "x u", "y");
  }

  private static SmallModel normed(int opset, Object... more) {
    List<Object> attributes = new ArrayList<>(List.of("epsilon", 1e-3f));
    attributes.addAll(List.of(more));
    return images(opset)
        .random("s", 3)
        .random("b", 3)
        .random("m", 3)
        .random("v", 3)
        .node("BatchNormalization", "x s b m v", "y", attributes.toArray());
  }

  private static List<Case> cases() {
    List<Case> all = new ArrayList<>();
    Stream.of("Add", "Div", "Mul", "Pow", "Sub").map(OlderOpsetsTest::broadcast).forEach(all::add);
    Stream.of("Greater", "Less").map(OlderOpsetsTest::compared).forEach(all::add);
    Stream.of("And", "Equal", "Or", "Xor").map(OlderOpsetsTest::logical).forEach(all::add);
    all.add(
        new Case(
            "Add along rows",
            images(6).random("b", 4).node("Add", "x b", "y", "broadcast", 1, "axis", 2),
            images(7)
                .random("b", 4)
                .node("Unsqueeze", "b", "u", "axes", new long[] {1})
                .node("Add", "x u", "y")));
    all.add(
        new Case(
            "Add along the last axis",
            images(6).random("b", 5).node("Add", "x b", "y", "broadcast", 1),
            images(7).random("b", 5).node("Add", "x b", "y")));
    all.add(new Case("Mul by gates that the image decides", gated(6, true), gated(7, false)));
    all.add(
        new Case(
            "PRelu of channels",
            images(6).random("s", 3).node("PRelu", "x s", "y"),
            images(7)
                .random("s", 3)
                .node("Unsqueeze", "s", "u", "axes", new long[] {1, 2})
                .node("PRelu", "x u", "y")));
    all.add(
        new Case(
            "PRelu of all",
            images(6).random("s", 1).node("PRelu", "x s", "y"),
            images(7).random("s", 1).node("PRelu", "x s", "y")));
    all.add(new Case("BatchNormalization", normed(6, "is_test", 1), normed(7)));
    all.add(
        new Case(
            "BatchNormalization in place",
            normed(5, "is_test", 1, "consumed_inputs", new long[] {0, 0, 0, 1, 1}),
            normed(7)));
    all.add(
        new Case(
            "Dropout",
            images(6).node("Dropout", "x", "d", "is_test", 1, "ratio", .5f).node("Exp", "d", "y"),
            images(7).node("Exp", "x", "y")));
    all.add(
        new Case(
            "Gemm",
            images(6)
                .node("Flatten", "x", "f")
                .random("w", 60, 7)
                .random("b", 7)
                .node("Gemm", "f w b", "y", "broadcast", 1),
            images(7)
                .node("Flatten", "x", "f")
                .random("w", 60, 7)
                .random("b", 7)
                .node("Gemm", "f w b", "y")));
    for (String op : new String[] {"LpPool", "GlobalLpPool"}) {
      Object[] window = {"p", 3, "kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 1}};
      Object[] own = op.equals("LpPool") ? window : Arrays.copyOf(window, 2);
      Object[] older = own.clone();
      older[1] = 3f;
      all.add(new Case(op, images(1).node(op, "x", "y", older), images(7).node(op, "x", "y", own)));
    }
    all.add(
        new Case(
            "Tile",
            images(5).scalar("times", 3).scalar("axis", 2).node("Tile", "x times axis", "y"),
            images(7).longs("repeats", new long[] {4}, 1, 1, 3, 1).node("Tile", "x repeats", "y")));
    all.add(
        new Case(
            "Relu in place",
            images(1).node("Relu", "x", "y", "consumed_inputs", new long[] {1}),
            images(7).node("Relu", "x", "y")));
    all.add(
        new Case(
            "Cast to a type by name",
            images(5)
                .node("Cast", "x", "i", "to", "INT32")
                .node("Cast", "i", "f", "to", "FLOAT")
                .node("Mul", "x f", "y"),
            images(7)
                .node("Cast", "x", "i", "to", 6)
                .node("Cast", "i", "f", "to", 1)
                .node("Mul", "x f", "y")));
    all.add(
        new Case(
            "Concat without an axis",
            images(3).node("Exp", "x", "e").node("Concat", "x e", "y"),
            images(7).node("Exp", "x", "e").node("Concat", "x e", "y", "axis", 1)));
    all.add(
        new Case(
            "Reshape by an attribute",
            images(4).node("Reshape", "x", "y", "shape", new long[] {0, -1}),
            images(7).node("Flatten", "x", "y")));
    long[] pads = {0, 0, 1, 0, 0, 0, 2, 1};
    all.add(
        new Case(
            "Pad by paddings",
            images(1).node("Pad", "x", "y", "paddings", pads, "value", .5f),
            images(7).node("Pad", "x", "y", "pads", pads, "value", .5f)));
    all.add(
        new Case(
            "Selu",
            images(5).node("Selu", "x", "y"),
            images(7).node("Selu", "x", "y", "alpha", 1.6732f, "gamma", 1.0507f)));
    all.add(
        new Case(
            "Upsample",
            images(6).node("Upsample", "x", "y", "height_scale", 2f, "width_scale", 3f),
            images(7).node("Upsample", "x", "y", "scales", new float[] {1, 1, 2, 3})));
    all.add(new Case("Scatter", scattered(10, "Scatter"), scattered(11, "ScatterElements")));
    return all;
  }

  private static SmallModel scattered(int opset, String op) {
    return images(opset)
        .longs("places", new long[] {1, 1, 1, 2}, 4, 0)
        .floats("u", new long[] {1, 1, 1, 2}, 7, 8)
        .node(op, "x places u", "y", "axis", 3);
  }

  @TestFactory
  Stream<DynamicTest> theyAreAsLaterOnes() {
    return cases().stream().map(c -> DynamicTest.dynamicTest(c.name, () -> compare(c)));
  }

  private void compare(Case c) throws Exception {
    Network old = Network.load(c.old.write(folder));
    Network renewed = Network.load(c.renewed.write(folder));
    boolean one = c.name.equals("Scatter"); // it writes into the first image alone
    for (int batch : one ? new int[] {BATCH} : new int[] {1, BATCH, 3}) {
      assertThat(run(old, batch)).as("batch %d", batch).isEqualTo(run(renewed, batch));
    }
  }

  private static float[] run(Network network, int batch) {
    try (Device device = TestDevice.open(2);
        Session s = network.session(device, batch, SessionOptions.FORWARD)) {
      device.write(s.input(), QuantizedTest.gaussian(s.input().count(), 1, 2));
      s.forward();
      return device.read(s.output());
    }
  }

  /** The file has another form then, the same in all but its number. */
  @Test
  void whatIsWrittenOfThemIsOfOpset7() throws Exception {
    OnnxModel model =
        OnnxModel.read(
            along(6, 3).node("Add", "p b", "y", "broadcast", 1, "axis", 1).write(folder));
    Path file = folder.resolve("written.onnx");
    Files.write(file, ModelWriter.bytes(model, Map.of(), false));
    assertThat(model.opset()).isEqualTo(6);
    assertThat(OnnxModel.read(file).opset()).isEqualTo(7);
    assertThat(run(Network.load(file), BATCH)).isEqualTo(run(Network.of(model), BATCH));
  }

  @ParameterizedTest
  @ValueSource(strings = {"BatchNormalization", "Dropout"})
  void trainingIsRefused(String op) throws Exception {
    SmallModel m =
        op.equals("Dropout")
            ? images(6).node("Dropout", "x", "y", "is_test", 0)
            : normed(6, "is_test", 0);
    Path file = m.write(folder);
    assertThatThrownBy(() -> Network.load(file))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("node 'y' (" + op + "): is_test 0, training, is not supported");
  }

  @Test
  void outputsWithoutANameAreNoStatistics() throws Exception {
    SmallModel m = images(9).random("s", 3).random("b", 3).random("m", 3).random("v", 3);
    Path file = m.node("BatchNormalization", "x s b m v", "y  ").write(folder);
    assertThat(Network.load(file).graph(2, SessionOptions.FORWARD).nodes()).isNotEmpty();
  }

  /** By opset 14 it is said by an attribute. */
  @Test
  void statisticsOfTheBatchAreRefused() throws Exception {
    for (int opset : new int[] {7, 13}) {
      SmallModel m = images(opset).random("s", 3).random("b", 3).random("m", 3).random("v", 3);
      Path file = m.node("BatchNormalization", "x s b m v", "y mean var").write(folder);
      assertThatThrownBy(() -> Network.load(file).graph(2, SessionOptions.FORWARD))
          .isInstanceOf(CandelaException.class)
          .hasMessageEndingWith(
              "(BatchNormalization): 3 outputs: at opset %d that is training mode, which is not"
                      .formatted(opset)
                  + " supported; export the model for inference");
    }
  }

  @Test
  void typesThatNothingHasAreRefused() throws Exception {
    Path file = images(5).node("Cast", "x", "y", "to", "COMPLEX64").write(folder);
    assertThatThrownBy(() -> Network.load(file))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("node 'y' (Cast): a cast to type 'COMPLEX64' is not supported");
  }
}
