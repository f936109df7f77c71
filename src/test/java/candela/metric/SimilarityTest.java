package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candela.Shared;
import candela.config.Parameters;
import candela.image.Npy;
import candela.tensor.CandelaException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Every listed similarity: by hand, by its properties, and against scikit-image and SciPy. */
class SimilarityTest {
  /** What the project promises; sums of squares in float32, as skimage's, differ by 3e-7. */
  private static final Offset<Double> PROMISED = Offset.offset(1e-6);

  private static final Offset<Double> EXACT = Offset.offset(1e-12);

  /** Two maps and what they must give. */
  record Case(String similarity, int h, int w, float[] a, float[] b, double expected) {}

  static List<Case> cases() {
    float[] up = {1, 2, 3, 4};
    float[] zigzag = {1, 3, 2, 4};
    float[] one = {0, 0, 0, 0, 9, 0, 0, 0, 0};
    float[] flat = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    return List.of(
        // 1 + 6 + 6 + 16 = 29 over 1 + 4 + 9 + 16 = 30
        new Case("cosine", 1, 4, up, zigzag, 29 / 30.0),
        new Case("cosine", 1, 4, up, new float[4], Double.NaN),
        // (−1.5, −.5, .5, 1.5) · (−1.5, .5, −.5, 1.5) = 4 over 5
        new Case("pearson", 2, 2, up, zigzag, 0.8),
        new Case("pearson", 1, 4, new float[] {.1f, .1f, .1f, .1f}, up, Double.NaN),
        // ranks 1 2 3 4 and 1.5 1.5 3 4: deviations give 4.5 over sqrt(5 · 4.5)
        new Case("spearman", 1, 4, up, new float[] {-7, -7, 0, 100}, 4.5 / Math.sqrt(22.5)),
        // −0 and 0 are equal: ranks 1.5 1.5 3 4 on both sides
        new Case("spearman", 1, 4, new float[] {0, -0f, 2, 3}, new float[] {1, 1, 2, 3}, 1),
        // one window: means 1 and 1, variances 9 and 0, no covariance; C1 = 0.0004, C2 = 0.0036
        new Case("ssim:window=3", 3, 3, one, flat, 0.0036 / (9 + 0.0036)),
        new Case("ssim:window=3", 3, 3, flat, flat, 1),
        // means 0 and 1: C1 / (1 + C1)
        new Case("ssim:window=3", 3, 3, new float[9], flat, 0.0004 / 1.0004),
        // the top two of a are at 2 and 3, of b at 1 and 3
        new Case("top-k:k=2", 2, 2, up, zigzag, 0.5),
        // equal values: the first ones, 0 and 1 against 2 and 3
        new Case("top-k:k=2", 2, 2, new float[4], up, 0),
        new Case("top-k", 2, 2, up, new float[] {2, 0, 0, 3}, 1),
        // differences lie down in a and across in b: bins of 80 … 100 and 0 … 20 degrees; of 9
        // values one is 1 each: (0 − 1/81 · 9) / (8/9 · 9) of the centred descriptors
        new Case("hog:cell=3,block=1", 3, 3, ramp(3, 0), ramp(0, 3), -1 / 8.0),
        new Case("hog:cell=3,block=1", 3, 3, ramp(3, 0), ramp(7, 0), 1),
        new Case("hog:cell=3,block=1", 3, 3, ramp(3, 0), flat, Double.NaN));
  }

