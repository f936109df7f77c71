package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.image.Preprocess;
import candela.method.Toy;
import candela.probe.Logits;
import candela.probe.Mapped;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every listed metric: a case worked by hand, a direction, and the same bits however it is batched.
 */
class MetricTest {
  /** Float rounding of a handful of operations. */
  private static final Offset<Double> ROUNDING = Offset.offset(1e-5);

  @TempDir Path folder;

  /** Its method finds 1, 2, 3 in all images. */
  private Explained vector(float[] map) {
    return new Explained(
        Shape.of(3),
        new float[] {1, 2, 3},
        0,
        map,
        1,
        3,
        new boolean[] {false, true, true},
        finds(pixels -> new float[] {1, 2, 3}));
  }

  /** −2, 1.5, 4: a no of its first pixel alone. */
  private static Explained signs(float[] map) {
    return new Explained(Shape.of(3), new float[] {-2, 1.5f, 4}, 0, map, 1, 3, null);
  }

  /** A method whose map follows from the image alone. */
  private static Explainer finds(UnaryOperator<float[]> map) {
    return (pixels, own) ->
        new Mapped<>(new Logits(own.device(), pixels), logits -> map.apply(pixels));
  }

  /** A method whose map of n values repeats the logits. */
  private static Explainer repeats(int n) {
    return (pixels, own) ->
        new Mapped<>(
            new Logits(own.device(), pixels),
            said -> {
              float[] logits = said.logits();
              float[] values = new float[n];
              for (int i = 0; i < n; i++) {
                values[i] = logits[i % logits.length];
              }
              return values;
            });
  }

  @Test
  void mapsHaveRowsAndColumns() {
    float[] x = {1, 2, 3, 4};
    Shape s = Shape.of(1, 2, 2);
    for (int[] size : new int[][] {{-2, -2}, {0, 0}, {1 << 16, 1 << 16}}) {
      float[] map = size[0] == -2 ? x : new float[0];
      assertThatThrownBy(() -> new Explained(s, x, 0, map, size[0], size[1], null))
          .isInstanceOf(CandelaException.class)
          .hasMessageStartingWith("map: ");
    }
    assertThatThrownBy(() -> new Explained(s, x, -1, x, 2, 2, null))
        .isInstanceOf(CandelaException.class)
        .hasMessage("target: a class of 0 or more expected, got -1");
  }

  /** As kernels believe it. */
  @Test
  void anImageOfAnotherShapeThanTheNetworksIsRefused() {
    Network network = Network.load(Toy.attending(folder));
    int refused = 0;
    try (Device device = TestDevice.open(1);
        var pipeline = new Pipeline(network, device, 8)) {
      for (Shape s : List.of(Shape.of(3, 18, 14), Shape.of(3, 8, 7), Shape.of(3, 7, 9))) {
        float[] x = new float[s.count()];
        int n = s.count(1, 3);
        float[] map = Arrays.copyOf(x, n);
        boolean[] truth = new boolean[n];
        truth[0] = true;
        var e = new Explained(s, x, 1, map, s.dim(1), s.dim(2), truth, finds(p -> map));
        for (String name : Metrics.names()) {
          try (var workspace = new Workspace(device)) {
            String spec =
                switch (name) {
                  case "faithfulness-correlation" -> name + ":subset=5";
                  case "top-k-intersection" -> name + ":k=5";
                  default -> name;
                };
            Probe<Score> probe = Metrics.parse(spec).probe(e, workspace);
            if (probe.size() > 0) {
              refused++;
              assertThatThrownBy(() -> pipeline.run(List.of(probe)))
                  .as(name + " of " + s)
                  .isInstanceOf(CandelaException.class)
                  .hasMessageContaining("[3,9,7] expected, got one of " + s);
            }
          }
        }
      }
    }
    assertThat(refused).isGreaterThan(40);
  }

