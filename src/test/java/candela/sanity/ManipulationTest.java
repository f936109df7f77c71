package candela.sanity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
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
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManipulationTest {
  @TempDir Path folder;

  /** A picture that comes with Candela, and one whose map it shall get. */
  private record Heart(Network network, Subject subject, float[] wanted) {}

  private Heart heart() {
    Network network = Network.load(Shipped.model("cnn", folder));
    Preparation preparation =
        Preparation.of(Shipped.PREPROCESS, network.inputShape(), network.name());
    List<Path> pictures = Shipped.pictures(folder);
    float[] x = preparation.of(Image.read(pictures.get(3))).pixels();
    float[] wanted = preparation.of(Image.read(pictures.get(6))).pixels();
    Subject subject = preparation.subject(x, 3);
    return new Heart(network, subject, wanted);
  }

  private float[] run(int iterations, int threads, List<Double> losses) {
    Heart heart = heart();
    try (Device device = TestDevice.open(threads)) {
      return new Manipulation(false, iterations, 1e-3, 10, 10, 10)
          .of(
              heart.network(),
              null,
              device,
              heart.subject(),
              heart.wanted(),
              null,
              (state, map, probability) -> {
                assertThat(state.done()).isEqualTo(losses.size() + 1);
                assertThat(probability).isBetween(0.0, 0.1);
                losses.add(map);
                return losses.size() < 40;
              })
          .image();
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

  /** Stopped within a β and between two, and begun again. */
  @Test
  void fromWhereAnotherWasItGoesOnToTheSameBits() {
    Heart heart = heart();
    try (Device device = TestDevice.open(1)) {
      List<Integer> all = new ArrayList<>();
      float[] whole = run(heart, device, null, s -> all.add(s.done())).image();
      assertThat(all).hasSize(30);
      for (int stop : new int[] {1, 14, 27, 30}) {
        List<Manipulation.State> states = new ArrayList<>();
        run(
            heart,
            device,
            null,
            s -> {
              var copy =
                  new Manipulation.State(
                      s.done(), s.image().clone(), s.mean().clone(), s.square().clone());
              states.add(copy);
              return s.done() < stop;
            });
        List<Integer> steps = new ArrayList<>();
        var found = run(heart, device, states.getLast(), s -> steps.add(s.done()));
        assertThat(steps).hasSize(30 - stop);
        assertThat(found.image()).as("stopped at %d", stop).containsExactly(whole);
      }
    }
  }

  private static Manipulation.Result run(
      Heart heart, Device device, Manipulation.State from, Predicate<Manipulation.State> on) {
    return new Manipulation(false, 30, 1e-3, 10, 10, 10)
        .of(
            heart.network(),
            null,
            device,
            heart.subject(),
            heart.wanted(),
            from,
            (s, map, probability) -> on.test(s));
  }

  /** Ten betas, the image as it is: what the network says is not what softened ones say. */
  @Test
  void whatIsHeldDoesNotDependOnBeta() {
    Heart heart = heart();
    List<Double> lost = new ArrayList<>();
    List<Double> map = new ArrayList<>();
    try (Device device = TestDevice.open(1)) {
      var still = new Manipulation(false, 10, 1e-12, 1e6, 1, 1000);
      Manipulation.Result found =
          still.of(
              heart.network(),
              null,
              device,
              heart.subject(),
              heart.wanted(),
              null,
              (i, far, probability) -> {
                lost.add(probability);
                map.add(far);
                return true;
              });
      assertThat(found.image()).containsExactly(heart.subject().pixels(), Offset.offset(1e-10f));
      assertThat(found.probability()).isLessThan(1e-9);
      assertThat(found.map()).isEqualTo(map.getLast());
      double real = probability(heart.network(), device, heart.subject());
      Network soft = Network.of(Softened.of(heart.network().model(), 1).model());
      assertThat(Math.abs(probability(soft, device, heart.subject()) - real)).isGreaterThan(0.01);
    }
    assertThat(lost).hasSize(10).allMatch(v -> v < 1e-9);
    assertThat(map.getFirst()).isNotEqualTo(map.getLast());
  }

  private static double probability(Network network, Device device, Subject subject) {
    try (var pipeline = new Pipeline(network, device, 1)) {
      Slope s = new Slope(device, subject.pixels(), subject.target(), ScoreKind.PROBABILITY);
      pipeline.run(List.of(s));
      return s.score();
    }
  }

  private static Manipulation.Result random(Path folder, float[] x, float[] wanted) {
    var subject =
        new Subject(
            Shape.of(3, 9, 7), x, 2, new Levels(List.of(-9f, -9f, -9f), List.of(9f, 9f, 9f)));
    try (Device device = TestDevice.open(1)) {
      return new Manipulation(false, 30, 1e-3, 10, 1, 10)
          .of(
              Network.load(Toy.random(folder)),
              null,
              device,
              subject,
              wanted,
              null,
              (i, m, p) -> true);
    }
  }

  @Test
  void anImageOfOneColourIsManipulatedToo() {
    float[] x = new float[189];
    Arrays.fill(x, 0.5f);
    float[] wanted = new float[189];
    wanted[94] = -3;
    Manipulation.Result found = random(folder, x, wanted);
    assertThat(found.map()).isBetween(0.0, 1e3);
    int changed = 0;
    for (float v : found.image()) {
      assertThat(v).isBetween(-1f, 2f);
      changed += v == 0.5f ? 0 : 1;
    }
    assertThat(changed).isGreaterThan(100);
  }

  @Test
  void aMapThatCannotBeCopiedIsSaid() {
    float[] x = new float[189];
    Arrays.fill(x, 0.5f);
    float[] wanted = new float[189];
    assertThatThrownBy(() -> random(folder, x, wanted))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "the map to be copied: finite values that are not all zero expected, their sizes add up"
                + " to 0.0; take another image to copy from");
    wanted[5] = Float.NEGATIVE_INFINITY;
    assertThatThrownBy(() -> random(folder, x, wanted))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("the map to be copied")
        .hasMessageContaining("Infinity");
    wanted[5] = Float.NaN;
    assertThatThrownBy(() -> random(folder, x, wanted))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("NaN");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 1 | 1 | 1 | 1 | iterations: 1 or more expected, got 0",
        "1 | NaN | 1 | 1 | 1 | rate: above 0, at most 1 expected, got NaN",
        "1 | 0 | 1 | 1 | 1 | rate: above 0, at most 1 expected, got 0.0",
        "1 | 1.5 | 1 | 1 | 1 | rate: above 0, at most 1 expected, got 1.5",
        "1 | 1 | -1 | 1 | 1 | keep: 0.0 to 1e6 expected, got -1.0",
        "1 | 1 | 1e308 | 1 | 1 | keep: 0.0 to 1e6 expected, got 1.0E308",
        "1 | 1 | NaN | 1 | 1 | keep: 0.0 to 1e6 expected, got NaN",
        "1 | 1 | 1 | 1e-320 | 1 | beta: 0.001 to 1e6 expected, got 1.0E-320",
        "1 | 1 | 1 | 1e39 | 1 | beta: 0.001 to 1e6 expected, got 1.0E39",
        "1 | 1 | 1 | NaN | 1 | beta: 0.001 to 1e6 expected, got NaN",
        "1 | 1 | 1 | 1 | 0.5 | growth: 1.0 to 1e6 expected, got 0.5",
      })
  void wrongSettingsAreSaid(
      int iterations, double rate, double keep, double beta, double growth, String message) {
    assertThatThrownBy(() -> new Manipulation(false, iterations, rate, keep, beta, growth))
        .isInstanceOf(CandelaException.class)
        .hasMessage(message);
  }

  @Test
  void theBoundsThemselvesAreTaken() {
    assertThat(new Manipulation(false, 1, 1, 0, 1e-3, 1)).isNotNull();
    assertThat(new Manipulation(false, 1, 1e-300, 1e6, 1e6, 1e6)).isNotNull();
  }
}
