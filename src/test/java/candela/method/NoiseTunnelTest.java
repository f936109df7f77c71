package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
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
}