  /** Of a method that returns the image, the map changes by what the image does. */
  @Test
  void sensitivityComparesMapsOfImagesNearby() {
    float[] x = {1, 2, 3};
    var e = new Explained(Shape.of(3), x, 0, x, 1, 3, null, finds(pixels -> pixels));
    Metric few = Metrics.parse("max-sensitivity:samples=3,radius=0.1");
    Metric more = Metrics.parse("max-sensitivity:samples=200,radius=0.1");
    List<Score> s = run(Toy.slrp(folder), 1, 4, List.of(few, more), List.of(e));
    for (Score score : s) {
      assertThat(score.parts().get("lipschitz")).isCloseTo(1, ROUNDING);
      // of a range of 2, at most a fifth in each of three values
      assertThat(score.value()).isBetween(score.parts().get("mean"), 0.2 * Math.sqrt(3 / 14.0));
    }
    // of 200 draws the largest is near a corner, and no smaller than that of the first three
    assertThat(s.get(1).value()).isGreaterThan(0.17 * Math.sqrt(3 / 14.0));
    assertThat(s.get(1).value()).isGreaterThanOrEqualTo(s.get(0).value());
    // the length of a vector uniform in a cube of side 2 is 0.9606 in the mean
    assertThat(s.get(1).parts().get("mean"))
        .isCloseTo(0.9606 * 0.2 / Math.sqrt(14), Offset.offset(0.004));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void amongMapsThatAreNotFiniteThereIsNoNumber(float strange) {
    float[] x = {1, 2, 3};
    float[] map = {1, strange, 3};
    var e = new Explained(Shape.of(3), x, 0, x, 1, 3, null, finds(pixels -> map));
    List<Metric> metrics =
        Stream.of("continuity", "max-sensitivity", "relative-input-stability")
            .map(Metrics::parse)
            .toList();
    for (Score s : run(Toy.slrp(folder), 1, 4, metrics, List.of(e))) {
      assertThat(s.value()).isNaN();
      assertThat(s.parts().values()).as("%s", s).noneMatch(v -> Double.isInfinite(v));
      assertThat(s.reason()).isEqualTo(Reason.NOT_FINITE);
    }
  }

  /** Of a method that returns the image, the map changes as the image does. */
  @Test
  void stabilityIsRelativeToWhatChanges() {
    float[] x = {1, 2, 3};
    var e = new Explained(Shape.of(3), x, 0, x, 1, 3, null, finds(pixels -> pixels));
    List<Metric> both =
        List.of(
            Metrics.parse("relative-input-stability:samples=20"),
            Metrics.parse("relative-output-stability:samples=20"));
    List<Score> s = run(Toy.slrp(folder), 1, 4, both, List.of(e));
    assertThat(s.get(0).value()).isCloseTo(1, ROUNDING);
    assertThat(s.get(0).parts().get("mean")).isCloseTo(1, ROUNDING);
    assertThat(s.get(0).parts()).containsEntry("same", 1.0);
    // ‖u / x‖ ≥ |Σ u| / √(1 + 4 + 9) where the score changes by 18 |Σ u|
    assertThat(s.get(1).parts().get("mean")).isGreaterThan(1 / (18 * Math.sqrt(14)));
    assertThat(s.get(1).value()).isGreaterThan(s.get(1).parts().get("mean"));
  }

  /**
   * Of a method that returns the image 1, 2, 3, then 0, 1, 2, then 0, 0, 1: its pixels' shares are
   * 1, 2, 3 of 6, then 0, 2, 4, then 0, 0, 6.
   */
  @Test
  void continuityFollowsAnImageThatMoves() {
    float[] x = {1, 2, 3};
    var e = new Explained(Shape.of(3), x, 0, x, 1, 3, null, finds(pixels -> pixels));
    List<Metric> metrics =
        List.of(
            Metrics.parse("continuity:patch=1"),
            Metrics.parse("continuity:patch=1,steps=1"),
            Metrics.parse("continuity:patch=1,substrate=most"));
    List<Score> s = run(Toy.slrp(folder), 1, 4, metrics, List.of(e));
    double first = 2 / 6.0 / Math.sqrt(3);
    double second = 4 / 6.0 / Math.sqrt(2);
    assertThat(s.get(0).value()).isCloseTo(second, ROUNDING);
    assertThat(s.get(0).parts().get("mean")).isCloseTo((first + second) / 2, ROUNDING);
    // logits 108, 54, 18: from their mean 48, -6, -42, whose squares add up to 4,104; a pixel's
    // shares from their mean, of 18: 2, -1, -1; 2, 2, -4; -4, -1, 5
    double r = 144 / Math.sqrt(6) + 252 / Math.sqrt(24) - 396 / Math.sqrt(42);
    assertThat(s.get(0).parts().get("correlation")).isCloseTo(r / 3 / Math.sqrt(4104), ROUNDING);
    assertThat(s.get(1).value()).isCloseTo(first, ROUNDING);
    // 3, 1, 2, then 3, 3, 1: shares of 42 change by 7 · (2, -1, -1), then by (-3, 11, -8)
    assertThat(s.get(2).value()).isCloseTo(28 / 42.0 / Math.sqrt(6), ROUNDING);
  }

  /** A map of zeros has shares of 0: all is lost at the first step. */
  @Test
  void aMapThatVanishesIsLostAsAWhole() {
    var e =
        new Explained(
            Shape.of(3),
            new float[] {1, 2, 3},
            0,
            new float[] {1, 1, 0},
            1,
            3,
            null,
            finds(pixels -> new float[3]));
    List<Metric> metric = List.of(Metrics.parse("continuity"));
    Score s = run(Toy.slrp(folder), 1, 4, metric, List.of(e)).getFirst();
    assertThat(s.value()).isCloseTo(1 / Math.sqrt(3), ROUNDING);
    assertThat(s.parts().get("correlation")).isGreaterThan(0.8);
  }

  /** [2,2,3], of which the last column remains. */
  @Test
  void imagesMoveInAllChannels() {
    float[] x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    float[] other = {-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12};
    var e = new Explained(Shape.of(2, 2, 3), x, 0, new float[6], 2, 3, null);
    var shifts = new Shifts(2, 1, other);
    assertThat(shifts.image(e, 0)).containsExactly(-1, 1, 2, -4, 4, 5, -7, 7, 8, -10, 10, 11);
    assertThat(shifts.image(e, 1)).containsExactly(-1, -2, 1, -4, -5, 4, -7, -8, 7, -10, -11, 10);
  }

  /** −2 alone is a no, with 1.5 beside it a yes: 1.5, 1.5 of which the guess is the last. */
  @Test
  void accuracyComesBackWithInformation() {
    List<Metric> metric = List.of(Metrics.parse("aic:seed=3"));
    List<Explained> maps = List.of(signs(new float[] {1, 3, 2}), signs(new float[] {1, 2, 3}));
    List<Score> s = run(Toy.sum(folder, 3), 1, 4, metric, maps);
    double information = (2 * Math.log(1.5) + Math.log(3)) / (3 * Math.log(3));
    // up to a yes at that, and straight on; a yes with all the information
    assertThat(s.get(0).value()).isCloseTo(1 - information / 2, ROUNDING);
    assertThat(s.get(0).curve()).hasSize(1001).isSorted().endsWith(1.0).contains(1.0, 0.0);
    assertThat(s.get(1).value()).isCloseTo(0.5, ROUNDING);
    assertThat(s.get(1).parts()).containsEntry("blurred", 0.0);
  }

  /** Of a map, its curves have the same images; of a moving image, its maps for any patches. */
  @Test
  void whatMetricsOfAMapHaveInCommonIsAskedOnce() {
    Random r = new Random(17);
    var e = new Explained(Shape.of(3, 9, 7), draw(r, 189), 1, draw(r, 63), 9, 7, null, repeats(63));
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      List<Probe<?>> asked = new ArrayList<>();
      for (String m : List.of("aic", "sic", "sic:least=0.1", "sic:seed=1")) {
        asked.addAll(Metrics.parse(m).probe(e, workspace).inTurn());
      }
      assertThat(asked.stream().mapToInt(Probe::size).sum()).isEqualTo(2 * 15);
      asked.clear();
      for (String m : List.of("continuity:patch=2", "continuity", "continuity:substrate=mean")) {
        asked.addAll(Metrics.parse(m).probe(e, workspace).inTurn());
      }
      // 6 steps of one pixel, and the logits of the image as well
      assertThat(asked.stream().mapToInt(Probe::size).sum()).isEqualTo(2 * (6 + 7));
    }
  }

