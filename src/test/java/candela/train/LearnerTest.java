package candela.train;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.graph;
import static candela.onnx.Models.integer;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.onnx.ModelWriter;
import candela.onnx.Models;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.proto.GraphProto;
import candela.probe.Logits;
import candela.probe.Pipeline;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnerTest {
  @TempDir Path folder;

  /** Two pixels, and a loop that adds 5 and 7 twice. */
  private Path looping() {
    GraphProto.Builder body = GraphProto.newBuilder();
    List.of("k", "on", "h").forEach(v -> body.addInput(value(v)));
    body.addInitializer(floats("bias", 5, 7)).addNode(node("Add", List.of("h", "bias"), "next"));
    body.addNode(node("Identity", List.of("on"), "go"));
    List.of("go", "next").forEach(v -> body.addOutput(value(v)));
    GraphProto.Builder whole =
        GraphProto.newBuilder()
            .addInput(value("x", -1, 1, 1, 2))
            .addOutput(value("y", -1, 2))
            .addInitializer(integer("twice", 2))
            .addNode(node("Flatten", List.of("x"), "flat"))
            .addNode(
                node("Loop", List.of("twice", "", "flat"), "y")
                    .setName("again")
                    .addAttribute(graph("body", body)));
    return Models.write(folder, model(whole).build());
  }

  /** What is trained, and written, is what constants decide of a model. */
  @Test
  void aModelWithALoopIsTrainedAndWrittenWithoutIt() {
    OnnxModel given = OnnxModel.read(looping());
    try (Device device = TestDevice.open(1);
        var learner = new Learner(given, device, 2, new Optimiser.Sgd(0, 0, false, 0), 0)) {
      Path file =
          Models.write(
              folder.resolve("written.onnx"), ModelWriter.bytes(learner.model(), Map.of(), false));
      OnnxModel written = OnnxModel.read(file);
      assertThat(written.nodes()).extracting(OnnxNode::op).doesNotContain("Loop");
      try (var pipeline = new Pipeline(Network.of(written), device, 1)) {
        var logits = new Logits(device, new float[] {1, 2});
        pipeline.run(List.of(logits));
        assertThat(logits.result().logits()).containsExactly(11, 16);
      }
    }
  }
}
