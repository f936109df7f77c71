package candela.method;

import static org.assertj.core.api.Assertions.assertThat;

import candela.device.Device;
import candela.device.Devices;
import candela.graph.Network;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.rule.Composite;
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

  /** The networks of the cases, see {@link Toy}. */
  enum Net {
    BM2,
    CONV,
    MIN,
    ML,
    SLRP;

    Path in(Path folder) {
      return switch (this) {
        case BM2 -> Toy.bm2(folder);
        case CONV -> Toy.conv(folder);
        case MIN -> Toy.min(folder);
        case ML -> Toy.ml(folder);
        case SLRP -> Toy.slrp(folder);
      };
    }

    Shape shape() {
      return switch (this) {
        case BM2, MIN -> Shape.of(2);
        case CONV -> Shape.of(1, 4, 4);
        default -> Shape.of(3);
      };
    }
  }

  /** A method, its network and image, and what it must give. */
  record Case(Method method, Net net, float[] x, float[] expected) {
    Case(String method, Net net, float[] x, float... expected) {
      this(Methods.parse(method), net, x, expected);
    }
  }

  private static final float[] X = {20, 50, 30};

  /** 0 … 15, row by row. */
  private static final float[] IMAGE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

  private static final float[] ONE_TWO_THREE = {1, 2, 3};

  /**
   * ML gives −1 + relu(s − 10) + 3 relu(s + 1) for the sum s of x: slope 4 above 10, 3 below. With
   * x = 20, 50, 30 a value v taken away costs 4v as long as 10 is left.
   *
   * <p>SLRP hands 3 · 2 x_i from each of three units to input i.
   */
  static List<Case> cases() {
    return List.of(
        new Case(ablation(0, 1, 2), Net.ML, X, new float[] {80, 200, 120}),
        new Case(ablation(0, 0, 1), Net.ML, X, new float[] {280, 280, 120}),
        new Case(ablation(0, 1, 2), Net.ML, new float[] {2, 10, 3}, new float[] {8, 35, 12}),
        // all units are far above 0, where the slope is 1
        new Case("beta-smooth", Net.ML, X, 4, 4, 4),
        // one unit at −10, three at 1: σ(−10) + 3 σ(1) = 0.0000454 + 3 · 0.7310586
        new Case("beta-smooth:beta=1", Net.ML, new float[3], 2.193221f, 2.193221f, 2.193221f),
        new Case("deconvnet", Net.CONV, IMAGE, 2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1),
        new Case("deeplift", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        new Case("deeplift:rule=reveal_cancel", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // z of the last unit is −1 and 1, f 0 and 1: the multiplier is ½
        new Case("deeplift", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        // the paper's example, section 3.5.3: x2 is all of min(x1, x2), or half
        new Case("deeplift", Net.MIN, new float[] {5, 3}, 0, 3),
        // z = 5 − 3: Δy⁺ = ½ (5 − 0 + 2 − 0) = 3.5 over 5, Δy⁻ = ½ (0 − 0 + 2 − 5) = −1.5 over −3
        new Case("deeplift:rule=reveal_cancel", Net.MIN, new float[] {5, 3}, 1.5f, 1.5f),
        new Case(
            "deeplift:rule=reveal_cancel,multiplyByInputs=false",
            Net.MIN,
            new float[] {5, 3},
            0.3f,
            0.5f),
        // each unit's excitation comes from x in proportion 1 : 2 : 3
        new Case("excitation-backprop", Net.SLRP, ONE_TWO_THREE, 1 / 6f, 2 / 6f, 3 / 6f),
        new Case(
            "excitation-backprop:contrastive=true",
            Net.SLRP,
            ONE_TWO_THREE,
            1 / 6f,
            2 / 6f,
            3 / 6f),
        new Case("gradient", Net.ML, X, 4, 4, 4),
        new Case("gradient", Net.ML, new float[] {1, 2, 3}, 3, 3, 3),
        new Case(
            "guided-backprop", Net.CONV, IMAGE, 0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1),
        new Case("input-x-gradient", Net.ML, X, 80, 200, 120),
        new Case("integrated-gradients", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        new Case(
            "integrated-gradients:multiplyByInputs=false", Net.BM2, new float[] {3, 1}, .5f, -.5f),
        new Case(
            "lrp:composite=epsilon",
            Net.CONV,
            IMAGE,
            0,
            1,
            2,
            3,
            0,
            5,
            6,
            7,
            0,
            9,
            10,
            11,
            0,
            0,
            0,
            0),
        new Case("lrp:composite=epsilon", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // superpixels of one pixel each; the score is 18 times what is shown of x
        new Case(lime("samples=40,alpha=1e-9"), Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // the one sample is the image itself
        new Case(lime("samples=1,estimate=mean"), Net.SLRP, ONE_TWO_THREE, 108, 108, 108),
        new Case(lime("samples=1"), Net.SLRP, ONE_TWO_THREE, 0, 0, 0),
        // x − blur(x) is below 0, above, below: only less of the middle lowers the score, and
        // Adam's first step is the rate
        new Case(mp("iterations=1,start=ones"), Net.ML, X, 0, 0.1f, 0),
        new Case("occlusion:window=1,stride=1", Net.ML, X, 80, 200, 120),
        new Case("occlusion:window=2,stride=2", Net.ML, X, 280, 280, 120),
        // windows {0,1} and {1,2} drop 280 and 320; the middle lies under both
        new Case("occlusion:window=2,stride=1", Net.ML, X, 280, 300, 320),
        new Case("occlusion:window=2,stride=1,overlap=sum", Net.ML, X, 280, 600, 320),
        // y R of the units is 90, 101, 101, 101; the 20th percentile 96.6 shuts one out
        new Case("rectgrad:percent=20", Net.ML, X, 3, 3, 3),
        new Case("sliding-patch:patch=1,stride=2,score=logit", Net.ML, X, 80, 120),
        new Case("smoothgrad:stdev=1", Net.ML, X, 4, 4, 4),
        new Case("smoothgrad:type=smoothgrad_sq", Net.ML, X, 16, 16, 16),
        new Case("smoothgrad:type=vargrad", Net.ML, X, 0, 0, 0));
  }

  /** Superpixels of one pixel. */
  private static String lime(String parameters) {
    return "lime:segments=3,compactness=1e9,sigma=0,score=logit," + parameters;
  }

  private static String mp(String parameters) {
    return "meaningful-perturbation:score=logit,jitter=0,smooth=0," + parameters;
  }

  private static Method ablation(Integer... mask) {
    var d = new FeatureAblation();
    return new FeatureAblation(1, List.of(mask), d.baseline(), 0, d.score());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(Case c) {
    Path file = c.net().in(folder);
    Subject subject = new Subject(c.net().shape(), c.x(), 0);
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
    for (Composite c : Composite.values()) {
      methods.add(new Lrp(c));
    }
    for (Lime.Fill f : Lime.Fill.values()) {
      String fill = f.name().toLowerCase(Locale.ROOT);
      methods.add(Methods.parse("lime:samples=21,segments=6,estimate=mean,fill=" + fill));
    }
    for (String more :
        List.of(
            "start=random,upsampling=bilinear,maskBlur=1", "start=ones,variation=joint,seed=7")) {
      methods.add(Methods.parse("meaningful-perturbation:iterations=5,mask=4," + more));
    }
    methods.add(Methods.parse("excitation-backprop:contrastive=true"));
    methods.add(Methods.parse("deeplift:rule=reveal_cancel,baseline=random"));
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

  @Test
  void smallerCountsLieOnTheWayToLargerOnes() {
    Path file = Toy.random(folder);
    Random r = new Random(5);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 1, LEVELS);
    List<Nested> nested = new ArrayList<>();
    for (String name : Methods.names()) {
      if (small(name) instanceof Nested n) {
        nested.add(n);
      }
    }
    assertThat(nested).hasSize(3);
    List<Integer> counts = List.of(1, 3, 4, 11, 12);
    for (Nested n : nested) {
      Nested largest = n.with(12);
      assertThat(largest.count()).isEqualTo(12);
      assertThat(largest.with(n.count())).isEqualTo(n);
      for (int batch : new int[] {1, 3, 8, 32}) {
        try (Device device = Devices.open("cpu", 2);
            var pipeline = new Pipeline(Network.load(file), device, batch);
            var workspace = new Workspace(device)) {
          Staged<Attribution> all = largest.probe(subject, workspace, counts);
          pipeline.run(List.of(all));
          for (int count : counts) {
            Probe<Attribution> alone = n.with(count).probe(subject, workspace);
            pipeline.run(List.of(alone));
            assertThat(all.result(count).values())
                .as("%s at %d, batch %d", n, count, batch)
                .isEqualTo(alone.result().values());
            assertThat(all.result(count).notes()).isEqualTo(alone.result().notes());
          }
        }
      }
    }
  }

  /** The method for an image of 9 × 7. */
  private static Method small(String name) {
    return Methods.parse(
        switch (name) {
          case "sliding-patch" -> "sliding-patch:patch=3";
          case "lime" -> "lime:samples=40,segments=9,sigma=1";
          case "meaningful-perturbation" -> "meaningful-perturbation:iterations=12,mask=5";
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