  /** Of one score, a yes that becomes a no is another class: the sum of the image is 0. */
  @Test
  void stabilityOfOneScoreLeavesOutWhereItsSignTurns() {
    float[] x = {0.5f, -0.5f, 0};
    var e = new Explained(Shape.of(3), x, 0, x, 1, 3, null, finds(pixels -> pixels));
    List<Metric> metric = List.of(Metrics.parse("relative-output-stability:samples=40,eps=0.1"));
    Score s = run(Toy.sum(folder, 3), 1, 4, metric, List.of(e)).getFirst();
    assertThat(s.parts().get("same")).isBetween(0.2, 0.8);
  }

  @Test
  void aMapWithoutItsMethodIsSaid() {
    var e = new Explained(Shape.of(3), new float[3], 0, new float[3], 1, 3, null);
    for (String name : Metrics.names()) {
      Metric m = Metrics.parse(name);
      if (m.needsMethod()) {
        assertThatThrownBy(() -> run(Toy.slrp(folder), 1, 1, List.of(m), List.of(e)))
            .isInstanceOf(CandelaException.class)
            .hasMessageStartingWith(name + ": the map's method is needed");
      }
    }
  }

  /** The first two pixels have 54 together and the last has 54; each loses 18 times its value. */
  @Test
  void whatPixelsRepeatIsCountedOnce() {
    Explained repeated = vector(new float[] {54, 54, 54});
    List<Explained> both = List.of(repeated, repeated.adding(new float[] {27, 27, 54}));
    for (String metric : List.of("completeness", "infidelity:perturbation=subset,subset=3")) {
      List<Score> s = run(Toy.slrp(folder), 1, 4, List.of(Metrics.parse(metric)), both);
      assertThat(s.get(0).value()).as(metric).isGreaterThan(0.4);
      assertThat(s.get(1).value()).as(metric).isCloseTo(0, ROUNDING);
    }
    Metric estimate = Metrics.parse("faithfulness-estimate:step=1,score=logit");
    List<Score> s = run(Toy.slrp(folder), 1, 4, List.of(estimate), both);
    assertThat(s.get(0).value()).isNaN(); // sums that are all the same
    assertThat(s.get(1).value()).isCloseTo(Math.sqrt(3) / 2, ROUNDING);
    Metric slopes = Metrics.parse("infidelity:perturbation=noise");
    s = run(Toy.slrp(folder), 1, 4, List.of(slopes), both);
    assertThat(s.get(1).value()).isEqualTo(s.get(0).value());
  }

