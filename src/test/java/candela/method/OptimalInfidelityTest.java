package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptimalInfidelityTest {
  /** 4,000 draws of six coalitions: a deviation of each share is 0.006 of it. */
  private static final Offset<Float> DRAWN = Offset.offset(.4f);

  private static final int SAMPLES = 300;

  @TempDir Path folder;

  /**
   * ML at 2, 10, 3 falls by 8, 35, 12 without one value, by 41, 20, 44 without the first two, the
   * outer two, the last two. All six are equally probable: 6 E[u uᵀ] is 3 on the diagonal, else 1,
   * and 6 E[u fall] = 8 + 41 + 20, 35 + 41 + 44, 12 + 20 + 44. The inverse is ½ (1 − J / 5).
   */
  @Test
  void coalitionsOfThreeValuesGiveTheClosedForm() {
    Subject subject = new Subject(Shape.of(3), new float[] {2, 10, 3}, 0);
    var method = Methods.parse("optimal-infidelity:features=values,perturbation=shap,samples=4000");
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.ml(folder)), device, 32);
        var workspace = new Workspace(device)) {
      Probe<Attribution> probe = method.probe(subject, workspace);
      pipeline.run(List.of(probe));
      assertThat(probe.result().values()).containsExactly(new float[] {8, 33.5f, 11.5f}, DRAWN);
    }
  }

  /** Not even the best multiple of another map does as well on the same perturbations. */
  @ParameterizedTest
  @ValueSource(strings = {"shap", "square", "noisy_baseline"})
  void noOtherMapHasASmallerInfidelity(String perturbation) {
    Random r = new Random(9);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 1);
    Method method =
        Methods.parse(
            "optimal-infidelity:grid=3,samples=%d,perturbation=%s"
                .formatted(SAMPLES, perturbation));
    List<String> others =
        List.of("input-x-gradient", "integrated-gradients", "feature-ablation:grid=3");
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.random(folder)), device, 32);
        var workspace = new Workspace(device)) {
      var samples = (InfidelitySamples) method.probe(subject, workspace);
      pipeline.run(List.of(samples));
      double least = samples.result().notes().get("infidelity");
      assertThat(least).isPositive();
      for (String other : others) {
        Probe<Attribution> probe = Methods.parse(other).probe(subject, workspace);
        pipeline.run(List.of(probe));
        assertThat(least).as(other).isLessThan(best(samples, cells(probe.result())));
      }
      double[] random = r.doubles(9, -1, 1).toArray();
      assertThat(least).as("random").isLessThan(best(samples, random));
    }
  }

  /** The infidelity of c phi at the best c: a parabola through three of its points. */
  private static double best(InfidelitySamples samples, double[] phi) {
    double[] at = new double[3];
    for (int c = -1; c <= 1; c++) {
      int by = c;
      double[] scaled = Arrays.stream(phi).map(v -> by * v).toArray();
      at[c + 1] = samples.infidelity(scaled, SAMPLES);
    }
    double slope = (at[2] - at[0]) / 2;
    double bend = at[2] - 2 * at[1] + at[0];
    return at[1] - slope * slope / (2 * bend);
  }

  /** What a map gives each cell of 3 × 3: the sum of values, or the cell's own. */
  private static double[] cells(Attribution a) {
    double[] sum = new double[9];
    double[] size = new double[9];
    for (int i = 0; i < a.values().length; i++) {
      int pixel = i % 63;
      int cell = pixel / 7 * 3 / 9 * 3 + pixel % 7 * 3 / 7;
      sum[cell] += a.values()[i];
      size[cell]++;
    }
    boolean painted = a.shape().dim(0) == 1;
    for (int i = 0; i < 9; i++) {
      sum[i] /= painted ? size[i] : 1;
    }
    return sum;
  }
}
