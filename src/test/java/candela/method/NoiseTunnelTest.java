package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tunnel around other methods. */
class NoiseTunnelTest {
  @TempDir Path folder;

  /** Two copies without noise have the mean that each of them has. */
  @Test
  void noiseTunnelGoesAroundEveryMethod() {
    Path file = Toy.attending(folder);
    Subject subject = SmallMethods.subject(new Random(3), 1);
    List<Method> methods = SmallMethods.all();
    List<Attribution> alone = Maps.of(file, 1, 8, methods, List.of(subject));
    List<Method> tunnels = new ArrayList<>();
    methods.forEach(m -> tunnels.add(new NoiseTunnel(m, 2, 0, 0, SmoothGrad.Type.SMOOTHGRAD, 0)));
    for (int batch : new int[] {1, 3, 8}) {
      List<Attribution> around = Maps.of(file, 1, batch, tunnels, List.of(subject));
      for (int i = 0; i < methods.size(); i++) {
        String what = methods.get(i) + ", batch " + batch;
        assertThat(Maps.distance(around.get(i).values(), alone.get(i).values()))
            .as(what)
            .isLessThanOrEqualTo(TestDevice.isCpu() ? 0 : Maps.BATCHES);
        assertThat(around.get(i).shape()).as(what).isEqualTo(alone.get(i).shape());
      }
    }
  }

  /**
   * Else the mean over both noises of smoothgrad within a tunnel, at the default seed of both,
   * would have twice the variance: 1,024 pixels correlate by 1/32, give or take, if they have
   * nothing in common.
   */
  @Test
  void theNoiseIsNotThatOfAMethodWithin() {
    int n = 32;
    Subject zeros = new Subject(Shape.of(1, n, n), new float[n * n], 0);
    Method method = Methods.parse("noise-tunnel:method=input-itself,samples=1,stdev=1");
    float[] outside = Maps.of(Toy.pixels(folder, n), 4, method, zeros).values();
    float[] within;
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      within = Draws.normal(workspace, 0, 0, new float[n * n], 1);
    }
    double both = 0;
    double size = 0;
    for (int i = 0; i < within.length; i++) {
      both += (double) outside[i] * within[i];
      size += (double) outside[i] * outside[i];
    }
    assertThat(size / within.length).isBetween(.75, 1.25);
    assertThat(both / within.length).isBetween(-.16, .16);
  }
}
