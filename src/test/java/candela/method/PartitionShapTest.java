package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartitionShapTest {
  @TempDir Path folder;

  private final Subject subject = SmallMethods.subject(new Random(5), 1);

  /** Both ends, then two rows a halving; the last with all pixels by themselves. */
  @Test
  void asManyRowsAreAskedAsWereTold() {
    Network network = Network.load(Toy.random(folder));
    int[][] expected = {{2, 2}, {3, 4}, {7, 8}, {8, 8}, {100_000, 2 + rows(9, 7, 1)}};
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(network, device, 16);
        var workspace = new Workspace(device)) {
      for (int[] e : expected) {
        Method method = Methods.parse("partition-shap:batchSize=64,maxEvals=" + e[0]);
        Probe<Attribution> probe = method.probe(subject, workspace);
        long[] rows = new long[1];
        pipeline.run(
            List.of(probe),
            (done, all) -> {
              rows[0] = done;
              return true;
            });
        assertThat(probe.size()).as("maxEvals %d", e[0]).isEqualTo(e[1]);
        assertThat(rows[0]).as("maxEvals %d", e[0]).isEqualTo(e[1]);
        assertThat(probe.result().notes().get("convergenceDelta")).isBetween(-1e-5, 1e-5);
      }
    }
  }

  private static int rows(int h, int w, int contexts) {
    if (h * w == 1) {
      return 0;
    }
    int half = h >= w ? h / 2 : w / 2;
    return 2 * contexts
        + (h >= w ? rows(half, w, 2 * contexts) : rows(h, half, 2 * contexts))
        + (h >= w ? rows(h - half, w, 2 * contexts) : rows(h, w - half, 2 * contexts));
  }

  /** A row more or less for a choice is another search, but finds the same once nothing is left. */
  @Test
  void allPixelsByThemselvesAreFoundInAnyOrder() {
    Path file = Toy.random(folder);
    Method one = Methods.parse("partition-shap:batchSize=1,maxEvals=100000");
    Method many = Methods.parse("partition-shap:batchSize=200,maxEvals=100000");
    float[] a = Maps.of(file, 32, one, subject).values();
    float[] b = Maps.of(file, 32, many, subject).values();
    // a card's scores may round otherwise among other numbers of rows
    assertThat(Maps.distance(a, b)).isLessThan(TestDevice.isCpu() ? 1e-6 : Maps.BATCHES);
    float[] few = Maps.of(file, 32, Methods.parse("partition-shap:maxEvals=20"), subject).values();
    assertThat(Maps.distance(few, a)).isGreaterThan(.1);
  }
}