  @ParameterizedTest
  @MethodSource("candela.metric.MetricCases#all")
  void caseWorkedByHand(MetricCases.Case c) {
    Score s =
        run(Toy.slrp(folder), 1, 4, List.of(Metrics.parse(c.metric())), List.of(vector(c.map())))
            .get(0);
    assertThat(s.value()).isCloseTo(c.expected(), ROUNDING);
    // told of all that is no number, for a cause that the metric knows, and of nothing else
    assertThat(s.reason().isEmpty()).isEqualTo(!Double.isNaN(c.expected()));
    assertThat(s.reason()).isNotIn(Reason.NOT_FINITE, Reason.NOT_YET);
  }

  /** Of an image 1, 2, 3 that scores 108, 1 as a probability; 0 stands for a map of zeros. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sic:score=logit,least=109 | 3 | the image scores 108.0, below least (109.0)",
        "sic | 3 | the image scores 1.0, no more than blurred, 1.0",
        "sic:score=logit,known=1 | 3 | the image scores 108.0, no more than blurred, 108.0",
        "aic | 3 | the model gives the blurred image this class, too",
        "faithfulness-correlation:subset=2,score=logit | 0 | the map has the same on all sets of"
            + " pixels",
        "faithfulness-correlation:subset=2 | 3 | the score changes equally whichever pixels go",
        "faithfulness-estimate:score=logit | 3 | all pixels are in one set, and there is nothing to"
            + " correlate",
        "faithfulness-estimate:step=2,score=logit | 0 | the map is the same everywhere",
        "pointing-game | 0 | the map is the same everywhere",
        "relevance-rank | 0 | the map is the same everywhere",
        "top-k-intersection:k=1 | 0 | the map is the same everywhere",
        "monotonicity-correlation:step=1 | 0 | the map has the same on all sets of pixels",
        "sensitivity-n:most=1,sizes=1 | 3 | the map has the same on all sets of pixels",
        "sensitivity-n:score=probability,sizes=1,most=0.3 | 3 | the score changes equally whichever"
            + " pixels go",
        "relative-output-stability | 0 | the map is 0 everywhere",
        "max-sensitivity | 0 | the map is 0 everywhere",
        "continuity | 0 | the map is 0 everywhere",
        "continuity:step=3 | 3 | the first step leaves no column of the image",
        "complexity | 0 | the map is 0 everywhere",
        "completeness:substrate=mean | 3 | the score is the same without the image",
        "relevance-mass | 0 | no value of the map is above 0",
      })
  void whatIsNoNumberHasAReason(String metric, int last, String reason) {
    float[] map = last == 0 ? new float[3] : new float[] {1, 2, last};
    List<Metric> one = List.of(Metrics.parse(metric));
    Score s = run(Toy.slrp(folder), 1, 4, one, List.of(vector(map))).getFirst();
    assertThat(s.value()).isNaN();
    assertThat(s.reason()).isEqualTo(reason);
  }

  /** Metrics of a truth that shows nothing, or everything. */
  @Test
  void aTruthThatTellsNothingIsTheReason() {
    float[] map = {1, 2, 3};
    float[] x = {1, 2, 3};
    var none = new Explained(Shape.of(3), x, 0, map, 1, 3, new boolean[3]);
    for (String m :
        List.of(
            "localisation",
            "pointing-game",
            "relevance-mass",
            "relevance-rank",
            "roc-auc",
            "top-k-intersection:k=2",
            "top-k-intersection:k=2,conceptInfluence=true")) {
      Score s = run(Toy.slrp(folder), 1, 1, List.of(Metrics.parse(m)), List.of(none)).getFirst();
      assertThat(s.value()).as(m).isNaN();
      assertThat(s.parts().values()).as(m).allMatch(v -> v.isNaN());
      assertThat(s.reason()).as(m).isEqualTo("no pixel shows the class");
    }
    var all = new Explained(Shape.of(3), x, 0, map, 1, 3, new boolean[] {true, true, true});
    List<Metric> auc = List.of(Metrics.parse("roc-auc"));
    assertThat(run(Toy.slrp(folder), 1, 1, auc, List.of(all)).getFirst().reason())
        .isEqualTo("all pixels show the class");
  }

