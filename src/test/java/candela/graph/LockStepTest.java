package candela.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.device.Devices;
import candela.device.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LockStepTest {
  @TempDir Path folder;

  private final List<String> faults = new ArrayList<>();
  private int last;

  /** Branches that add up, a pooling, an activation inside a convolution and one by itself. */
  private Network network() throws Exception {
    SmallModel m =
        new SmallModel(13, 2, 3, 9, 7)
            .random("w", 4, 3, 3, 3)
            .random("b", 4)
            .random("v", 4, 4, 1, 1)
            .random("u", 4, 5);
    m.node("Conv", "x w b", "c", "pads", new long[] {1, 1, 1, 1}).node("Relu", "c", "r");
    m.node("Conv", "r v", "d").node("Sigmoid", "d", "s").node("Mul", "s r", "m");
    m.node("MaxPool", "m", "p", "kernel_shape", new long[] {2, 2}, "strides", new long[] {2, 2});
    m.node("GlobalAveragePool", "p", "g").node("Flatten", "g", "f");
    m.node("MatMul", "f u", "z").node("Softmax", "z", "y");
    return Network.load(m.write(folder));
  }

  private LockStep.Outcome run(int batch, BiConsumer<NodeStep, Boolean> after) throws Exception {
    LockStep.Watch watch =
        new LockStep.Watch() {
          @Override
          public void at(int done, int all) {
            assertThat(done).isEqualTo(last + 1).isLessThanOrEqualTo(all);
            last = done;
          }

          @Override
          public void fault(String sentence) {
            faults.add(sentence);
          }
        };
    try (Device one = Devices.open("cpu", 1);
        Device all = Devices.open("cpu", 0)) {
      return LockStep.run(network(), batch, one, all, watch, after);
    }
  }

  private static boolean is(NodeStep s, String type) {
    return s.node().op().type().equals(type);
  }

  @Test
  void everyNodeGivesTheSameBitsAtEveryThreadCount() throws Exception {
    LockStep.Outcome o = run(3, (s, back) -> {});
    assertThat(faults).isEmpty();
    assertThat(o.faults()).isZero();
    assertThat(o.largest()).isNull();
    assertThat(o.forward()).isGreaterThan(o.backward());
    assertThat(o.backward()).isGreaterThanOrEqualTo(6);
  }

  @Test
  void aWrongResultIsReportedOnceWithItsNodeShapePlaceAndBothValues() throws Exception {
    LockStep.Outcome o =
        run(
            2,
            (s, back) -> {
              if (!back && is(s, "SIGMOID")) {
                s.device().write(s.y().rows(1, 2), new float[s.y().count() / 2]);
              }
            });
    assertThat(o.faults()).isEqualTo(1);
    assertThat(faults).hasSize(1);
    assertThat(faults.get(0))
        .matches(
            "node 's' \\(SIGMOID\\): y \\[2,9,7,4\\] of \\[.*\\] at \\[1,\\d,\\d,\\d\\]: 0\\.\\d+"
                + " on cpu, 0\\.0 on cpu.*; relative difference 0\\.\\d+, none allowed; largest"
                + " [01]\\.\\d+");
    assertThat(o.largest().where()).startsWith("node 's'");
  }

  @Test
  void aWrongGradientIsReportedWithItsInput() throws Exception {
    LockStep.Outcome o =
        run(
            2,
            (s, back) -> {
              if (back && is(s, "MUL")) {
                float[] dx = s.device().read(s.dx(1));
                dx[5] = Float.NaN;
                s.device().write(s.dx(1), dx);
              }
            });
    assertThat(o.faults()).isEqualTo(1);
    assertThat(faults.get(0))
        .startsWith("node 'm' (MUL): gradient of x(1) [2,9,7,4]")
        .contains(" at [0,0,1,1]: ", "NaN on cpu");
  }

  @Test
  void bitsOfBackwardAreCompared() throws Exception {
    LockStep.Outcome o =
        run(
            2,
            (s, back) -> {
              if (!back && is(s, "MaxPool")) {
                s.kept.fill((byte) 3);
              }
            });
    assertThat(o.faults()).isEqualTo(1);
    assertThat(faults.get(0)).contains("node 'p' (MaxPool): ", " bits kept for backward differ");
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aCardAgreesAtEveryPrecision(Precision precision) throws Exception {
    assumeFalse(TestDevice.isCpu(), "skipped: needs a card");
    Path resnet = Shared.path("models/cifar10/resnet20_bn.onnx");
    LockStep.Watch watch =
        new LockStep.Watch() {
          @Override
          public void at(int done, int all) {}

          @Override
          public void fault(String sentence) {
            faults.add(sentence);
          }
        };
    try (Device cpu = Devices.open("cpu", 0);
        Device card = Devices.open(TestDevice.name(), 1, precision)) {
      for (Network n : List.of(network(), Network.load(resnet))) {
        LockStep.run(n, 3, cpu, card, watch);
      }
    }
    assertThat(faults).isEmpty();
  }
}