  /** 3 x 3, growing by so much down and across. */
  private static float[] ramp(int down, int across) {
    float[] x = new float[9];
    for (int i = 0; i < 9; i++) {
      x[i] = i / 3 * down + i % 3 * across;
    }
    return x;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void caseWorkedByHand(Case c) {
    Maps maps = new Maps(c.h(), c.w(), List.of(c.a(), c.b()));
    double got = Similarities.parse(c.similarity()).of(maps, Pair.all(2))[0];
    // block normalisation of HOG adds 1e-10 to squares of 1
    assertThat(got).isCloseTo(c.expected(), Offset.offset(1e-9));
  }

  @Test
  void everySimilarityHasACaseWorkedByHand() {
    assertThat(cases().stream().map(c -> c.similarity().split(":")[0]).distinct())
        .containsExactlyInAnyOrderElementsOf(Similarities.names());
  }

  @Test
  void namesAreAlphabeticalAndRoundTrip() {
    assertThat(Similarities.names()).isSorted().doesNotHaveDuplicates();
    for (String name : Similarities.names()) {
      Similarity s = Similarities.parse(name);
      assertThat(Similarities.name(s)).isEqualTo(name);
      String text = Similarities.text(s).replace(" ", "");
      assertThat(Similarities.parse(text.isEmpty() ? name : name + ":" + text)).isEqualTo(s);
    }
  }

  private static float[] wave(int h, int w, int k) {
    float[] x = new float[h * w];
    for (int i = 0; i < x.length; i++) {
      int row = i / w;
      int column = i % w;
      x[i] =
          (float)
              (Math.sin(0.3 * column + 0.17 * row * k) + 0.5 * Math.cos(0.05 * column * row * k));
    }
    return x;
  }

  /** skimage 0.26 and SciPy 1.16 on two waves of 53 x 67. */
  @Test
  void aWindowOfGaussianWeightsIsTheirOwn() {
    assertThatThrownBy(() -> Similarities.parse("ssim:weights=gaussian,window=7"))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining("weights=uniform expected, gaussian ones have a window of 11, got 7");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ssim | 0.010664713916343844",
        "ssim:window=7,dataRange=3 | 0.05628339725091708",
        "ssim:weights=gaussian | 0.03122642687421044",
        "hog | 0.39032763154723976",
        "spearman | 0.07963631728930182",
        "pearson | 0.08166134271521877",
        "cosine | 0.08219582511214167",
      })
  void oddSizesAgreeWithScikitImageAndScipy(String similarity, double expected) {
    Maps maps = new Maps(53, 67, List.of(wave(53, 67, 1), wave(53, 67, 2)));
    assertThat(Similarities.parse(similarity).of(maps, Pair.all(2))[0])
        .isCloseTo(expected, PROMISED);
  }

  @Test
  void mapsOfSamAgreeWithScikitImageAndScipy() {
    Path folder = Shared.path("reference/similarity");
    JsonNode pairs = new ObjectMapper().readTree(folder.resolve("expected.json").toFile());
    for (JsonNode p : pairs.get("pairs")) {
      boolean rescale = p.get("rescale_by_max_abs").asBoolean();
      Treatment t = Treatment.sam(rescale ? "lime" : "meaningful-perturbation");
      assertThat(t.rescale()).isEqualTo(rescale);
      assertThat(t.dataRange()).isEqualTo(p.get("data_range").asDouble());
      List<float[]> maps = new ArrayList<>();
      for (String side : List.of("a", "b")) {
        Npy map = Npy.read(folder.resolve(p.get(side).asString()));
        maps.add(t.apply(map.values(), 224, 224, 224, 224));
      }
      Maps both = new Maps(224, 224, maps);
      check(new Ssim(t.dataRange()), both, p.get("ssim_win5_uniform"));
      check(new HogPearson(), both, p.get("hog_pearson"));
      check(new Spearman(), both, p.get("spearman"));
    }
  }

  private static void check(Similarity similarity, Maps maps, JsonNode expected) {
    assertThat(similarity.of(maps, Pair.all(2))[0])
        .as(similarity.toString())
        .isCloseTo(expected.asDouble(), PROMISED);
  }

  private static Similarity small(String name) {
    return Similarities.parse(
        switch (name) {
          case "hog" -> "hog:cell=4,block=2";
          case "top-k" -> "top-k:k=20";
          default -> name;
        });
  }

