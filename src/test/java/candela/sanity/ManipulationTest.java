package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Softened;
import candela.image.Image;
import candela.method.Levels;
import candela.method.Preparation;
import candela.method.Subject;
import candela.method.Toy;
import candela.probe.Pipeline;
import candela.study.Shipped;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManipulationTest {
  private static final Levels LEVELS = new Levels(List.of(-9f, -9f, -9f), List.of(9f, 9f, 9f));

  @TempDir Path folder;

  private static float[] draw(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian();
    }
    return v;
  }

  /** Against differences of the loss itself, which are those of a network in float32. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theSlopeIsThatOfTheLoss(boolean timesInput) {
    Random r = new Random(8);
    float[] x = draw(r, 189);
    double[] wanted = Descent.share(draw(r, 189), 63);
    var settings = new Manipulation(timesInput, 1, 1e-3, 10, 2, 1);
    Network soft = Network.of(Softened.of(Network.load(Toy.random(folder)).model(), 2).model());
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(soft, device, 2)) {
      double[] slope = new double[189];
      loss(settings, device, pipeline, x, wanted, slope);
      double largest = 0;
      for (double s : slope) {
        largest = Math.max(largest, Math.abs(s));
      }
      assertThat(largest).isGreaterThan(0);
      for (int i = 0; i < 189; i += 7) {
        float by = 0.02f;
        float[] above = x.clone();
        above[i] += by;
        float[] below = x.clone();
        below[i] -= by;
        double difference =
            (loss(settings, device, pipeline, above, wanted, new double[189])
                    - loss(settings, device, pipeline, below, wanted, new double[189]))
                / (2 * by);
        assertThat(slope[i])
            .as("value %d, the largest is %s", i, largest)
            .isCloseTo(difference, Offset.offset(0.02 * largest));
      }
    }
  }

  /** At x, where a probability of 0.1 is to be kept. */
  private static double loss(
      Manipulation settings,
      Device device,
      Pipeline pipeline,
      float[] x,
      double[] wanted,
      double[] slope) {
    var subject = new Subject(Shape.of(3, 9, 7), x, 2, LEVELS);
    var descent = new Descent(settings, device, subject, wanted, 0.1);
    Descent.Loss loss = descent.loss(pipeline, slope);
    return loss.map() + loss.probability();
  }

  private float[] run(int iterations, int threads, List<Double> losses) {
    Network network = Network.load(Shipped.model("cnn", folder));
    Preparation preparation =
        Preparation.of(Shipped.PREPROCESS, network.inputShape(), network.name());
    List<Path> pictures = Shipped.pictures(folder);
    float[] x = preparation.of(Image.read(pictures.get(3))).pixels();
    float[] wanted = preparation.of(Image.read(pictures.get(6))).pixels();
    Subject subject = new Subject(preparation.shape(), x, 3, preparation.levels());
    try (Device device = TestDevice.open(threads)) {
      return new Manipulation(false, iterations, 1e-3, 10, 10, 10)
          .of(
              network,
              null,
              device,
              subject,
              wanted,
              (i, map, probability) -> {
                assertThat(i).isEqualTo(losses.size() + 1);
                assertThat(probability).isBetween(0.0, 0.1);
                losses.add(map);
                return losses.size() < 40;
              });
    }
  }

  @Test
  void theMapComesNearerAndTheProbabilityStays() {
    List<Double> losses = new ArrayList<>();
    run(60, 1, losses);
    assertThat(losses).hasSize(40);
    assertThat(losses.getLast()).isLessThan(0.9 * losses.getFirst());
  }

  @Test
  void theSameBitsOnAnyNumberOfThreads() {
    assumeThat(TestDevice.isCpu()).isTrue();
    assertThat(run(10, 2, new ArrayList<>())).containsExactly(run(10, 1, new ArrayList<>()));
  }

  @Test
  void wrongSettingsAreSaid() {
    assertThatThrownBy(() -> new Manipulation(false, 0, 1, 1, 1, 1))
        .isInstanceOf(CandelaException.class)
        .hasMessage("iterations: 1 or more expected, got 0");
    assertThatThrownBy(() -> new Manipulation(false, 1, Double.NaN, 1, 1, 1))
        .hasMessage("rate: a number above 0 expected, got NaN");
    assertThatThrownBy(() -> new Manipulation(false, 1, 1, -1, 1, 1))
        .hasMessage("keep: a number of 0 or more expected, got -1.0");
  }
}
