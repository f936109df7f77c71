package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every listed method: a case worked by hand, and the same bits however its rows are batched. */
class MethodTest {
  /** Float rounding of a handful of operations. */
  private static final Offset<Float> ROUNDING = Offset.offset(1e-4f);

  private static final Levels LEVELS = new Levels(List.of(-1f, -1f, -1f), List.of(2f, 2f, 2f));

  @TempDir Path folder;

  /** A method, its network and image, and what it must give. */
  record Case(Method method, boolean bm2, float[] x, float[] expected) {
    Case(String method, boolean bm2, float[] x, float... expected) {
      this(Methods.parse(method), bm2, x, expected);
    }
  }

  private static final float[] X = {20, 50, 30};

  /**
   * ML gives −1 + relu(s − 10) + 3 relu(s + 1) for the sum s of x: slope 4 above 10, 3 below. With
   * x = 20, 50, 30 a value v taken away costs 4v as long as 10 is left.
   */
  static List<Case> cases() {
    return List.of(
        new Case(ablation(0, 1, 2), false, X, new float[] {80, 200, 120}),
        new Case(ablation(0, 0, 1), false, X, new float[] {280, 280, 120}),
        new Case(ablation(0, 1, 2), false, new float[] {2, 10, 3}, new float[] {8, 35, 12}),
        new Case("gradient", false, X, 4, 4, 4),
        new Case("gradient", false, new float[] {1, 2, 3}, 3, 3, 3),
        new Case("input-x-gradient", false, X, 80, 200, 120),
        new Case("integrated-gradients", true, new float[] {3, 1}, 1.5f, -0.5f),
        new Case(
            "integrated-gradients:multiplyByInputs=false", true, new float[] {3, 1}, .5f, -.5f),
        new Case("occlusion:window=1,stride=1", false, X, 80, 200, 120),
        new Case("occlusion:window=2,stride=2", false, X, 280, 280, 120),
        // windows {0,1} and {1,2} drop 280 and 320; the middle lies under both
        new Case("occlusion:window=2,stride=1", false, X, 280, 300, 320),
        new Case("occlusion:window=2,stride=1,overlap=sum", false, X, 280, 600, 320),
        new Case("sliding-patch:patch=1,stride=2,score=logit", false, X, 80, 120),
        new Case("smoothgrad:stdev=1", false, X, 4, 4, 4),
        new Case("smoothgrad:type=smoothgrad_sq", false, X, 16, 16, 16),
        new Case("smoothgrad:type=vargrad", false, X, 0, 0, 0));
  }

  private static Method ablation(Integer... mask) {
    var d = new FeatureAblation();
    return new FeatureAblation(1, List.of(mask), d.baseline(), 0, d.score());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(Case c) {
    Path file = c.bm2() ? Toy.bm2(folder) : Toy.ml(folder);
    Subject subject = new Subject(Shape.of(c.x().length), c.x(), 0);
    Attribution a = run(file, 1, 4, List.of(c.method()), List.of(subject)).get(0);
    assertThat(a.values()).containsExactly(c.expected(), ROUNDING);
  }

  @Test
  void everyMethodHasACaseWorkedByHand() {
    assertThat(cases().stream().map(c -> Methods.name(c.method())).distinct())
        .containsExactlyInAnyOrderElementsOf(Methods.names());
  }

  @Test
  void bitsDependOnNeitherBatchNorThreadsNorPacking() {
    Path file = Toy.random(folder);
    Random r = new Random(3);
    Subject one = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 1, LEVELS);
    Subject other = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 2, LEVELS);
    List<Method> methods = new ArrayList<>();
    Methods.names().forEach(n -> methods.add(small(n)));
    for (Baseline b : Baseline.values()) {
      methods.add(
          Methods.parse(
              "integrated-gradients:nSteps=5,baseline=" + b.name().toLowerCase(Locale.ROOT)));
      methods.add(
          Methods.parse("occlusion:window=4,stride=3,fill=" + b.name().toLowerCase(Locale.ROOT)));
    }
    List<Attribution> expected = run(file, 1, 1, methods, List.of(one));
    for (int threads : new int[] {1, 2}) {
      for (int batch : new int[] {1, 3, 8, 32}) {
        List<Attribution> alone = run(file, threads, batch, methods, List.of(one));
        List<Attribution> packed = run(file, threads, batch, methods, List.of(other, one));
        for (int i = 0; i < methods.size(); i++) {
          String what = methods.get(i) + ", batch " + batch + ", threads " + threads;
          assertThat(alone.get(i).values()).as(what).isEqualTo(expected.get(i).values());
          assertThat(packed.get(i + methods.size()).values())
              .as(what + ", packed")
              .isEqualTo(expected.get(i).values());
        }
      }
    }
  }

  /** The method for an image of 9 × 7. */
  private static Method small(String name) {
    return Methods.parse(
        switch (name) {
          case "sliding-patch" -> "sliding-patch:patch=3";
          case "occlusion" -> "occlusion:window=4,stride=3";
          default -> name;
        });
  }

  private static List<Attribution> run(
      Path file, int threads, int batch, List<Method> methods, List<Subject> subjects) {
    try (Device device = Devices.open("cpu", threads);
        var pipeline = new Pipeline(Network.load(file), device, batch);
        var workspace = new Workspace(device)) {
      List<Probe<Attribution>> probes = new ArrayList<>();
      for (Subject s : subjects) {
        methods.forEach(m -> probes.add(m.probe(s, workspace)));
      }
      pipeline.run(probes);
      return probes.stream().map(Probe::result).toList();
    }
  }
}