  /** Of −1, −2, −3 the score is 0; an even image has no range; −2, 0.5, 1 are a no. */
  @Test
  void anImageThatTellsNothingIsTheReason() {
    float[] map = {1, 2, 3};
    var low = new Explained(Shape.of(3), new float[] {-1, -2, -3}, 0, map, 1, 3, null);
    for (String m : List.of("average-drop:score=logit", "irof:score=logit")) {
      Score s = run(Toy.slrp(folder), 1, 4, List.of(Metrics.parse(m)), List.of(low)).getFirst();
      assertThat(s.value()).as(m).isNaN();
      assertThat(s.reason()).as(m).isEqualTo("the image scores 0.0, not above 0");
    }
    var even =
        new Explained(
            Shape.of(3), new float[] {2, 2, 2}, 0, map, 1, 3, null, finds(pixels -> pixels));
    List<Metric> stability = List.of(Metrics.parse("max-sensitivity"));
    assertThat(run(Toy.slrp(folder), 1, 4, stability, List.of(even)).getFirst().reason())
        .isEqualTo("all values of the image are equal");
    var no = new Explained(Shape.of(3), new float[] {-2, 0.5f, 1}, 0, map, 1, 3, null);
    List<Metric> aic = List.of(Metrics.parse("aic"));
    assertThat(run(Toy.sum(folder, 3), 1, 4, aic, List.of(no)).getFirst().reason())
        .isEqualTo("the model does not give the image this class");
  }

  @Test
  void namesTellMetricsApart() {
    List<String> texts =
        List.of("deletion", "sic:least=0.5", "deletion:step=9,substrate=mean", "aic", "sic");
    assertThat(Metrics.names(texts.stream().map(Metrics::parse).toList()))
        .containsExactly(
            "deletion:step=0,substrate=zero",
            "sic:least=0.5",
            "deletion:step=9,substrate=mean",
            "aic",
            "sic:least=0.8");
  }

