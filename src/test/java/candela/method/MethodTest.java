package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every listed method has a case worked by hand, and gives what it says. */
class MethodTest {
  /** Float rounding of a handful of operations. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);

  @TempDir Path folder;

  static List<MethodCase> cases() {
    return Stream.of(GradientCases.all(), ScoreCases.all()).flatMap(List::stream).toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(MethodCase c) {
    Path file = c.net().in(folder);
    Subject subject = new Subject(c.net().shape(), c.x(), 0);
    Attribution a = Maps.of(file, 4, c.method(), subject);
    assertThat(a.values()).containsExactly(c.expected(), ROUNDING);
  }

  /** What runs write of them is the same in each: Map.of has another order in each. */
  @ParameterizedTest
  @MethodSource("cases")
  void notesComeInAFixedOrder(MethodCase c) {
    Path file = c.net().in(folder);
    var notes = Maps.of(file, 4, c.method(), new Subject(c.net().shape(), c.x(), 0)).notes();
    assertThat(notes.size() < 2 || notes instanceof SequencedMap)
        .as("%s of %s", notes, notes.getClass())
        .isTrue();
  }

  /** Larger, smaller, and of as many values: kernels would believe each. */
  @Test
  void anImageOfAnotherShapeThanTheNetworksIsRefused() {
    Network network = Network.load(Toy.attending(folder));
    var levels = new Levels(List.of(-1f, -1f, -1f), List.of(2f, 2f, 2f));
    int refused = 0;
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(network, device, 8);
        var workspace = new Workspace(device)) {
      for (Shape s : List.of(Shape.of(3, 18, 14), Shape.of(3, 8, 7), Shape.of(3, 7, 9))) {
        var subject = new Subject(s, Toy.draw(new Random(3), s.count()), 1, levels);
        for (Method m : SmallMethods.all()) {
          Probe<Attribution> probe = m.probe(subject, workspace);
          if (probe.size() == 0) {
            continue;
          }
          refused++;
          assertThatThrownBy(() -> pipeline.run(List.of(probe)))
              .as(m + " of " + s)
              .isInstanceOf(CandelaException.class)
              .hasMessage(
                  "attending.onnx: images of shape [3,9,7] expected, got one of %s; prepare it for"
                      + " this network",
                  s);
        }
      }
    }
    assertThat(refused).isGreaterThan(100);
  }

  @Test
  void everyMethodHasACaseWorkedByHand() {
    assertThat(cases().stream().map(c -> Methods.name(c.method())).distinct())
        .containsExactlyInAnyOrderElementsOf(Methods.names());
  }
}
