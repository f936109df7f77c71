package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Preprocess;
import candela.method.Toy;
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
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every listed metric: a case worked by hand, a direction, and the same bits however it is batched.
 */
class MetricTest {
  /** Float rounding of a handful of operations. */
  private static final Offset<Double> ROUNDING = Offset.offset(1e-5);

  @TempDir Path folder;

  /** A metric of one map of three pixels x = 1, 2, 3, and what it must give. */
  record Case(String metric, float[] map, double expected) {}

  /**
   * SLRP scores 18 times the sum of what is there: 108 for x = 1, 2, 3. The class has the last two
   * pixels.
   */
  static List<Case> cases() {
    float[] best = {1, 2, 3};
    float[] worst = {3, 2, 1};
    float[] middle = {0, 4, 1};
    float[] added = {18, 36, 54};
    return List.of(
        // 108, 54, 18, 0: less half the ends 180 − 54 over 3 steps
        new Case("deletion:step=1,score=logit", best, 42),
        // 108, 90, 54, 0
        new Case("deletion:step=1,score=logit", worst, 66),
        new Case("deletion:step=1,score=logit,normalise=true", best, 42 / 108.0),
        // two pixels, then the last: 108, 18, 0
        new Case("deletion:step=2,score=logit", best, 36),
        // one class only: its probability is 1 whatever is there
        new Case("deletion:preset=sam,step=2", best, 1),
        // 0, 54, 90, 108
        new Case("insertion:step=1,score=logit,substrate=zero", best, 66),
        new Case("insertion:step=1,score=logit,substrate=zero", worst, 42),
        new Case("insertion:preset=sam,step=3", worst, 1),
        // up to a third of 3: all three, IoU 2/3; up to two thirds: the last two, IoU 1; beyond:
        // the
        // last, 1/2, which is a miss. α of .1 … .3 and .35 … .5 are hits
        new Case("localisation", best, 0),
        new Case("localisation:from=0.7,to=0.9,by=0.1", best, 1),
        // the last two in any case: IoU 1 up to a quarter, then the middle alone, 1/2: five of nine
        new Case("localisation:from=0.1,to=0.5,by=0.05", middle, 5 / 9.0),
        new Case("localisation:least=0.4", middle, 0),
        // no positive value
        new Case("localisation", new float[] {-1, -2, 0}, 1),
        new Case("pointing-game:tolerance=0", best, 1),
        new Case("pointing-game:tolerance=0", worst, 0),
        new Case("pointing-game:tolerance=1", worst, 1),
        // of equal values the first
        new Case("pointing-game:tolerance=0", new float[3], 0),
        // sorted 1, 2, 3 by −2, 0, 2: 4 over 3 · 6
        new Case("sparseness", best, 2 / 9.0),
        new Case("sparseness", new float[] {0, -5, 0}, 2 / 3.0),
        new Case("sparseness", new float[3], Double.NaN),
        // a quarter ln 4 + three quarters ln (4/3)
        new Case(
            "complexity", new float[] {-1, 3, 0}, 0.25 * Math.log(4) + 0.75 * Math.log(4 / 3.0)),
        new Case("complexity", new float[] {2, 2, -2}, Math.log(3)),
        new Case("complexity", new float[3], Double.NaN),
        new Case("effective-complexity", new float[] {1, -1e-4f, 1e-6f}, 2),
        new Case("effective-complexity:eps=0.5", new float[] {-4, 2, 3}, 2),
        new Case("effective-complexity", new float[3], Double.NaN),
        // 4 + 1 of 4 + 1; 2 + 1 of 6
        new Case("relevance-mass", middle, 1),
        new Case("relevance-mass", worst, 0.5),
        new Case("relevance-mass", new float[] {1, -9, 3}, 0.75),
        new Case("relevance-mass", new float[] {0, -1, 0}, Double.NaN),
        // 108, 54, 18, 0: 0, 54, 90 and 108 are lost
        new Case("region-perturbation:patch=1,score=logit", best, 63),
        // 108, 90, 54, 0
        new Case("region-perturbation:patch=1,score=logit", worst, 45),
        new Case("region-perturbation:patch=1,regions=1,score=logit", best, 27),
        // the last, alone at the edge, then the first two: 108, 54, 0
        new Case("region-perturbation:patch=2,score=logit", best, 54),
        // all become 2, the last first: 108, 90, 90, 108, of which the area is 96
        new Case("irof:score=logit", best, 1 / 9.0),
        // 108, 126, 126, 108
        new Case("irof:score=logit", worst, -1 / 9.0),
        // 108, 54, 18, 0
        new Case("irof:score=logit,substrate=zero", best, 66 / 108.0),
        new Case("irof", best, 0),
        // a third of 1, two of 2, all of 3: 84 of 108
        new Case("average-drop:score=logit", best, 2 / 9.0),
        new Case("average-drop:score=logit", new float[] {-1, 0, -3}, 1),
        // 2, 2, 3: more than before
        new Case("average-drop:score=logit,substrate=mean", new float[] {-1, 0, 3}, 0),
        new Case("average-drop:score=logit,substrate=mean", new float[] {2, 0, 0}, 18 / 108.0),
        // what each pixel adds to the score: the sums are the falls. 2 less each: 2² for single
        // pixels
        new Case("infidelity", added, 0),
        new Case("infidelity:perturbation=subset,subset=2", added, 0),
        new Case("infidelity", new float[] {16, 34, 52}, 4),
        // all pixels: 108 falls to 0, the map says 6; 18 times the map is right
        new Case("infidelity:perturbation=subset,subset=3", best, 102 * 102),
        new Case("infidelity:perturbation=subset,subset=3", new float[3], 108 * 108),
        new Case("infidelity:normalise=true", best, 0),
        new Case("infidelity:normalise=true,perturbation=subset,subset=3", middle, 0),
        // of two pixels 54, 72 or 90 are lost
        new Case("faithfulness-correlation:subset=2,score=logit", best, 1),
        new Case("faithfulness-correlation:subset=2,score=logit", new float[] {-1, -2, -3}, -1),
        new Case("faithfulness-correlation:subset=2,score=logit", new float[3], Double.NaN),
        // one class only: its probability is 1 whatever is there
        new Case("faithfulness-correlation:subset=2", best, Double.NaN),
        new Case("sensitivity-n", best, 1),
        new Case("sensitivity-n", worst, -1),
        // all three: nothing to compare, left out; alone, no number
        new Case("sensitivity-n:most=1", best, 1),
        new Case("sensitivity-n:most=1,sizes=1", best, Double.NaN),
        // the two largest: both; the first and the second
        new Case("relevance-rank", best, 1),
        new Case("relevance-rank", worst, 0.5));
  }

