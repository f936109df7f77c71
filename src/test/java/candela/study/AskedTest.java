package candela.study;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.method.Attribution;
import candela.method.Methods;
import candela.method.Preparation;
import candela.method.Subject;
import candela.metric.Explained;
import candela.metric.Metrics;
import candela.metric.Score;
import candela.probe.Asked;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that need not be asked about again: fewer rows, the same bits. */
class AskedTest {
  private static final List<String> METHODS =
      List.of(
          "sliding-patch:patch=16,stride=8",
          "sliding-patch:patch=16,stride=8,score=log_probability",
          "occlusion:window=16,stride=16,score=logit",
          "feature-ablation:grid=4",
          "lime:samples=20,segments=16,sigma=1",
          "lime:samples=1,segments=16,sigma=1");

  private static final List<String> METRICS =
      List.of(
          "deletion:preset=sam",
          "insertion:preset=sam",
          "deletion:step=4096",
          "insertion",
          "average-drop",
          "faithfulness-correlation",
          "infidelity:samples=60",
          "region-perturbation:regions=9");

  @TempDir Path folder;

  private record Found(List<float[]> maps, List<Score> scores, long rows, int asked) {}

  @Test
  void rememberedRowsLeaveEveryBitAsItIs() {
    Network network = Network.load(Shipped.model("cnn", folder));
    var preparation = Preparation.of(Shipped.PREPROCESS, network.inputShape(), "cnn");
    float[] pixels = preparation.read(Shipped.pictures(folder).get(3)).pixels();
    Subject subject = preparation.subject(pixels, 2);
    try (Device device = Devices.open("cpu", 2);
        Pipeline pipeline = new Pipeline(network, device, 7)) {
      Found each = run(pipeline, subject, null);
      Found once = run(pipeline, subject, new Asked(pipeline));
      for (int i = 0; i < METHODS.size(); i++) {
        assertThat(once.maps().get(i)).as(METHODS.get(i)).isEqualTo(each.maps().get(i));
      }
      assertThat(once.scores()).isEqualTo(each.scores());
      // the image, the zeros of three metrics, the blurred image of insertion
      assertThat(once.asked()).isEqualTo(3);
      // the row of 5 methods (LIME's only sample stays), two ends of 3 curves, one of the curve
      // that has no other row, and where 4 metrics begin
      assertThat(once.rows()).isEqualTo(each.rows() - 5 - 2 * 3 - 1 - 4);
    }
  }

  private static Found run(Pipeline pipeline, Subject subject, Asked asked) {
    try (Workspace workspace = new Workspace(pipeline.device(), asked)) {
      List<Probe<Attribution>> methods =
          METHODS.stream().map(m -> Methods.parse(m).probe(subject, workspace)).toList();
      pipeline.run(methods);
      Attribution map = methods.getFirst().result();
      List<Probe<Score>> metrics =
          METRICS.stream()
              .map(m -> Metrics.parse(m).probe(explained(subject, map), workspace))
              .toList();
      pipeline.run(metrics);
      long rows =
          methods.stream().mapToLong(Probe::size).sum()
              + metrics.stream().mapToLong(Probe::size).sum();
      return new Found(
          methods.stream().map(m -> m.result().map()).toList(),
          metrics.stream().map(Probe::result).toList(),
          rows,
          asked == null ? 0 : asked.rows());
    }
  }

  private static Explained explained(Subject subject, Attribution a) {
    return new Explained(
        subject.shape(), subject.pixels(), subject.target(), a.map(), a.height(), a.width(), null);
  }
}
