package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.Softened;
import candela.method.Levels;
import candela.method.Subject;
import candela.method.Toy;
import candela.onnx.ModelBuilder;
import candela.probe.Pipeline;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DescentTest {
  private static final Levels LEVELS =
      new Levels(List.of(-0.9f, -0.9f, -0.9f), List.of(0.9f, 0.9f, 0.9f));
  private static final Manipulation SETTINGS = new Manipulation(false, 1, 1e-3, 10, 2, 1);
  private static final String ZERO =
      ": finite values that are not all zero expected, their sizes add up to ";

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
    float[] map = draw(r, 189);
    double[] wanted = Descent.share(map, 63, Descent.sum(map, "wanted", ""));
    var settings = new Manipulation(timesInput, 1, 1e-3, 10, 2, 1);
    Network soft = Network.of(Softened.of(Network.load(Toy.random(folder)).model(), 2).model());
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(soft, device, 2)) {
      double[] slope = new double[189];
      loss(settings, pipeline, x, wanted, slope);
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
            (loss(settings, pipeline, above, wanted, new double[189])
                    - loss(settings, pipeline, below, wanted, new double[189]))
                / (2 * by);
        assertThat(slope[i])
            .as("value %d, the largest is %s", i, largest)
            .isCloseTo(difference, Offset.offset(0.02 * largest));
      }
    }
  }

  /** At x, where a probability of 0.1 is to be kept. */
  private static double loss(
      Manipulation settings, Pipeline pipeline, float[] x, double[] wanted, double[] slope) {
    var subject = new Subject(Shape.of(3, 9, 7), x, 2, LEVELS);
    var descent = new Descent(settings, subject, wanted, pipeline, 0.1);
    Descent.Loss loss = descent.loss(pipeline, slope);
    return loss.map() + loss.probability();
  }

  /** Two classes of an image [3,1,1]: w tanh(w Σ x) and 0. */
  private static Network steep(float w) {
    return Network.of(
        new ModelBuilder(17)
            .input("x", -1, 3, 1, 1)
            .output("y")
            .constant("a", Shape.of(3, 1), w, w, w)
            .constant("b", Shape.of(1, 2), w, 0)
            .node("Flatten", "x", "flat")
            .node("MatMul", "flat,a", "z")
            .node("Tanh", "z", "t")
            .node("MatMul", "t,b", "y")
            .model());
  }

  /** What the descent says at an image of zeros, where tanh has a slope of 1. */
  private static void isSaid(Network real, Network soft, boolean timesInput, String message) {
    var subject = new Subject(Shape.of(3, 1, 1), new float[3], 0, LEVELS);
    var settings = new Manipulation(timesInput, 1, 1e-3, 10, 2, 1);
    try (Device device = TestDevice.open(1);
        var network = new Pipeline(real, device, 1);
        var softened = new Pipeline(soft, device, 2)) {
      assertThatThrownBy(
              () ->
                  new Descent(settings, subject, new double[] {1}, network)
                      .step(softened, (i, map, probability) -> true))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith(message);
    }
  }

  @Test
  void anImageWithoutMapIsRefused() {
    isSaid(steep(0), steep(1), false, "the image's own map" + ZERO + "0.0; take another image");
    isSaid(steep(1e30f), steep(1), false, "the image's own map" + ZERO + "Infinity");
    isSaid(steep(1), steep(1), true, "the image's own map" + ZERO + "0.0");
  }

  @Test
  void aMapThatIsLostOnTheWayIsSaid() {
    String map = "iteration 1: the softened network's map";
    isSaid(steep(1), steep(0), false, map + ZERO + "0.0; take a smaller rate");
    isSaid(steep(1), steep(1e30f), false, map + ZERO + "Infinity");
  }

  /** A probability of 1/2 where 0.1 is kept, and its slope is infinite. */
  @Test
  void aSlopeThatIsNotFiniteIsSaid() {
    var subject = new Subject(Shape.of(3, 1, 1), new float[3], 0, LEVELS);
    try (Device device = TestDevice.open(1);
        var network = new Pipeline(steep(1e30f), device, 1);
        var softened = new Pipeline(steep(1), device, 2)) {
      var descent = new Descent(SETTINGS, subject, new double[] {1}, network, 0.1);
      assertThatThrownBy(() -> descent.step(softened, (i, map, probability) -> true))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("iteration 1: a finite loss and slope expected, got 0.0 for the");
    }
  }
}
