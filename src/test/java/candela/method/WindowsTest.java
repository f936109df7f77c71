package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.Shared;
import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Metrics;
import candela.metric.Score;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Occluded;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Methods and metrics with many windows compute what a window may change, and have the bits of the
 * whole.
 */
class WindowsTest {
  private static final List<Method> METHODS =
      List.of(
          new SlidingPatch(9, 1, ScoreKind.PROBABILITY),
          new SlidingPatch(2, 1, ScoreKind.LOGIT),
          new Occlusion(
              6, 1, Fill.MEAN, Inpainter.DEFAULT, 0, Occlusion.Overlap.MEAN, ScoreKind.LOGIT),
          new PredictionDifference(4, 1, 3, 7, 5),
          new SlidingPatch(9, 9, ScoreKind.LOGIT));

  /** Of the methods above, those with rows enough. */
  private static final int MANY = 4;

  /** A probe that says where its windows are, or does not. */
  private static final class Watched<R> implements Probe<R> {
    private final Probe<R> probe;
    private final boolean tells;
    private int asked;

    Watched(Probe<R> probe, boolean tells) {
      this.probe = probe;
      this.tells = tells;
    }

    @Override
    public Occluded occluded() {
      Occluded of = probe.occluded();
      if (!tells || of == null) {
        return null;
      }
      return new Occluded() {
        @Override
        public Tensor image() {
          return of.image();
        }

        @Override
        public int tall() {
          return of.tall();
        }

        @Override
        public int wide() {
          return of.wide();
        }

        @Override
        public int[] corners() {
          asked++;
          return of.corners();
        }
      };
    }

    @Override
    public Ask ask() {
      return probe.ask();
    }

    @Override
    public int target() {
      return probe.target();
    }

    @Override
    public int size() {
      return probe.size();
    }

    @Override
    public int next(Tensor rows) {
      return probe.next(rows);
    }

    @Override
    public void take(Answers answers) {
      probe.take(answers);
    }

    @Override
    public R result() {
      return probe.result();
    }
  }

  @Test
  void mapsHaveTheSameBits() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card takes another algorithm for another size");
    List<float[]> whole = maps(false, 16, 2);
    List<float[]> windowed = maps(true, 5, 1);
    for (int i = 0; i < whole.size(); i++) {
      assertThat(windowed.get(i))
          .as(METHODS.get(i % METHODS.size()).toString())
          .isEqualTo(whole.get(i));
      assertThat(whole.get(i)).as("says something").isNotEqualTo(new float[whole.get(i).length]);
    }
  }

  private static List<float[]> maps(boolean windows, int batch, int threads) {
    Network network = Network.load(Shared.path("models/cifar10/resnet20_bn.onnx"));
    Shape shape = Shape.of(3, 32, 32);
    List<Watched<Attribution>> probes = new ArrayList<>();
    try (Device device = TestDevice.open(threads);
        Workspace workspace = new Workspace(device);
        Pipeline pipeline = new Pipeline(network, device, batch)) {
      for (int image = 0; image < 2; image++) {
        float[] x = draw(image, shape.count());
        // the second image for its first method alone, as each takes its time
        for (Method m : image == 0 ? METHODS : METHODS.subList(0, 1)) {
          Subject subject = new Subject(shape, x, image);
          probes.add(new Watched<>(m.probe(subject, workspace), windows));
        }
      }
      pipeline.run(probes);
      for (int i = 0; i < probes.size(); i++) {
        boolean many = windows && i % METHODS.size() < MANY;
        assertThat(probes.get(i).asked > 0)
            .as("%s in windows", METHODS.get(i % METHODS.size()))
            .isEqualTo(many);
      }
      return probes.stream().map(p -> p.result().values()).toList();
    }
  }

  @Test
  void infidelityHasTheSameBits() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card takes another algorithm for another size");
    assertThat(infidelity(true, 5, 1)).isEqualTo(infidelity(false, 16, 2));
  }

  private static Score infidelity(boolean windows, int batch, int threads) {
    Network network = Network.load(Shared.path("models/cifar10/resnet20_bn.onnx"));
    Shape shape = Shape.of(3, 32, 32);
    float[] map = draw(3, 32 * 32);
    try (Device device = TestDevice.open(threads);
        Workspace workspace = new Workspace(device);
        Pipeline pipeline = new Pipeline(network, device, batch)) {
      var explained = new Explained(shape, draw(4, shape.count()), 1, map, 32, 32, null);
      Metric metric = Metrics.parse("infidelity:samples=600,largest=0.2");
      var probe = new Watched<>(metric.probe(explained, workspace), windows);
      pipeline.run(List.of(probe));
      assertThat(probe.asked > 0).as("in windows").isEqualTo(windows);
      return probe.result();
    }
  }

  private static float[] draw(int seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