  @Test
  void everyMetricHasACaseWorkedByHand() {
    assertThat(MetricCases.all().stream().map(c -> c.metric().split(":")[0]).distinct())
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
            // the first and last pixel for 2 each change nothing, the last two do
            case "monotonicity" ->
                List.of(vector(new float[] {2, 1, 3}), vector(new float[] {0, 2, 3}));
            // a random value of 1 … 3 is nearest to the middle one
            case "monotonicity-correlation" ->
                List.of(vector(new float[] {2, 1, 3}), vector(new float[] {1, 3, 2}));
            // with 1 known, 2 brings more score for the information than 3 does
            case "sic" -> List.of(vector(new float[] {1, 3, 2}), vector(new float[] {1, 2, 3}));
            case "aic" -> List.of(signs(new float[] {1, 3, 2}), signs(new float[] {1, 2, 3}));
            default -> List.of(vector(new float[] {0, 2, 3}), vector(new float[] {3, 0, 0}));
          };
      Path model = name.equals("aic") ? Toy.sum(folder, 3) : Toy.slrp(folder);
      List<Score> s = run(model, 1, 4, List.of(m), maps);
      double gain = s.get(0).value() - s.get(1).value();
      assertThat(m.direction() == Direction.HIGHER_IS_BETTER ? gain : -gain)
          .as(name)
          .isGreaterThan(0);
    }
  }

  /** With fewer rows, and sets that an image of 63 pixels has. */
  private static String drawn(String name) {
    return switch (name) {
      case "continuity" -> name + ":steps=3,patch=2";
      case "faithfulness-correlation" -> name + ":subset=20,samples=30";
      case "faithfulness-estimate" -> name + ":step=4";
      case "infidelity" -> name + ":samples=40";
      case "irof" -> name + ":segments=9,compactness=1000";
      case "max-sensitivity" -> name + ":samples=3,radius=0.5";
      case "monotonicity" -> name + ":step=4";
      case "monotonicity-correlation" -> name + ":samples=3";
      case "non-sensitivity" -> name + ":step=4,eps=0.01";
      case "relative-input-stability" -> name + ":samples=3,radius=0.5";
      case "relative-output-stability" -> name + ":samples=4,radius=0.5,seed=2";
      case "relative-representation-stability" -> name + ":samples=3,radius=0.5,seed=3";
      case "region-perturbation" -> name + ":patch=2";
      case "sensitivity-n" -> name + ":sizes=5,samples=20";
      case "sic" -> name + ":known=0.1,least=0";
      case "top-k-intersection" -> name + ":k=20";
      default -> name;
    };
  }

  private static String plain(String name) {
    return switch (name) {
      case "deletion", "insertion" -> name + ":step=1,score=logit,substrate=zero";
      case "average-drop", "irof" -> name + ":score=logit";
      case "continuity" -> name + ":patch=1";
      case "faithfulness-correlation" -> name + ":subset=1,score=logit";
      case "faithfulness-estimate" -> name + ":step=1,score=logit";
      case "monotonicity" -> name + ":step=2,substrate=mean,score=logit";
      case "monotonicity-correlation" -> name + ":step=1,samples=200,score=logit";
      case "non-sensitivity" -> name + ":step=1,score=logit";
      case "pointing-game" -> name + ":tolerance=0";
      case "relative-representation-stability" -> name + ":layer=y1";
      case "road" -> name + ":noise=0,score=logit";
      case "region-perturbation" -> name + ":patch=1,score=logit";
      case "sic" -> name + ":score=logit";
      case "top-k-intersection" -> name + ":k=2";
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

  /** 1,792 of 224 x 224 would be all of a small image, whatever its map. */
  @Test
  void aTwentyEighthOfThePixelsGoesAtATime() {
    for (int[] size : new int[][] {{224, 224, 1792, 29}, {32, 32, 37, 29}, {3, 1, 1, 4}}) {
      int n = size[0] * size[1];
      var e =
          new Explained(
              Shape.of(1, size[0], size[1]), new float[n], 0, new float[n], size[0], size[1], null);
      int step = RemovalOrder.rise(e);
      assertThat(step).isEqualTo(size[2]);
      assertThat(RemovalOrder.pixels(e, step).count()).hasSize(size[3]);
    }
  }

  @Test
  void sharesOfAFineGridHaveNamesOfTheirOwn() {
    assertThat(Check.at(0.1)).isEqualTo("@0.10");
    assertThat(Check.at(0.105)).isEqualTo("@0.105");
    assertThat(Check.at(0.1001)).isEqualTo("@0.1001");
    assertThat(Check.at(1)).isEqualTo("@1.00");
    assertThat(Check.grid(0.1, 0.5, 0.005, "").stream().map(Check::at)).doesNotHaveDuplicates();
    assertThat(Check.grid(0.1, 0.1099, 1e-4, "").stream().map(Check::at))
        .hasSize(100)
        .doesNotHaveDuplicates();
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

  /** Over a largest score below zero, a map that is worse would have the better number. */
  @Test
  void aCurveThatIsNowhereAboveZeroIsNoShareOfItsLargest() {
    Random r = new Random(3);
    var e = new Explained(Shape.of(3, 9, 7), draw(r, 189), 0, draw(r, 63), 9, 7, null);
    for (String metric : List.of("deletion", "insertion")) {
      var share = Metrics.parse(metric + ":score=log_probability,normalise=true");
      Score s = run(Toy.random(folder), 1, 5, List.of(share), List.of(e)).getFirst();
      assertThat(s.value()).as(metric).isNaN();
      assertThat(s.reason()).startsWith("the image scores -").endsWith(", not above 0");
    }
  }

  @Test
  void bitsDependOnNeitherBatchNorThreadsNorPacking() {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only");
    Path file = Toy.random(folder);
    Random r = new Random(7);
    boolean[] truth = new boolean[63];
    Arrays.fill(truth, 20, 30, true);
    List<Explained> maps = new ArrayList<>();
    float[] x = draw(r, 189);
    maps.add(new Explained(Shape.of(3, 9, 7), x, 1, draw(r, 63), 9, 7, truth, repeats(63)));
    maps.add(new Explained(Shape.of(3, 9, 7), x, 2, draw(r, 12), 4, 3, truth, repeats(12)));
    List<Metric> metrics = new ArrayList<>();
    Metrics.names().forEach(n -> metrics.add(Metrics.parse(drawn(n))));
    metrics.add(Metrics.parse("infidelity:perturbation=subset,subset=9,samples=40,substrate=mean"));
    metrics.add(Metrics.parse("infidelity:samples=40,normalise=true,substrate=blur"));
    metrics.add(Metrics.parse("infidelity:samples=40,seed=5"));
    metrics.add(Metrics.parse("infidelity:samples=40,perturbation=noise"));
    for (String removal : List.of("deletion", "insertion")) {
      for (Substrate s : Substrate.values()) {
        metrics.add(
            Metrics.parse(removal + ":step=4,substrate=" + s.name().toLowerCase(Locale.ROOT)));
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
                "infidelity:samples=20,perturbation=noise",
                "infidelity:samples=20,perturbation=noise,normalise=true,substrate=mean",
                "faithfulness-correlation:subset=20,samples=30",
                "sensitivity-n:sizes=5,samples=20",
                "non-sensitivity:step=10",
                "non-sensitivity:step=10,eps=0.1")
            .map(Metrics::parse)
            .toList();
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      // the image, with which all begin, and the parts; infidelities have the same, two by two
      int rows = 41 + 21 + 31 + 101 + 8;
      List<Probe<Score>> probes = new ArrayList<>();
      maps.forEach(e -> metrics.forEach(m -> probes.add(m.probe(e, workspace))));
      assertThat(probes.stream().mapToInt(Probe::size).sum()).isEqualTo(rows);
      // another class is another question
      var other = new Explained(Shape.of(3, 9, 7), x, 2, draw(r, 63), 9, 7, null);
      assertThat(metrics.getFirst().probe(other, workspace).size()).isEqualTo(41);
    }
    List<Score> alone = new ArrayList<>();
    maps.forEach(e -> metrics.forEach(m -> alone.addAll(run(file, 1, 7, List.of(m), List.of(e)))));
    List<Score> together = run(file, 1, 7, metrics, maps);
    if (TestDevice.isCpu()) {
      assertThat(together).isEqualTo(alone);
    }
    for (int i = 0; i < alone.size(); i++) {
      assertThat(together.get(i).value()).isCloseTo(alone.get(i).value(), ROUNDING);
    }
  }

  /** Maps of images nearby once for all metrics of a map, their logits once for all maps. */
  @Test
  void imagesNearbyAreAskedOnce() {
    Path file = Toy.random(folder);
    Random r = new Random(13);
    float[] x = draw(r, 189);
    List<Explained> maps = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      maps.add(new Explained(Shape.of(3, 9, 7), x, 1, draw(r, 12), 4, 3, null, repeats(12)));
    }
    List<Metric> metrics =
        Stream.of(
                "max-sensitivity",
                "relative-input-stability",
                "relative-output-stability",
                "relative-representation-stability")
            .map(m -> Metrics.parse(m + ":samples=6,radius=0.3,seed=4"))
            .toList();
    try (Device device = TestDevice.open(1);
        var workspace = new Workspace(device)) {
      List<Probe<?>> asked = new ArrayList<>();
      maps.forEach(e -> metrics.forEach(m -> asked.addAll(m.probe(e, workspace).inTurn())));
      assertThat(asked.stream().mapToInt(Probe::size).sum()).isEqualTo(3 * 6 + 7 + 7);
    }
    List<Score> alone = new ArrayList<>();
    maps.forEach(e -> metrics.forEach(m -> alone.addAll(run(file, 1, 7, List.of(m), List.of(e)))));
    List<Score> together = run(file, 1, 7, metrics, maps);
    for (int i = 0; i < alone.size(); i++) {
      double one = alone.get(i).value();
      assertThat(one).isPositive();
      assertThat(together.get(i).value() / one).isCloseTo(1, ROUNDING);
    }
    if (TestDevice.isCpu()) {
      assertThat(together).isEqualTo(alone);
      // likewise when the maps have been read before
      try (Device device = TestDevice.open(1);
          var pipeline = new Pipeline(Network.load(file), device, 7);
          var workspace = new Workspace(device)) {
        for (int i = 0; i < metrics.size(); i++) {
          Probe<Score> late = metrics.get(i).probe(maps.getFirst(), workspace);
          pipeline.run(List.of(late));
          assertThat(late.result()).isEqualTo(alone.get(i));
        }
      }
    }
  }

  private static float[] nan(int n) {
    float[] v = new float[n];
    Arrays.fill(v, Float.NaN);
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
    assertThat(s)
        .hasSameSizeAs(all)
        .allSatisfy(v -> assertThat(v.value()).isNaN())
        .allSatisfy(v -> assertThat(v.reason()).isEqualTo("the map holds NaN or infinity"));
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
        "roar | metric: unknown 'roar'; known are aic, average-drop, completeness, complexity,",
        "aic:known=0 | aic: known: above 0, up to 1 expected, got 0.0",
        "continuity:steps=0 | continuity: steps: 1 or more expected, got 0",
        "continuity:step=-1 | continuity: step: 0 or more expected, got -1",
        "continuity:patch=0 | continuity: patch: 1 or more expected, got 0",
        "deletion:step=-1 | deletion: step: 0 or more expected, got -1",
        "deletion:predicted=true,score=logit | deletion: score=probability expected where",
        "effective-complexity:eps=1 | effective-complexity: eps: 0 to below 1 expected, got 1.0",
        "insertion:substrate=grey | insertion: substrate: zero, blur, padded_blur, mean, least,"
            + " most, average expected, got 'grey'",
        "infidelity:samples=0 | infidelity: samples: 1 or more expected, got 0",
        "infidelity:largest=1.5 | infidelity: largest: above 0, up to 1 expected, got 1.5",
        "infidelity:perturbation=shap | infidelity: perturbation: square, subset, noise expected",
        "infidelity:spread=0 | infidelity: spread: a number above 0 expected, got 0.0",
        "faithfulness-correlation:samples=1 | faithfulness-correlation: samples: 2 or more",
        "faithfulness-estimate:step=0 | faithfulness-estimate: step: 1 or more expected, got 0",
        "relative-input-stability:eps=0 | relative-input-stability: eps: a number above 0 expected",
        "relative-output-stability:radius=0 | relative-output-stability: radius: a number above 0",
        "relative-representation-stability:eps=0 | relative-representation-stability: eps: a"
            + " number",
        "non-sensitivity:step=0 | non-sensitivity: step: 1 or more expected, got 0",
        "non-sensitivity:eps=-1 | non-sensitivity: eps: a number of 0 or more expected, got -1.0",
        "top-k-intersection:k=-1 | top-k-intersection: k: 0 or more expected, got -1",
        "completeness:substrate=grey | completeness: substrate: zero, blur, padded_blur, mean,"
            + " least, most, average expected",
        "monotonicity-correlation:step=-1 | monotonicity-correlation: step: 0 or more expected",
        "monotonicity-correlation:samples=0 | monotonicity-correlation: samples: 1 or more",
        "road:from=0 | road: from: a number above 0 expected, got 0.0",
        "road:to=1 | road: to: below 1.0 expected, got 1.0",
        "road:by=1e-9 | road: by: 1.0E-4 or more expected, got 1.0E-9",
        "localisation:by=0 | localisation: by: 1.0E-4 or more expected, got 0.0",
        "road:by=1e-4 | road: by: a grid of at most 1000 values expected, got 1.0E-4",
        "road:noise=-1 | road: noise: a number of 0 or more expected, got -1.0",
        "sic:known=1.1 | sic: known: above 0, up to 1 expected, got 1.1",
        "sensitivity-n:most=0 | sensitivity-n: most: above 0, up to 1 expected, got 0.0",
        "localisation:to=0.05 | localisation: to: 0.1 to 1 expected, got 0.05",
        "region-perturbation:patch=0 | region-perturbation: patch: 1 or more expected, got 0",
        "irof:compactness=0 | irof: compactness: a number above 0 expected, got 0.0",
        "average-drop:substrate=grey | average-drop: substrate: zero, blur, padded_blur, mean,"
            + " least, most, average expected",
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
      assertThatThrownBy(
              () -> new TopKIntersection(4, false).probe(vector(new float[3]), workspace))
          .isInstanceOf(CandelaException.class)
          .hasMessage("top-k-intersection: k of at most 3 expected for an image of 3 x 1, got 4");
    }
  }

  @Test
  void moreRowsThanCanBeCountedAreSaid() {
    Metric m = Metrics.parse("monotonicity-correlation:step=1,samples=1000000000");
    assertThatThrownBy(() -> m.probe(vector(new float[3]), null))
        .isInstanceOf(CandelaException.class)
        .hasMessage(
            "monotonicity-correlation: samples: at most 715827882 expected for 3 groups, got"
                + " 1000000000");
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
