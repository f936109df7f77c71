package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What methods find, with and without channels. */
class AttributionTest {
  @TempDir Path folder;

  /** Gradients are multiplied, averaged and squared by channels, whatever the caller wants. */
  @Test
  void aMapIsTheSameWhereItsChannelsStayOnTheDevice() {
    List<Method> methods = new ArrayList<>(SmallMethods.all());
    for (Channels c : Channels.values()) {
      methods.add(new Gradient(ScoreKind.LOGIT, c));
      methods.add(new InputXGradient(ScoreKind.LOGIT, c));
      methods.add(new GuidedGradCam("", Upsampling.BILINEAR, ScoreKind.LOGIT, c));
      for (SmoothGrad.Type type : SmoothGrad.Type.values()) {
        methods.add(new SmoothGrad(5, 0.15, 0, type, 0, ScoreKind.LOGIT, c));
      }
    }
    Subject subject = SmallMethods.subject(new Random(3), 1);
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.attending(folder)), device, 3)) {
      for (Method m : methods) {
        Attribution all = run(pipeline, m, subject, new Workspace(device));
        Attribution one = run(pipeline, m, subject, new Workspace(device).ofMaps());
        assertThat(one.map()).as(m.toString()).isEqualTo(all.map());
        assertThat(one.notes()).as(m.toString()).isEqualTo(all.notes());
        assertThat(new int[] {one.height(), one.width()})
            .as(m.toString())
            .isEqualTo(new int[] {all.height(), all.width()});
        // A device's map is the host's to the last bit.
        assertThat(all.map())
            .as(m.toString())
            .isEqualTo(new Attribution(all.shape(), all.values(), m.channels(), all.notes()).map());
      }
    }
  }

  /** A rectifier may lose them, and the map would look like one. */
  @Test
  void anImageThatIsNotAllNumbersIsRefused() {
    for (float v : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
      assertThatThrownBy(() -> new Subject(Shape.of(1, 1, 3), new float[] {0, v, 0}, 0))
          .isInstanceOf(CandelaException.class)
          .hasMessage("image: finite values expected, [1] is " + v);
    }
  }

  @Test
  void aClassBelowZeroIsRefused() {
    assertThatThrownBy(() -> new Subject(Shape.of(3), new float[3], -1))
        .isInstanceOf(CandelaException.class)
        .hasMessage("target: a class of 0 or more expected, got -1");
  }

  /** Of features of pixels, and of values: three, two and one. */
  @Test
  void aPixelOfAFeatureAddsItsPart() {
    var pixels = new FeatureMask(new int[] {0, 1, 0, 2, 1, 0}, 3);
    double[] found = {3, -4, 5};
    Attribution a = pixels.spread(Shape.of(3, 2, 3), found, Channels.SUM, Map.of());
    assertThat(a.map()).containsExactly(3, -4, 3, 5, -4, 3);
    assertThat(a.contributions()).containsExactly(1, -2, 1, 5, -2, 1);
    var values = new FeatureMask(new int[] {0, 1, 0, 2, 1, 0}, 3);
    Attribution b = values.spread(Shape.of(2, 1, 3), found, Channels.SUM, Map.of());
    assertThat(b.contributions()).containsExactly(1 + 5, -2 - 2, 1 + 1);
    assertThat(b.map()).containsExactly(3 + 5, -4 - 4, 3 + 3);
    Attribution each =
        new Attribution(Shape.of(1, 1, 2), new float[] {1, 2}, Channels.SUM, Map.of());
    assertThat(each.contributions()).containsExactly(1, 2);
  }

  /** Copies of a picture have the same cells; a mean square is no contribution. */
  @Test
  void aMeanOfMapsOfCellsAddsWhatTheyAdd() {
    Subject subject = SmallMethods.subject(new Random(3), 1);
    for (String type : List.of("smoothgrad", "smoothgrad_sq")) {
      String text = "noise-tunnel:method=\"exact-shapley:grid=2\",samples=3,type=" + type;
      Attribution a = Maps.of(Toy.random(folder), 8, Methods.parse(text), subject);
      // the first cell has rows 0 … 4 and columns 0 … 3
      float cell = type.equals("smoothgrad") ? a.map()[0] / 20 : a.map()[0];
      assertThat(a.map()[0]).isNotZero();
      assertThat(a.contributions()[0]).as(type).isEqualTo(cell);
    }
  }

  /** More maps than are on their way at a time, in batches that follow each other. */
  @Test
  void mapsThatComeLaterAreThoseThatAreWaitedFor() {
    Random random = new Random(4);
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      subjects.add(SmallMethods.subject(random, i % 2));
    }
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(Network.load(Toy.random(folder)), device, 40)) {
      List<float[]> waited = run(pipeline, subjects, new Workspace(device));
      for (int turn = 0; turn < 3; turn++) {
        List<float[]> later = run(pipeline, subjects, new Workspace(device).ofMaps());
        for (int i = 0; i < subjects.size(); i++) {
          assertThat(later.get(i)).as("subject %d, turn %d", i, turn).isEqualTo(waited.get(i));
        }
      }
    }
  }

  private static List<float[]> run(Pipeline pipeline, List<Subject> subjects, Workspace workspace) {
    try (workspace) {
      List<Probe<Attribution>> probes =
          subjects.stream().map(s -> new Gradient().probe(s, workspace)).toList();
      pipeline.run(probes);
      return probes.stream().map(p -> p.result().map()).toList();
    }
  }

  /** The result, which is the same each time it is asked for. */
  private static Attribution run(
      Pipeline pipeline, Method method, Subject subject, Workspace workspace) {
    try (workspace) {
      Probe<Attribution> probe = method.probe(subject, workspace);
      pipeline.run(List.of(probe));
      float[] first = probe.result().map();
      Attribution again = probe.result();
      assertThat(again.map()).as("%s, asked again", method).isEqualTo(first);
      return again;
    }
  }
}