  private Explained vector(float[] map) {
    return new Explained(
        Shape.of(3), new float[] {1, 2, 3}, 0, map, 1, 3, new boolean[] {false, true, true});
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(Case c) {
    Score s =
        run(Toy.slrp(folder), 1, 4, List.of(Metrics.parse(c.metric())), List.of(vector(c.map())))
            .get(0);
    assertThat(s.value()).isCloseTo(c.expected(), ROUNDING);
  }

  @Test
  void everyMetricHasACaseWorkedByHand() {
    assertThat(cases().stream().map(c -> c.metric().split(":")[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(Metrics.names());
  }

  @Test
  void theDirectionTellsTheBetterMap() {
    for (String name : Metrics.names()) {
      Metric m = Metrics.parse(plain(name));
      List<Explained> maps =
          switch (name) {
            // these ask for few pixels, whichever
            case "complexity", "effective-complexity", "sparseness" ->
                List.of(vector(new float[] {0, 0, 3}), vector(new float[] {1, 2, 3}));
            default -> List.of(vector(new float[] {0, 2, 3}), vector(new float[] {3, 0, 0}));
          };
      List<Score> s = run(Toy.slrp(folder), 1, 4, List.of(m), maps);
      double gain = s.get(0).value() - s.get(1).value();
      assertThat(m.direction() == Direction.HIGHER_IS_BETTER ? gain : -gain)
          .as(name)
          .isGreaterThan(0);
    }
  }

  /** With fewer rows, and sets that an image of 63 pixels has. */
  private static String drawn(String name) {
    return switch (name) {
      case "faithfulness-correlation" -> name + ":subset=20,samples=30";
      case "infidelity" -> name + ":samples=40";
      case "irof" -> name + ":segments=9,compactness=1000";
      case "region-perturbation" -> name + ":patch=2";
      case "sensitivity-n" -> name + ":sizes=5,samples=20";
      default -> name;
    };
  }

  private static String plain(String name) {
    return switch (name) {
      case "deletion", "insertion" -> name + ":step=1,score=logit,substrate=zero";
      case "average-drop", "irof" -> name + ":score=logit";
      case "faithfulness-correlation" -> name + ":subset=1,score=logit";
      case "pointing-game" -> name + ":tolerance=0";
      case "region-perturbation" -> name + ":patch=1,score=logit";
      default -> name;
    };
  }

  @Test
  void theCurveIsWhatTheValueIsTheAreaOf() {
    Score s =
        run(
                Toy.slrp(folder),
                1,
                2,
                List.of(Metrics.parse("deletion:step=1,score=logit")),
                List.of(vector(new float[] {1, 2, 3})))
            .get(0);
    assertThat(s.curve()).containsExactly(108.0, 54.0, 18.0, 0.0);
    assertThat(s.parts()).containsEntry("class", 0.0);
  }

  @Test
  void aScoreThatRisesIsAnIncrease() {
    var metric = List.of(Metrics.parse("average-drop:score=logit,substrate=mean"));
    var maps = List.of(vector(new float[] {-1, 0, 3}), vector(new float[] {2, 0, 0}));
    List<Score> s = run(Toy.slrp(folder), 1, 4, metric, maps);
    assertThat(s.get(0).parts()).containsExactly(Map.entry("increase", 1.0));
    assertThat(s.get(1).parts()).containsExactly(Map.entry("increase", 0.0));
  }

  @Test
  void samFollowsTheClassThatTheModelGives() {
    Random r = new Random(3);
    float[] x = draw(r, 189);
    Path file = Toy.random(folder);
    float[] map = draw(r, 63);
    for (String metric : List.of("deletion", "insertion")) {
      Score[] followed = new Score[4];
      Score[] own = new Score[4];
      for (int target = 0; target < 4; target++) {
        var e = new Explained(Shape.of(3, 9, 7), x, target, map, 9, 7, null);
        List<Metric> both =
            List.of(
                Metrics.parse(metric + ":preset=sam,step=10"),
                Metrics.parse(metric + ":step=10,substrate=zero,normalise=true"));
        List<Score> s = run(file, 1, 5, both, List.of(e));
        followed[target] = s.get(0);
        own[target] = s.get(1);
      }
      int best = followed[0].parts().get("class").intValue();
      for (int target = 0; target < 4; target++) {
        assertThat(followed[target].value()).isEqualTo(followed[0].value());
        // the whole image is first in deletion, last in insertion
        boolean first = metric.equals("deletion");
        var mine = first ? own[target].curve().getFirst() : own[target].curve().getLast();
        var most = first ? own[best].curve().getFirst() : own[best].curve().getLast();
        assertThat(mine).isLessThanOrEqualTo(most);
      }
      // the probability of the kernel and that of the logits differ by rounding
      assertThat(followed[0].value()).isCloseTo(own[best].value(), ROUNDING);
    }
  }

  @Test
  void bitsDependOnNeitherBatchNorThreadsNorPacking() {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only");
    Path file = Toy.random(folder);
    Random r = new Random(7);
    boolean[] truth = new boolean[63];
    java.util.Arrays.fill(truth, 20, 30, true);
    List<Explained> maps = new ArrayList<>();
    float[] x = draw(r, 189);
    maps.add(new Explained(Shape.of(3, 9, 7), x, 1, draw(r, 63), 9, 7, truth));
    maps.add(new Explained(Shape.of(3, 9, 7), x, 2, draw(r, 12), 4, 3, truth));
    List<Metric> metrics = new ArrayList<>();
    Metrics.names().forEach(n -> metrics.add(Metrics.parse(drawn(n))));
    metrics.add(Metrics.parse("infidelity:perturbation=subset,subset=9,samples=40,substrate=mean"));
    metrics.add(Metrics.parse("infidelity:samples=40,normalise=true,substrate=blur"));
    metrics.add(Metrics.parse("infidelity:samples=40,seed=5"));
    for (String removal : List.of("deletion", "insertion")) {
      for (Substrate s : Substrate.values()) {
        metrics.add(
            Metrics.parse(
                removal + ":step=4,substrate=" + s.name().toLowerCase(java.util.Locale.ROOT)));
      }
      metrics.add(Metrics.parse(removal + ":step=9,preset=sam"));
    }
    List<Score> expected = new ArrayList<>();
    for (Explained e : maps) {
      expected.addAll(run(file, 1, 1, metrics, List.of(e)));
    }
    for (int threads : new int[] {1, 2}) {
      for (int batch : new int[] {1, 3, 8, 32}) {
        assertThat(run(file, threads, batch, metrics, maps))
            .as("batch %d, threads %d", batch, threads)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void partsThatNoMapDecidesAreAskedOnceForAllMaps() {
    Path file = Toy.random(folder);
    Random r = new Random(11);
    float[] x = draw(r, 189);
    List<Explained> maps = new ArrayList<>();
    maps.add(new Explained(Shape.of(3, 9, 7), x, 1, nan(63), 9, 7, null));
    for (int i = 0; i < 5; i++) {
      maps.add(new Explained(Shape.of(3, 9, 7), x, 1, draw(r, 63), 9, 7, null));
    }
    List<Metric> metrics =
        Stream.of(
                "infidelity:samples=40",
                "infidelity:samples=40,normalise=true",
                "faithfulness-correlation:subset=20,samples=30",
                "sensitivity-n:sizes=5,samples=20")
            .map(Metrics::parse)
            .toList();
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      // the image, with which all four begin, and the parts; both infidelities have the same
      int rows = 41 + 31 + 101;
      List<Probe<Score>> probes = new ArrayList<>();
      maps.forEach(e -> metrics.forEach(m -> probes.add(m.probe(e, workspace))));
      assertThat(probes.stream().mapToInt(Probe::size).sum()).isEqualTo(rows);
      // another class is another question
      var other = new Explained(Shape.of(3, 9, 7), x, 2, draw(r, 63), 9, 7, null);
      assertThat(metrics.getFirst().probe(other, workspace).size()).isEqualTo(41);
    }
    List<Score> alone = new ArrayList<>();
    maps.forEach(e -> metrics.forEach(m -> alone.addAll(run(file, 1, 7, List.of(m), List.of(e)))));
    assertThat(run(file, 1, 7, metrics, maps)).isEqualTo(alone);
  }

  private static float[] nan(int n) {
    float[] v = new float[n];
    java.util.Arrays.fill(v, Float.NaN);
    return v;
  }

  @Test
  void namesAreAlphabeticalAndRoundTrip() {
    assertThat(Metrics.names()).isSorted().doesNotHaveDuplicates();
    for (String name : Metrics.names()) {
      Metric m = Metrics.parse(name);
      assertThat(Metrics.name(m)).isEqualTo(name);
      assertThat(Metrics.parse(name.replace('-', '_'))).isEqualTo(m);
      assertThat(Metrics.parse(name + ":" + Metrics.text(m).replace(" ", ""))).isEqualTo(m);
      assertThat(Metrics.parameters(m)).hasSameSizeAs(m.getClass().getRecordComponents());
    }
    assertThat(Metrics.parse("deletion:preset=sam")).isEqualTo(Deletion.sam());
    assertThat(Metrics.parse("insertion:preset=sam")).isEqualTo(Insertion.sam());
    assertThat(Metrics.parse("insertion")).isEqualTo(Insertion.rise());
  }

  @Test
  void mapsWithNanHaveNoPlace() {
    var e = vector(new float[] {1, Float.NaN, 0});
    List<Metric> all = Metrics.names().stream().map(n -> Metrics.parse(plain(n))).toList();
    List<Score> s = run(Toy.slrp(folder), 1, 1, all, List.of(e));
    assertThat(s).allSatisfy(v -> assertThat(v.value()).isNaN());
  }

  @Test
  void boxesArePutWhereThePhotoGoes() {
    // SAM: 512 x 300 to 256 x 256, then 224 in the middle: x / 2 − 16, y · 256 / 300 − 16
    boolean[] truth =
        Truth.of(
            List.of(new Truth.Box(64, 75, 128, 150), new Truth.Box(500, 0, 600, 300)),
            512,
            300,
            Preprocess.of("sam"),
            224,
            224);
    int count = 0;
    for (int i = 0; i < truth.length; i++) {
      int y = i / 224;
      int x = i % 224;
      assertThat(truth[i]).as("%d, %d", y, x).isEqualTo(y >= 48 && y < 112 && x >= 16 && x < 48);
      count += truth[i] ? 1 : 0;
    }
    assertThat(count).isEqualTo(64 * 32);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "roar | metric: unknown 'roar'; known are average-drop, complexity, deletion,",
        "deletion:step=0 | deletion: step: 1 or more expected, got 0",
        "deletion:predicted=true,score=logit | deletion: score=probability expected where",
        "effective-complexity:eps=1 | effective-complexity: eps: 0 to below 1 expected, got 1.0",
        "insertion:substrate=grey | insertion: substrate: zero, blur, mean expected, got 'grey'",
        "infidelity:samples=0 | infidelity: samples: 1 or more expected, got 0",
        "infidelity:largest=1.5 | infidelity: largest: above 0, up to 1 expected, got 1.5",
        "infidelity:perturbation=noise | infidelity: perturbation: square, subset expected",
        "faithfulness-correlation:samples=1 | faithfulness-correlation: samples: 2 or more",
        "sensitivity-n:most=0 | sensitivity-n: most: above 0, up to 1 expected, got 0.0",
        "localisation:to=0.05 | localisation: to: 0.1 to 1 expected, got 0.05",
        "region-perturbation:patch=0 | region-perturbation: patch: 1 or more expected, got 0",
        "irof:compactness=0 | irof: compactness: a number above 0 expected, got 0.0",
        "average-drop:substrate=grey | average-drop: substrate: zero, blur, mean expected",
        "sparseness:eps=1 | sparseness: unknown parameter 'eps'; it takes none",
        "pointing-game:tolerance=-1 | pointing-game: tolerance: a number of 0 or more expected",
      })
  void whatCannotBeMeasuredIsSaid(String metric, String message) {
    assertThatThrownBy(() -> Metrics.parse(metric))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(message);
  }

  @Test
  void morePixelsThanAnImageHasAreSaid() {
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      assertThatThrownBy(() -> new FaithfulnessCorrelation().probe(vector(new float[3]), workspace))
          .isInstanceOf(CandelaException.class)
          .hasMessage(
              "faithfulness-correlation: subset: at most 3 pixels expected for an image of 3 x 1,"
                  + " got 224");
    }
  }

  @Test
  void anImageWithoutBoxesIsSaid() {
    var e = new Explained(Shape.of(3), new float[3], 0, new float[3], 1, 3, null);
    for (String name : Metrics.names()) {
      Metric m = Metrics.parse(name);
      if (m.needsTruth()) {
        assertThatThrownBy(() -> m.probe(e, null))
            .isInstanceOf(CandelaException.class)
            .hasMessageContaining(name + ": the pixels of the class are needed");
      }
    }
    assertThatThrownBy(
            () -> new Explained(Shape.of(3), new float[3], 0, new float[3], 1, 3, new boolean[2]))
        .hasMessageContaining("truth: 3 pixels expected for an image of 3 x 1, got 2");
    assertThatThrownBy(() -> new Truth.Box(3, 0, 3, 1)).hasMessageContaining("got 3, 0, 3, 1");
  }

  private static float[] draw(Random r, int n) {
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) r.nextGaussian();
    }
    return v;
  }

  private static List<Score> run(
      Path file, int threads, int batch, List<Metric> metrics, List<Explained> maps) {
    try (Device device = TestDevice.open(threads);
        var pipeline = new Pipeline(Network.load(file), device, batch);
        var workspace = new Workspace(device)) {
      List<Probe<Score>> probes = new ArrayList<>();
      for (Explained e : maps) {
        metrics.forEach(m -> probes.add(m.probe(e, workspace)));
      }
      pipeline.run(probes);
      return probes.stream().map(Probe::result).toList();
    }
  }
}
