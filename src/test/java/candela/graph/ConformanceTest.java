package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.reference.NaiveRun;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** ONNX's own cases, one operator each: the graph as imported, every value computed. */
class ConformanceTest {
  private static final double TOLERANCE = 1e-5;

  @TempDir Path folder;

  /**
   * Cases left out, by a part of their names, with the error that says why: 3-d images, training
   * and the indices of maxima are none of a classifier's.
   */
  static final Map<String, String> LEFT_OUT =
      Map.ofEntries(
          Map.entry("pool_3d", "supported are 1-d and 2-d images"),
          Map.entry("convtranspose_3d", "supported are 1-d and 2-d images"),
          Map.entry("training_mode", "training_mode 1 is not supported"),
          Map.entry("test_training_dropout", "training mode is not supported"),
          Map.entry("maxpool_with_argmax", "indices of the maximum are not supported"));

  @TestFactory
  Stream<DynamicTest> onnxCases() throws IOException {
    Path zip = Shared.path("conformance/onnx-node.zip");
    try (var files = FileSystems.newFileSystem(zip)) {
      try (Stream<Path> all = Files.walk(files.getPath("/"))) {
        for (Path p : all.filter(Files::isRegularFile).toList()) {
          Path to = folder.resolve(p.toString().substring(1));
          Files.createDirectories(to.getParent());
          Files.copy(p, to);
        }
      }
    }
    List<Path> cases;
    try (Stream<Path> all = Files.list(folder)) {
      cases = all.sorted().toList();
    }
    return cases.stream().map(p -> DynamicTest.dynamicTest(name(p), () -> checkOrRefuse(p)));
  }

  private static String name(Path folder) {
    return folder.getFileName().toString();
  }

  private static void checkOrRefuse(Path folder) throws Exception {
    var reason = LEFT_OUT.keySet().stream().filter(name(folder)::contains).findFirst();
    if (reason.isEmpty()) {
      check(folder);
    } else {
      assertThatThrownBy(() -> check(folder))
          .isInstanceOf(CandelaException.class)
          .hasMessageContaining(LEFT_OUT.get(reason.get()));
    }
  }

  /** The model with some of its inputs as constants. */
  private static OnnxModel given(OnnxModel model, Map<String, OnnxTensor> known) {
    Map<String, OnnxTensor> constants = new LinkedHashMap<>(model.initialisers());
    constants.putAll(known);
    return new OnnxModel(
        model.name(),
        model.producer(),
        model.opset(),
        model.otherDomains(),
        model.inputs().stream().filter(v -> !known.containsKey(v.name())).toList(),
        model.outputs(),
        model.nodes(),
        constants,
        model.files(),
        model.metadata());
  }

  static void check(Path folder) throws Exception {
    OnnxModel model = OnnxModel.read(folder.resolve("model.onnx"));
    Map<String, OnnxTensor> known = new HashMap<>();
    Map<String, Shape> shapes = new HashMap<>();
    Map<String, float[]> inputs = new HashMap<>();
    for (int i = 0; i < model.inputs().size(); i++) {
      OnnxTensor t = OnnxTensor.read(folder.resolve("test_data_set_0/input_" + i + ".pb"));
      String name = model.inputs().get(i).name();
      if (i == 0 && !t.isInteger() && !name(folder).startsWith("test_range")) {
        shapes.put(name, t.shape());
        inputs.put(name, t.floats());
      } else {
        known.put(name, t);
      }
    }
    Graph graph = Import.graph(ControlFlow.decided(given(model, known)), 1, shapes);
    // That case's expected value is given to four digits.
    boolean rounded = name(folder).contains("ceil_last_window");
    double tolerance = rounded ? 1e-3 : TOLERANCE;
    try (Device device = TestDevice.open(1);
        NaiveRun run = new NaiveRun(device)) {
      run.forward(graph, inputs);
      for (int i = 0; i < graph.outputs().size(); i++) {
        OnnxTensor t = OnnxTensor.read(folder.resolve("test_data_set_0/output_" + i + ".pb"));
        assertThat(graph.outputs().get(i).shape()).isEqualTo(t.shape());
        float[] expected = t.floats();
        float[] came = run.read(graph.outputs().get(i));
        double largest = 1e-30;
        for (float e : expected) {
          largest = Math.max(largest, Float.isFinite(e) ? Math.abs(e) : 0);
        }
        for (int k = 0; k < expected.length; k++) {
          boolean close =
              Float.compare(came[k], expected[k]) == 0
                  || Math.abs((double) came[k] - expected[k]) <= tolerance * largest;
          assertThat(close)
              .as("output %d, element %d: %s, expected %s", i, k, came[k], expected[k])
              .isTrue();
        }
      }
    }
  }
}
