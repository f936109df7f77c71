package candela.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.device.OutOfMemory;
import candela.graph.ScoreKind;
import candela.graph.Session;
import candela.graph.SessionOptions;
import candela.metric.Direction;
import candela.metric.Explained;
import candela.metric.Metric;
import candela.metric.Score;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.ScarceDevice;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a study is said to cost before it runs. */
class EstimateTest {
  @TempDir Path folder;

  private Estimate of(String sweep, String... metrics) {
    Study study = study(sweep, metrics);
    Material material = Material.of(study, folder);
    try (Device device = TestDevice.open(1)) {
      return Estimate.of(study, Plan.of(study.sweeps()), material.models().get(0), device, 4);
    }
  }

  private Study study(String sweep, String... metrics) {
    String text = "models: [cnn]\nimages: [shipped]\nsweeps: [\"" + sweep + "\"]\n";
    for (String m : metrics) {
      text += (m.equals(metrics[0]) ? "metrics:\n" : "") + "- \"" + m + "\"\n";
    }
    return Study.parse("estimated", text, folder);
  }

  @Test
  void partsThatNoMapDecidesCountOnceForAllMaps() {
    String[] metrics = {"infidelity:samples=50", "infidelity:samples=50,normalise=true"};
    // the image and the parts, for 9 maps and both metrics
    assertThat(of("smoothgrad:samples=2,seed=[1..9]", metrics).metrics()).isEqualTo(1 + 50);
    // what a map decides is asked for each
    // and the image for all of them on the CPU, where a row's scores are the same in any batch
    int drops = TestDevice.isCpu() ? 1 + 9 : 2 * 9;
    assertThat(of("smoothgrad:samples=2,seed=[1..9]", "average-drop").metrics()).isEqualTo(drops);
    // each map's method once more for each image nearby
    String near = "max-sensitivity:samples=4";
    assertThat(of("smoothgrad:samples=2,seed=[1..9]", near).metrics()).isEqualTo(9 * 4 * 2);
    // for all metrics of it; and the logits of these and the image for all maps
    String[] all = {
      near, "relative-input-stability:samples=4", "relative-output-stability:samples=4"
    };
    assertThat(of("smoothgrad:samples=2,seed=[1..9]", all).metrics()).isEqualTo(9 * 4 * 2 + 4 + 1);
  }

  @Test
  void whatAnswersDecideIsSaidToBeMore() {
    // both of its parts are known: two rows
    Estimate guided = of("guided-grad-cam");
    assertThat(guided.maps().planned()).isEqualTo(2);
    assertThat(guided.open()).isFalse();
    for (String more : new String[] {"score-cam", "ablation-cam", "hierarchical-occlusion"}) {
      assertThat(of(more).open()).as(more).isTrue();
    }
    assertThat(of("gradient", "max-sensitivity:samples=2").open()).isFalse();
    assertThat(of("guided-grad-cam", "max-sensitivity:samples=2").open()).isTrue();
  }

  @Test
  void metricsThatDoNotFitTheImagesAreRefusedBefore() {
    Study study = study("gradient", "faithfulness-correlation:subset=9999");
    Model model = Material.of(study, folder).models().get(0);
    try (Device device = TestDevice.open(1)) {
      assertThatThrownBy(() -> Plans.check(study, Plan.of(study.sweeps()), model, device))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("cnn: faithfulness-correlation: subset: at most 4096 pixels");
    }
  }

  /** A filling with a radius of 30 takes many times as long as a row of so small a network. */
  @Test
  void theTimeOfInpaintingCounts() {
    String sweep = "lime:samples=50,segments=[5,9]";
    Estimate without = of(sweep);
    Estimate with = of(sweep + ",fill=inpaint,inpainter=telea:radius=30");
    assertThat(with.maps()).isEqualTo(without.maps());
    assertThat(with.seconds()).isGreaterThan(3 * without.seconds());
  }

  /** As the run does it. */
  @Test
  void whereABatchHasNoRoomASmallerOneIsMeasured() {
    assumeTrue(TestDevice.isCpu(), "skipped: a card's memory is not counted here");
    Study study = study("gradient");
    Model model = Material.of(study, folder).models().get(0);
    try (var device = new ScarceDevice(TestDevice.open(1), 1L << 40)) {
      SessionOptions options = new SessionOptions(List.of(""), model.output());
      long[] bytes = new long[2];
      for (int i = 0; i < bytes.length; i++) {
        try (Session session = Timing.session(model, device, 2 << i, options)) {
          bytes[i] = session.memory().bytes();
        }
      }
      device.leave((bytes[0] + bytes[1]) / 2);
      try (Session session = Timing.session(model, device, 8, options)) {
        assertThat(session.batch()).isEqualTo(2);
      }
      device.leave(1000);
      assertThatThrownBy(() -> Timing.session(model, device, 8, options))
          .isInstanceOf(OutOfMemory.class)
          .hasMessageContaining("batch 1: ");
    }
  }

  /** Of two rows, each of which takes its time to be written. */
  private record Slow() implements Metric {
    private static final long MILLISECONDS = 40;

    @Override
    public Direction direction() {
      return Direction.LOWER_IS_BETTER;
    }

    @Override
    public Probe<Score> probe(Explained explained, Workspace workspace) {
      return new Sampled<>(Ask.score(ScoreKind.LOGIT), null, 0, 2) {
        @Override
        protected void fill(int first, Tensor rows) {
          try {
            Thread.sleep(MILLISECONDS * rows.shape().dim(0));
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }

        @Override
        protected void add(int first, Answers answers) {}

        @Override
        public Score result() {
          return new Score(0, Map.of(), List.of(), "");
        }
      };
    }
  }

  /** Of three maps, in rows of one batch or two. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void theTimeOfWritingMetricsRowsCounts(int batch) {
    Study s = study("gradient:score=[logit,probability,log_probability]");
    Study slow =
        new Study(
            s.name(),
            s.text(),
            s.folder(),
            s.models(),
            s.images(),
            s.target(),
            s.classes(),
            s.boxes(),
            s.labels(),
            s.sweeps(),
            s.similarities(),
            List.of(new Study.Measure<>("slow", "slow", new Slow())),
            s.sam(),
            s.maps(),
            s.pictures());
    Material material = Material.of(slow, folder);
    try (Device device = TestDevice.open(1)) {
      Model model = material.models().get(0);
      Estimate found = Estimate.of(slow, Plan.of(slow.sweeps()), model, device, batch);
      assertThat(found.metrics()).isEqualTo(3 * 2);
      assertThat(found.seconds()).isGreaterThan(3 * 2 * Slow.MILLISECONDS / 1e3);
    }
  }
}
