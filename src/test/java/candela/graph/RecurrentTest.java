package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Recurrent layers over the rows of images, by hand, and against ONNX Runtime. */
class RecurrentTest {
  private static final int STEPS = 5;
  private static final int LENGTH = 4;
  private static final int UNITS = 3;
  private static final int BATCH = 2;
  private static final Map<String, Integer> GATES = Map.of("RNN", 1, "GRU", 3, "LSTM", 4);

  @TempDir Path folder;

  /**
   * A layer whose results are all in the scores: the mean of all steps, and the last states.
   *
   * @param batch of the file; -1 is an open one
   * @param inputs X, and of B, initial_h, initial_c and P those that it has
   */
  private static SmallModel layer(int batch, String op, String inputs, Object... attributes) {
    int directions = 1;
    for (Object a : attributes) {
      directions = a.equals("bidirectional") ? 2 : directions;
    }
    int gates = GATES.get(op) * UNITS;
    SmallModel m =
        new SmallModel(14, batch, STEPS, LENGTH)
            .node("Transpose", "x", "X", "perm", new long[] {1, 0, 2})
            .random("W", directions, gates, LENGTH)
            .random("R", directions, gates, UNITS)
            .random("B", directions, 2 * gates)
            .random("h", directions, Math.max(batch, 1), UNITS)
            .random("c", directions, Math.max(batch, 1), UNITS)
            .random("P", directions, 3 * UNITS)
            .longs("rows", new long[] {1}, 0);
    boolean memory = op.equals("LSTM");
    m.node(op, inputs, memory ? "Y H C" : "Y H", attributes(attributes));
    m.node("ReduceMean", "Y", "mean", "axes", new long[] {0}, "keepdims", 0);
    m.node("Sub", "mean H", memory ? "both" : "all");
    if (memory) {
      m.node("Mul", "both C", "all");
    }
    return m.node("Transpose", "all", "turned", "perm", new long[] {1, 0, 2})
        .node("Flatten", "turned", "y");
  }

  private static Object[] attributes(Object... some) {
    Object[] all = new Object[some.length + 2];
    System.arraycopy(some, 0, all, 0, some.length);
    all[some.length] = "hidden_size";
    all[some.length + 1] = UNITS;
    return all;
  }

  /** By the operator's name, with what sets them apart after a comma. */
  static Map<String, SmallModel> all() {
    Map<String, SmallModel> all = new LinkedHashMap<>();
    for (String op : GATES.keySet()) {
      all.put(op, layer(BATCH, op, "X W R B"));
      all.put(op + ", of any number", layer(-1, op, "X W R B"));
      all.put(op + ", no bias", layer(BATCH, op, "X W R"));
      all.put(op + ", begun", layer(BATCH, op, "X W R B  h"));
      all.put(op + ", backwards", layer(BATCH, op, "X W R B", "direction", "reverse"));
      all.put(op + ", both ways", layer(BATCH, op, "X W R B  h", "direction", "bidirectional"));
    }
    String[] simple = {"Relu"};
    String[] gates = {"HardSigmoid", "Softsign"};
    String[] cells = {"Sigmoid", "Tanh", "Relu", "HardSigmoid", "Softplus", "Tanh"};
    all.put("RNN, other activation", layer(BATCH, "RNN", "X W R B", "activations", simple));
    all.put("GRU, other activations", layer(BATCH, "GRU", "X W R B", "activations", gates));
    all.put(
        "LSTM, other activations of each way",
        layer(BATCH, "LSTM", "X W R B", "direction", "bidirectional", "activations", cells));
    all.put("GRU, reset late", layer(BATCH, "GRU", "X W R B  h", "linear_before_reset", 1));
    all.put("GRU, reset late, no bias", layer(BATCH, "GRU", "X W R", "linear_before_reset", 1));
    all.put("LSTM, begun with memory", layer(BATCH, "LSTM", "X W R B  h c"));
    all.put("LSTM, peepholes", layer(BATCH, "LSTM", "X W R B  h c P"));
    return all;
  }