  @Test
  void aMapIsMostLikeItselfLessLikeNoisyCopiesAndNothingIsLikeNan() {
    float[] map = wave(17, 23, 1);
    Random r = new Random(1);
    float[] near = map.clone();
    float[] far = map.clone();
    for (int i = 0; i < map.length; i++) {
      double z = r.nextGaussian();
      near[i] += (float) (0.1 * z);
      far[i] += (float) (2 * z);
    }
    float[] broken = map.clone();
    broken[40] = Float.NaN;
    float[] endless = map.clone();
    endless[3] = Float.NEGATIVE_INFINITY;
    Maps maps = new Maps(17, 23, List.of(map, map.clone(), near, far, broken, endless));
    for (String name : Similarities.names()) {
      double[] s = small(name).of(maps, Pair.against(0, 6));
      assertThat(s[0]).as(name).isCloseTo(1, EXACT);
      assertThat(s[1]).as(name).isLessThan(s[0]).isGreaterThan(s[2]);
      assertThat(s[3]).as(name).isNaN();
      assertThat(s[4]).as(name).isNaN();
    }
  }

  @Test
  void aPairDependsOnNoOther() {
    List<float[]> all = new ArrayList<>();
    for (int k = 1; k <= 7; k++) {
      all.add(wave(33, 35, k));
    }
    List<Pair> pairs = Pair.all(7);
    assertThat(pairs).hasSize(21);
    for (String name : Similarities.names()) {
      double[] together = small(name).of(new Maps(33, 35, all), pairs);
      for (int i = 0; i < pairs.size(); i++) {
        Pair p = pairs.get(i);
        Maps two = new Maps(33, 35, List.of(all.get(p.b()), all.get(p.a())));
        assertThat(small(name).of(two, Pair.all(2))[0]).as(name).isEqualTo(together[i]);
      }
    }
  }

  @Test
  void parametersAreThoseOfTheRecord() {
    assertThat(Parameters.of(new Ssim(2)))
        .containsExactly(
            Map.entry("weights", "uniform"), Map.entry("window", 5), Map.entry("dataRange", 2.0));
  }

  @Test
  void samsRulesRescaleAndResize() {
    float[] map = {1, -4, 2, 0};
    assertThat(Treatment.sam("lime").apply(map, 2, 2, 2, 2)).containsExactly(.25f, -1, .5f, 0);
    assertThat(Treatment.sam("sliding-patch").apply(map, 2, 2, 2, 2)).containsExactly(map);
    assertThat(Treatment.sam("sliding-patch").apply(map, 2, 2, 9, 7)).hasSize(63);
    assertThat(Treatment.sam("smoothgrad").apply(new float[4], 2, 2, 2, 2)).containsOnly(Float.NaN);
    assertThat(Treatment.standard(true).apply(map, 2, 2, 4, 4)[0]).isEqualTo(.25f);
    assertThat(Treatment.standard(false).dataRange()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ssim | ssim: maps of 5 x 5 or larger (the uniform window) expected, got 4 x 9",
        "ssim:window=4 | ssim: window: an odd number of 3 or more expected, got 4",
        "ssim:dataRange=-1 | ssim: dataRange: a number of 0 or more expected, got -1.0",
        "hog | hog: maps of 48 x 48 or larger expected (3 cells of 16), got 4 x 9",
        "top-k:k=37 | top-k: k of at most 36 expected for maps of 4 x 9, got 37",
        "top-k:k=-1 | top-k: k: 0 or more expected, got -1",
        "kendall | similarity: unknown 'kendall'; known are cosine, hog, pearson",
      })
  void whatCannotBeComparedIsSaid(String similarity, String message) {
    Maps maps = new Maps(4, 9, List.of(wave(4, 9, 1), wave(4, 9, 2)));
    assertThatThrownBy(() -> Similarities.parse(similarity).of(maps, Pair.all(2)))
        .isInstanceOf(CandelaException.class)
        .hasMessageContaining(message);
    assertThatThrownBy(() -> new Maps(4, 9, List.of(new float[35])))
        .hasMessageContaining("maps: 36 values expected for 4 x 9, got 35");
  }

  /** 1,000 as Quantus where maps are as large as ImageNet's. */
  @Test
  void theDefaultKIsAShareOfTheMap() {
    assertThat(TopK.of(0, 224 * 224)).isEqualTo(1000);
    assertThat(TopK.of(0, 32 * 32)).isEqualTo(20);
    assertThat(TopK.of(0, 4)).isEqualTo(1);
    assertThat(TopK.of(7, 224 * 224)).isEqualTo(7);
  }
}
