package candela.train;

import static candela.onnx.Models.floats;
import static candela.onnx.Models.graph;
import static candela.onnx.Models.integer;
import static candela.onnx.Models.model;
import static candela.onnx.Models.node;
import static candela.onnx.Models.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.Network;
import candela.onnx.ModelWriter;
import candela.onnx.Models;
import candela.onnx.OnnxModel;
import candela.onnx.OnnxNode;
import candela.onnx.proto.AttributeProto;
import candela.onnx.proto.GraphProto;
import candela.probe.Logits;
import candela.probe.Pipeline;
import candela.probe.ScarceDevice;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnerTest {
  private static final long[] LABELS = {0, 1, 2, 3};

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

  /**
   * Pictures [n,3,2,2] in two classes by a product of odd numbers.
   *
   * @param last whether the model takes them as [n,2,2,3], and turns them itself
   */
  private OnnxModel linear(boolean last) {
    GraphProto.Builder whole = GraphProto.newBuilder();
    whole.addInput(last ? value("x", -1, 2, 2, 3) : value("x", -1, 3, 2, 2));
    if (last) {
      AttributeProto.Builder perm = AttributeProto.newBuilder().setName("perm");
      perm.setType(AttributeProto.AttributeType.INTS).addAllInts(List.of(0L, 3L, 1L, 2L));
      whole.addNode(node("Transpose", List.of("x"), "first").addAttribute(perm));
    }
    float[] weights = new float[24];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) Math.sin(i * i);
    }
    whole
        .addNode(node("Flatten", List.of(last ? "first" : "x"), "flat"))
        .addInitializer(floats("w", weights).clearDims().addDims(12).addDims(2))
        .addNode(node("MatMul", List.of("flat", "w"), "y"))
        .addOutput(value("y", -1, 2));
    String name = last ? "last.onnx" : "first.onnx";
    return OnnxModel.read(Models.write(folder.resolve(name), model(whole).build().toByteArray()));
  }

  /** Pictures go in with their channels first, and the same weights come of a step. */
  @Test
  void aModelWithChannelsLastIsTrainedAndAttackedAsOneWithChannelsFirst() {
    float[] images = new float[24];
    for (int i = 0; i < images.length; i++) {
      images[i] = (i * 7 % 24 + 1) / 26f;
    }
    long[] labels = {0, 1};
    List<float[]> found = new ArrayList<>();
    for (boolean last : new boolean[] {false, true}) {
      try (Device device = TestDevice.open(1);
          var learner =
              new Learner(linear(last), device, 2, new Optimiser.Sgd(0.5, 0, false, 0), 0)) {
        assertThat(learner.image()).isEqualTo(Shape.of(3, 2, 2));
        found.add(learner.attacked(images, labels, Pgd.parse("pgd:steps=3"), 1, 0));
        learner.step(images, labels, 0.5);
        found.add(learner.state().get("w"));
      }
    }
    assertThat(found.get(2)).isNotEqualTo(images).isEqualTo(found.get(0));
    assertThat(found.get(3)).isNotEqualTo(new float[24]).isEqualTo(found.get(1));
  }

  /**
   * Logits of (1/2, 0) are 500, −500 and −500: the label's probability is 1 to the last bit, and
   * the others share what is left alike. The loss climbs along (w1 + w2) / 2 − w0 = (−2000, 400).
   */
  @Test
  void aModelThatIsSureIsAttackedAsWell() {
    GraphProto.Builder whole =
        GraphProto.newBuilder()
            .addInput(value("x", -1, 1, 1, 2))
            .addNode(node("Flatten", List.of("x"), "flat"))
            .addInitializer(
                floats("w", 1000, -1000, -1000, 0, 500, 300).clearDims().addDims(2).addDims(3))
            .addNode(node("MatMul", List.of("flat", "w"), "y"))
            .addOutput(value("y", -1, 3));
    OnnxModel sure = OnnxModel.read(Models.write(folder, model(whole).build()));
    float[] image = {0.5f, 0};
    float length = (float) Math.hypot(2000, 400);
    try (Device device = TestDevice.open(1);
        var learner = new Learner(sure, device, 1, new Optimiser.Sgd(0, 0, false, 0), 0)) {
      Map.of(
              "fgsm:epsilon=0.125", new float[] {0.375f, 0.125f},
              "fgsm:ball=l2,epsilon=0.125", new float[] {0.5f - 250 / length, 50 / length})
          .forEach(
              (attack, wanted) ->
                  assertThat(learner.attacked(image, new long[1], Pgd.parse(attack), 1, 0))
                      .as(attack)
                      .containsExactly(wanted, within(1e-6f)));
    }
  }

  private static float[] pictures(int seed) {
    float[] x = new float[LABELS.length * 3 * 16 * 16];
    Random random = new Random(seed);
    for (int i = 0; i < x.length; i++) {
      x[i] = random.nextFloat();
    }
    return x;
  }

  /** With running statistics, which move forward. */
  private static Learner learner(Device device) {
    OnnxModel model = Architectures.of("cnn", Shape.of(3, 16, 16), LABELS.length, 1);
    return new Learner(
        model, device, LABELS.length, new Optimiser.Adam(0.01, 0.9, 0.999, 1e-8, 0, false), 0);
  }

  private static ScarceDevice plenty() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
    return new ScarceDevice(TestDevice.open(1), 1L << 40);
  }

  /** Steps, an attack, and what came of them. */
  private static Map<String, float[]> learnt(Learner learner) {
    learner.step(pictures(1), LABELS, 0.1);
    learner.stepOnNoise(pictures(2), LABELS, 0.1, 0.1, 1, 0);
    learner.stepOnAttack(pictures(3), LABELS, 0.1, Pgd.parse("pgd:ball=l2,steps=2"), 1, 0);
    Map<String, float[]> all = learner.state();
    double loss = learner.judge(pictures(4), LABELS, 4).loss();
    all.put("loss", new float[] {(float) loss});
    return all;
  }

  private static void assertSame(Map<String, float[]> found, Map<String, float[]> wanted) {
    assertThat(found.keySet()).isEqualTo(wanted.keySet());
    wanted.forEach((name, values) -> assertThat(found.get(name)).as(name).isEqualTo(values));
  }

  @Test
  void whatHasNoRoomIsOneSentenceAndHoldsNothing() {
    Map<String, float[]> wanted;
    try (ScarceDevice device = plenty();
        Learner learner = learner(device)) {
      wanted = learnt(learner);
    }
    boolean whole = false;
    for (int n = 1; !whole; n++) {
      try (ScarceDevice device = plenty()) {
        device.refuse(n);
        try (Learner learner = learner(device)) {
          assertSame(learnt(learner), wanted);
          whole = true;
        } catch (OutOfMemory e) {
          assertThat(e.getMessage()).contains("cnn: batch 4: cpu: no room for");
        }
        assertThat(device.held()).as("allocation %d", n).isZero();
      }
    }
  }

  /** A step has moved running statistics, and perhaps weights: begun again it is another one. */
  @Test
  void aStepThatFailedOnTheWayIsNotGoneOnFrom() {
    try (ScarceDevice device = plenty();
        Learner learner = learner(device)) {
      Map<String, float[]> first = learner.state();
      Map<String, float[]> wanted = learnt(learner);
      learner.restore(first, 0);
      device.lose(1);
      assertThatThrownBy(() -> learner.step(pictures(1), LABELS, 0.1))
          .isInstanceOf(OutOfMemory.class);
      String told =
          "cnn: a step or a restoration failed on the way and left parameters half changed; open it"
              + " anew, to go on from the last checkpoint";
      List<ThrowingCallable> all =
          List.of(
              () -> learner.step(pictures(1), LABELS, 0.1),
              () -> learner.judge(pictures(1), LABELS, 4),
              learner::model,
              learner::state);
      all.forEach(a -> assertThatThrownBy(a).hasMessage(told));
      assertThat(learner.steps()).isZero();
      learner.restore(first, 0);
      assertSame(learnt(learner), wanted);
    }
  }

  @Test
  void sessionsThatNobodyRunsGoWhereALearnerNeedsTheirRoom() {
    long needed;
    try (ScarceDevice device = plenty()) {
      long before = device.left();
      try (Learner learner = learner(device)) {
        learnt(learner);
        needed = before - device.left();
      }
      OnnxModel model = Architectures.of("cnn", Shape.of(3, 16, 16), LABELS.length, 1);
      try (var pipeline = new Pipeline(Network.of(model), device, 8)) {
        pipeline.run(List.of(new Logits(device, Arrays.copyOf(pictures(1), 3 * 16 * 16))));
        device.leave(needed);
        try (Learner learner = learner(device)) {
          learnt(learner);
        }
        device.leave(needed / 2);
        assertThatThrownBy(() -> learner(device)).isInstanceOf(OutOfMemory.class);
      }
    }
  }
}