  @TestFactory
  Stream<DynamicTest> outputsAreOnnxRuntimes() {
    return all().entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () -> {
                      Path file = e.getValue().write(folder);
                      float[] x = QuantizedTest.gaussian(BATCH * STEPS * LENGTH, 1, 2);
                      float[] y = Ort.run(file, x, BATCH, STEPS, LENGTH);
                      Compare.assertClose("y", run(file, BATCH, x)[0], y, 2e-6);
                    }));
  }

  /** Outputs, and the gradient of the first score. */
  private static float[][] run(Path file, int batch, float[] x) {
    Network network = Network.load(file);
    try (Device device = TestDevice.open(1);
        Session s = network.session(device, batch, SessionOptions.GRADIENT)) {
      device.write(s.input(), x);
      s.forward();
      s.score(ScoreKind.LOGIT, new long[batch]);
      s.backward(Rules.GRADIENT);
      return new float[][] {device.read(s.output()).clone(), device.read(s.gradient()).clone()};
    }
  }

  /** h = max(x + h / 2 + 1, 0), at 1, -2, 4: 2, 0, 5; back from 5: 1, 1/2 cut off, 1/4. */
  @Test
  void aSimpleLayerByHand() throws Exception {
    SmallModel m =
        new SmallModel(14, 1, 3, 1)
            .node("Transpose", "x", "X", "perm", new long[] {1, 0, 2})
            .floats("W", new long[] {1, 1, 1}, 1)
            .floats("R", new long[] {1, 1, 1}, .5f)
            .floats("B", new long[] {1, 2}, .75f, .25f)
            .longs("to", new long[] {2}, 1, 1);
    m.node("RNN", "X W R B", "Y H", "activations", new String[] {"Relu"}, "hidden_size", 1);
    Path file = m.node("Reshape", "H to", "y").write(folder);
    float[][] came = run(file, 1, new float[] {1, -2.5f, 4});
    assertThat(came[0]).containsExactly(5);
    assertThat(came[1]).containsExactly(0, 0, 1);
    came = run(file, 1, new float[] {1, -1, 4});
    assertThat(came[0]).containsExactly(5.5f);
    assertThat(came[1]).containsExactly(.25f, .5f, 1);
  }

  /** Of any batch, rows are what they are alone; also where the file holds a batch of one. */
  @ParameterizedTest
  @ValueSource(strings = {"RNN", "GRU", "LSTM"})
  void rowsDoNotDependOnTheBatch(String op) throws Exception {
    for (int own : new int[] {1, -1}) {
      SmallModel m = layer(own, op, own == 1 ? "X W R B  h" : "X W R B");
      Path file = m.write(folder);
      int size = STEPS * LENGTH;
      float[] x = QuantizedTest.gaussian(3 * size, 1, 2);
      float[][] all = run(file, 3, x);
      for (int i = 0; i < 3; i++) {
        float[][] alone = run(file, 1, Arrays.copyOfRange(x, i * size, (i + 1) * size));
        for (int k = 0; k < 2; k++) {
          int n = alone[k].length;
          float[] row = Arrays.copyOfRange(all[k], i * n, (i + 1) * n);
          Compare.assertSame(op + ", row " + i, row, alone[k]);
        }
      }
    }
  }

  /** Images before steps, which ONNX Runtime has not, are the same layer. */
  @ParameterizedTest
  @ValueSource(strings = {"RNN", "GRU", "LSTM"})
  void imagesMayComeFirst(String op) throws Exception {
    float[] x = QuantizedTest.gaussian(BATCH * STEPS * LENGTH, 1, 2);
    String[] ways = {"direction", "bidirectional"};
    Path file = layer(BATCH, op, "X W R B  h", (Object[]) ways).write(folder);
    float[] expected = run(file, BATCH, x)[0];
    int gates = GATES.get(op) * UNITS;
    SmallModel m =
        new SmallModel(14, BATCH, STEPS, LENGTH)
            .random("W", 2, gates, LENGTH)
            .random("R", 2, gates, UNITS)
            .random("B", 2, 2 * gates)
            .random("h", 2, BATCH, UNITS)
            .node("Transpose", "h", "first", "perm", new long[] {1, 0, 2});
    boolean memory = op.equals("LSTM");
    Object[] attributes = attributes("direction", "bidirectional", "layout", 1);
    m.node(op, "x W R B  first", memory ? "Y H C" : "Y H", attributes);
    m.node("ReduceMean", "Y", "mean", "axes", new long[] {1}, "keepdims", 0);
    m.node("Sub", "mean H", memory ? "both" : "all");
    if (memory) {
      m.node("Mul", "both C", "all");
    }
    float[] y = run(m.node("Flatten", "all", "y").write(folder), BATCH, x)[0];
    Compare.assertClose(op, y, expected, 1e-6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"lengths", "clip", "coupled", "parameters", "unknown", "too few", "way", "units"})
  void whatStepsOfImagesDoNotNeedIsRefused(String what) throws Exception {
    SmallModel m =
        switch (what) {
          case "lengths" ->
              layer(BATCH, "LSTM", "X W R B n").integers("n", 6, new long[] {BATCH}, 5, 3);
          case "clip" -> layer(BATCH, "LSTM", "X W R B", "clip", 1f);
          case "coupled" -> layer(BATCH, "LSTM", "X W R B", "input_forget", 1);
          case "parameters" ->
              layer(BATCH, "RNN", "X W R B", "activation_alpha", new float[] {.3f});
          case "unknown" -> layer(BATCH, "RNN", "X W R B", "activations", new String[] {"Affine"});
          case "way" -> layer(BATCH, "RNN", "X W R B", "direction", "backwards");
          case "units" ->
              new SmallModel(14, BATCH, 5, 4)
                  .random("w", 1, 3, 4)
                  .random("r", 1, 3, 3)
                  .node("RNN", "x w r", "y");
          default -> layer(BATCH, "GRU", "X W R B", "activations", new String[] {"Tanh"});
        };
    Path file = m.write(folder);
    assertThatThrownBy(() -> Network.load(file).inputShape())
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(": the operator is supported from opset 9");
  }
}
