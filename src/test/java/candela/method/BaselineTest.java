package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class BaselineTest {
  private static final int COUNT = 4;

  private static final Subject SUBJECT =
      new Subject(Shape.of(1, 3, 3), new float[9], 0, new Levels(List.of(-1f), List.of(2f)));

  private static List<float[]> all(long seed) {
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      return Baseline.RANDOM.all(GivenArray.NONE, COUNT, seed, SUBJECT, workspace);
    }
  }

  /** A sweep over seeds 0, 1, 2 would tell of less spread than there is. */
  @Test
  void seedsThatFollowEachOtherShareNoBaseline() {
    List<float[]> some = all(7);
    some.forEach(b -> assertThat(all(8)).doesNotContain(b));
    assertThat(some).hasSize(COUNT).doesNotHaveDuplicates();
  }

  @Test
  void theFirstIsTheOneOfASingleBaseline() {
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      float[] one = device.read(Baseline.RANDOM.of(SUBJECT, 7, workspace));
      assertThat(all(7).getFirst()).isEqualTo(one);
    }
  }
}
