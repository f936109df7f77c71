package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;

import candela.Shared;
import candela.device.Device;
import candela.device.Devices;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxTensor;
import candela.reference.NaiveRun;
import candela.tensor.Shape;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
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

  /** Cases left out, by a part of their names, with the reason. */
  static final Map<String, String> SKIPPED =
      Map.ofEntries(
          Map.entry("training_mode", "training"),
          Map.entry("training_dropout", "training"),
          Map.entry("maxpool_with_argmax", "indices of the maximum as an output"),
          Map.entry("test_not_2d", "opset 1"),
          Map.entry("test_not_4d", "opset 1"),
          Map.entry("pool_3d", "3-d images"),
          Map.entry("convtranspose_3d", "3-d images"));

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
    return cases.stream()
        .filter(p -> SKIPPED.keySet().stream().noneMatch(p.getFileName().toString()::contains))
        .map(p -> DynamicTest.dynamicTest(p.getFileName().toString(), () -> check(p)));
  }

  static void check(Path folder) throws Exception {
    OnnxModel model = OnnxModel.read(folder.resolve("model.onnx"));
    Map<String, OnnxTensor> known = new HashMap<>();
    Map<String, Shape> shapes = new HashMap<>();
    Map<String, float[]> inputs = new HashMap<>();
    for (int i = 0; i < model.inputs().size(); i++) {
      OnnxTensor t = OnnxTensor.read(folder.resolve("test_data_set_0/input_" + i + ".pb"));
      String name = model.inputs().get(i).name();
      if (i == 0 && !t.isInteger() && !folder.getFileName().toString().startsWith("test_range")) {
        shapes.put(name, t.shape());
        inputs.put(name, t.floats());
      } else {
        known.put(name, t);
      }
    }
    Graph graph = Import.graph(model, 1, known, shapes);
    // That case's expected value is given to four digits.
    boolean rounded = folder.getFileName().toString().contains("ceil_last_window");
    double tolerance = rounded ? 1e-3 : TOLERANCE;
    try (Device cpu = Devices.open("cpu", 1);
        NaiveRun run = new NaiveRun(cpu)) {
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
