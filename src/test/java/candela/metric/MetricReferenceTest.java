package candela.metric;

import static org.assertj.core.api.Assertions.assertThat;

import candela.PlainImputer;
import candela.TestDevice;
import candela.device.Device;
import candela.device.Philox;
import candela.graph.Network;
import candela.image.MeanColour;
import candela.image.Slic;
import candela.method.Attribution;
import candela.method.Methods;
import candela.method.Subject;
import candela.method.Toy;
import candela.probe.Asked;
import candela.probe.Logits;
import candela.probe.Mapped;
import candela.probe.Pipeline;
import candela.probe.Probe;
import candela.probe.Range;
import candela.probe.Rectangles;
import candela.probe.Workspace;
import candela.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Metrics that ask the model, against plain Java in doubles over images put together pixel by
 * pixel, of a network of three channels drawn at random.
 */
class MetricReferenceTest {
  /** Scores are floats of some units. */
  private static final Offset<Double> ROUNDING = Offset.offset(1e-4);

  private static final int H = 9;
  private static final int W = 7;
  private static final int PIXELS = H * W;
  private static final Shape IMAGE = Shape.of(3, H, W);
  private static final int TARGET = 2;

  @TempDir Path folder;

  private final float[] x = draw(5, 3 * PIXELS, 0.2);
  private final float[] map = draw(6, PIXELS, 1);
  private Device device;
  private Pipeline pipeline;
  private Asked asked;

  @BeforeEach
  void open() {
    device = TestDevice.open(2);
    pipeline = new Pipeline(Network.load(Toy.random(folder)), device, 8);
    asked = new Asked(pipeline);
  }

  @AfterEach
  void close() {
    pipeline.close();
    device.close();
  }

  @Test
  void infidelityOfSquares() {
    int[] edges = Rectangles.squares(MetricSeed.of(3), 50, 0.5, H, W);
    List<boolean[]> parts = new ArrayList<>();
    for (int e = Rectangles.EDGES; e < edges.length; e += Rectangles.EDGES) {
      boolean[] part = new boolean[PIXELS];
      for (int i = edges[e]; i < edges[e + 2]; i++) {
        Arrays.fill(part, i * W + edges[e + 1], i * W + edges[e + 3], true);
      }
      parts.add(part);
    }
    checkInfidelity("infidelity:samples=50,largest=0.5,seed=3,substrate=mean", parts);
  }

  @Test
  void infidelityOfSets() {
    checkInfidelity(
        "infidelity:perturbation=subset,subset=13,samples=30,seed=4,substrate=mean",
        sets(List.of(13), 30, 4));
  }

  /** 49 cells tell all of 30 squares, and of 30 that they were not fitted to they do not. */
  @Test
  void mapsAreNotJudgedByThePerturbationsTheyWereFittedTo() {
    var subject = new Subject(IMAGE, x, TARGET);
    try (var workspace = new Workspace(device)) {
      Probe<Attribution> fitted =
          Methods.parse("optimal-infidelity:grid=7,samples=30").probe(subject, workspace);
      pipeline.run(List.of(fitted));
      Attribution a = fitted.result();
      var explained =
          new Explained(IMAGE, x, TARGET, a.map(), H, W, null).adding(a.contributions());
      Probe<Score> judged = Metrics.parse("infidelity:samples=30").probe(explained, workspace);
      pipeline.run(List.of(judged));
      Score score = judged.result();
      double zeros = score.parts().get("zeros");
      assertThat(a.notes().get("infidelity")).isLessThan(1e-6 * zeros);
      assertThat(score.value()).isGreaterThan(0.01 * zeros);
    }
  }

  @Test
  void infidelityOfNoise() {
    double[][] noise = noise(new PixelNoise(30, 0.2f, 8));
    double[] sums = new double[noise.length];
    double[] falls = new double[noise.length];
    for (int s = 0; s < noise.length; s++) {
      float[] y = x.clone();
      for (int i = 0; i < y.length; i++) {
        y[i] -= (float) noise[s][i % PIXELS];
      }
      for (int i = 0; i < PIXELS; i++) {
        sums[s] += noise[s][i] * map[i];
      }
      falls[s] =
          (double) asked.prediction(x).logits()[TARGET] - asked.prediction(y).logits()[TARGET];
    }
    String metric = "infidelity:perturbation=noise,samples=30,seed=8";
    checkInfidelity(metric + ",stdev=0.2", sums, falls);
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    double spread = 0.2 / (sorted[sorted.length - 1] - sorted[0]);
    assertThat(score(metric + ",spread=" + spread).value())
        .isCloseTo(infidelity(sums, falls, 1), ROUNDING);
  }

  @Test
  void noiseIsNormalAndTheSameInMoreSamples() {
    double[][] noise = noise(new PixelNoise(400, 0.5f, 8));
    assertThat(noise(new PixelNoise(5, 0.5f, 8))).isEqualTo(Arrays.copyOf(noise, 5));
    double[] all = Arrays.stream(noise).flatMapToDouble(Arrays::stream).toArray();
    // 25,200 values: deviations of their mean and of their mean square, six times
    assertThat(Arrays.stream(all).average().orElseThrow()).isCloseTo(0, Offset.offset(0.019));
    assertThat(Arrays.stream(all).map(z -> z * z).average().orElseThrow())
        .isCloseTo(0.25, Offset.offset(0.0134));
    assertThat(Arrays.stream(all).filter(z -> Math.abs(z) > 1).count() / 25200.0)
        .isCloseTo(0.0455, Offset.offset(0.008));
  }

  /** Noise by sample and pixel, asked one by one. */
  private double[][] noise(PixelNoise drawn) {
    try (var workspace = new Workspace(device)) {
      Removal.Parts parts = drawn.of(IMAGE, workspace);
      double[][] noise = new double[drawn.samples()][PIXELS];
      for (int i = 0; i < PIXELS; i++) {
        float[] one = new float[PIXELS];
        one[i] = 1;
        double[] at = parts.sums(one);
        for (int s = 0; s < at.length; s++) {
          noise[s][i] = at[s];
        }
      }
      return noise;
    }
  }

  private void checkInfidelity(String metric, List<boolean[]> parts) {
    checkInfidelity(metric, sums(parts), falls(parts, MeanColour.of(x, 3, PIXELS), false));
  }

  private void checkInfidelity(String metric, double[] sums, double[] falls) {
    double both = 0;
    double square = 0;
    for (int i = 0; i < sums.length; i++) {
      both += sums[i] * falls[i];
      square += sums[i] * sums[i];
    }
    assertThat(score(metric).value()).isCloseTo(infidelity(sums, falls, 1), ROUNDING);
    double scale = both / square;
    Score best = score(metric + ",normalise=true");
    assertThat(best.value()).isCloseTo(infidelity(sums, falls, scale), ROUNDING);
    assertThat(best.parts().get("scale")).isCloseTo(scale, ROUNDING);
    assertThat(best.parts().get("zeros")).isCloseTo(infidelity(sums, falls, 0), ROUNDING);
    // no other scale is better
    assertThat(best.value()).isLessThan(infidelity(sums, falls, 1.01 * scale));
    assertThat(best.value()).isLessThan(infidelity(sums, falls, 0.99 * scale));
  }

  private static double infidelity(double[] sums, double[] falls, double scale) {
    return IntStream.range(0, sums.length)
        .mapToDouble(i -> Math.pow(scale * sums[i] - falls[i], 2))
        .average()
        .orElseThrow();
  }

  @Test
  void correlationsOfSumsAndFalls() {
    List<boolean[]> parts = sets(List.of(20), 40, 1);
    double expected = pearson(sums(parts), falls(parts, new float[x.length], true));
    assertThat(score("faithfulness-correlation:subset=20,samples=40,seed=1").value())
        .isCloseTo(expected, ROUNDING);
    // 1 … 31.5 in two equal steps of the logarithm
    List<Integer> n = List.of(1, 6, 32);
    Score s = score("sensitivity-n:sizes=3,most=0.5,samples=40,seed=1");
    double sum = 0;
    for (int size : n) {
      List<boolean[]> own = sets(List.of(size), 40, 1);
      double r = pearson(sums(own), falls(own, new float[x.length], false));
      assertThat(s.parts().get("correlation@" + size)).as("n = %d", size).isCloseTo(r, ROUNDING);
      sum += r / 3;
    }
    assertThat(s.parts()).hasSize(3);
    assertThat(s.value()).isCloseTo(sum, ROUNDING);
  }

  private static double pearson(double[] a, double[] b) {
    double n = a.length;
    double meanA = Arrays.stream(a).sum() / n;
    double meanB = Arrays.stream(b).sum() / n;
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < n; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += Math.pow(a[i] - meanA, 2);
      bb += Math.pow(b[i] - meanB, 2);
    }
    return ab / Math.sqrt(aa * bb);
  }

  @Test
  void setsHaveTheirSizeAndFavourNoPixel() {
    List<boolean[]> drawn = sets(List.of(20), 3000, 9);
    assertThat(sets(List.of(5, 20), 100, 9).subList(100, 200))
        .usingRecursiveComparison()
        .isEqualTo(drawn.subList(0, 100));
    int[] often = new int[PIXELS];
    for (boolean[] set : drawn) {
      assertThat(IntStream.range(0, PIXELS).filter(i -> set[i]).count()).isEqualTo(20);
      IntStream.range(0, PIXELS).filter(i -> set[i]).forEach(i -> often[i]++);
    }
    // 20 of 63 in 3000 draws: 952 with a deviation of 25
    assertThat(Arrays.stream(often).boxed().toList())
        .allSatisfy(n -> assertThat(n).isBetween(952 - 125, 952 + 125));
  }

  @Test
  void regionsGoByTheMeanOfTheMap() {
    // 3 x 2 patches of 4 x 4, cut at the edges
    int[] patch = new int[PIXELS];
    Arrays.setAll(patch, i -> i / W / 4 * 2 + i % W / 4);
    double[] f = curve(patch, 6, new float[x.length]);
    double expected = IntStream.rangeClosed(0, 4).mapToDouble(k -> f[0] - f[k]).sum() / 5;
    Score s = score("region-perturbation:patch=4,regions=4");
    assertThat(s.value()).isCloseTo(expected, ROUNDING);
    assertThat(s.curve()).hasSize(5);
  }

  /** The curve of ever more pixels in focus: up to the first image of equal information. */
  @Test
  void performanceComesBackWithInformation() {
    boolean[] known = new boolean[PIXELS];
    int[] drawn = new Philox(MetricSeed.of(5), 0).permutation(PIXELS);
    Arrays.stream(drawn).limit(6).forEach(i -> known[i] = true);
    List<Integer> order = new ArrayList<>(IntStream.range(0, PIXELS).boxed().toList());
    order.sort(Comparator.comparingDouble(i -> -map[i]));
    double[] shares = {.005, .01, .02, .03, .04, .05, .07, .1, .13, .21, .34, .5, .75};
    double[] p = new double[shares.length + 2];
    double[] bits = new double[p.length];
    Range range = Range.of(x);
    for (int row = 0; row < p.length; row++) {
      boolean[] missing = new boolean[PIXELS];
      int n = row == 0 ? 0 : row > shares.length ? PIXELS : 1 + (int) (shares[row - 1] * 62);
      for (int i = 0; i < PIXELS; i++) {
        missing[order.get(i)] = i >= n && !known[order.get(i)];
      }
      float[] y = new float[x.length];
      for (int i = 0; i < y.length; i++) {
        y[i] = (float) PlainImputer.filled(x, i / PIXELS * PIXELS, H, W, missing)[i % PIXELS];
      }
      p[row] = probability(y);
      bits[row] = Information.bits(y, 0, IMAGE, range);
    }
    int last = p.length - 1;
    assertThat(p[last]).isGreaterThan(p[0]);
    double sum = 0;
    for (int i = 0; i <= 1000; i++) {
      // the last place at or below, and the first one above
      double from = 0;
      double below = 0;
      double to = Double.POSITIVE_INFINITY;
      double above = 0;
      for (int row = 1; row <= last; row++) {
        double at = Math.clamp((bits[row] - bits[0]) / (bits[last] - bits[0]), 0, 1);
        double f = Math.clamp((p[row] - p[0]) / (p[last] - p[0]), 0, 1);
        if (at <= i / 1000.0) {
          from = Math.max(from, at);
          below = Math.max(below, f);
        } else if (at < to) {
          to = at;
          above = f;
        }
      }
      above = Math.max(above, below);
      double f = i == 1000 ? 1 : below + (above - below) * (i / 1000.0 - from) / (to - from);
      sum += i == 0 || i == 1000 ? f / 2 : f;
    }
    assertThat(score("sic:known=0.1,least=0,seed=5").value()).isCloseTo(sum / 1000, ROUNDING);
  }

  @Test
  void superpixelsGoByTheMeanOfTheMap() {
    double[] levels = new double[x.length];
    Arrays.setAll(levels, i -> x[i]);
    int[] label = new Slic(9, 1000, 0).labels(levels, 3, H, W);
    int n = Arrays.stream(label).max().orElseThrow() + 1;
    assertThat(n).isGreaterThan(3);
    double[] f = curve(label, n, MeanColour.of(x, 3, PIXELS));
    double over = 0;
    for (int k = 0; k < n; k++) {
      over += (1 - f[k] / f[0] + 1 - f[k + 1] / f[0]) / 2 / n;
    }
    assertThat(score("irof:segments=9,compactness=1000").value()).isCloseTo(over, ROUNDING);
  }

  @Test
  void onlyWhatTheMapShowsIsLeft() {
    float most = 0;
    for (float a : map) {
      most = Math.max(most, a);
    }
    float[] shown = x.clone();
    for (int i = 0; i < shown.length; i++) {
      shown[i] *= Math.max(0, map[i % PIXELS]) / most;
    }
    double whole = probability(x);
    double left = probability(shown);
    Score s = score("average-drop");
    assertThat(s.value()).isCloseTo(Math.max(0, whole - left) / whole, ROUNDING);
    assertThat(s.parts().get("increase")).isEqualTo(left > whole ? 1.0 : 0.0);
  }

  @Test
  void groupsOfPixelsCostWhatTheMapSays() {
    List<boolean[]> groups = new ArrayList<>();
    for (int from = 0; from < PIXELS; from += 10) {
      groups.add(ranked(from, Math.min(from + 10, PIXELS), false));
    }
    double expected = pearson(sums(groups), falls(groups, new float[x.length], true));
    assertThat(score("faithfulness-estimate:step=10").value()).isCloseTo(expected, ROUNDING);
  }

  @Test
  void groupsMatterToTheMapOrToTheModel() {
    map[20] = 50; // beside which many are small
    double[] sizes = new double[7];
    List<boolean[]> groups = new ArrayList<>();
    for (int g = 0; g < 7; g++) {
      boolean[] group = new boolean[PIXELS];
      for (int i = 10 * g; i < Math.min(10 * g + 10, PIXELS); i++) {
        group[i] = true;
        sizes[g] = Math.max(sizes[g], Math.abs(map[i]));
      }
      groups.add(group);
    }
    double[] falls = falls(groups, new float[x.length], true);
    double eps = 0.05;
    int idle = 0;
    int missed = 0;
    for (int g = 0; g < 7; g++) {
      idle += sizes[g] / 50 > eps && Math.abs(falls[g]) <= eps ? 1 : 0;
      missed += sizes[g] / 50 <= eps && Math.abs(falls[g]) > eps ? 1 : 0;
    }
    assertThat(idle + missed).isPositive();
    Score s = score("non-sensitivity:step=10,eps=0.05");
    assertThat(s.value()).isEqualTo((idle + missed) / 7.0);
    assertThat(s.parts()).containsEntry("idle", idle / 7.0).containsEntry("missed", missed / 7.0);
  }

  @Test
  void whatAMapAddsUpToIsComparedWithWhatTheImageBrings() {
    double sum = 0;
    for (float a : map) {
      sum += a;
    }
    float[] mean = MeanColour.of(x, 3, PIXELS);
    double fall =
        (double) asked.prediction(x).logits()[TARGET] - asked.prediction(mean).logits()[TARGET];
    Score s = score("completeness:substrate=mean");
    assertThat(s.value()).isCloseTo(Math.abs(sum - fall) / Math.abs(fall), ROUNDING);
    assertThat(s.parts().get("delta")).isCloseTo(sum - fall, ROUNDING);
    assertThat(s.parts().get("fall")).isCloseTo(fall, ROUNDING);
    double chance = probability(x) - probability(new float[x.length]);
    assertThat(score("completeness:score=probability").parts().get("fall"))
        .isCloseTo(chance, ROUNDING);
  }

  @Test
  void randomPixelsChangeTheScoreAsTheMapSays() {
    int n = 7;
    int groups = Math.ceilDiv(PIXELS, 8);
    List<Integer> order = new ArrayList<>(IntStream.range(0, PIXELS).boxed().toList());
    order.sort(Comparator.comparingDouble(i -> -Math.abs(map[i])));
    float[] sorted = x.clone();
    Arrays.sort(sorted);
    float lo = sorted[0];
    float hi = sorted[sorted.length - 1];
    double[] means = new double[groups];
    double[] changes = new double[groups];
    double whole = probability(x);
    for (int g = 0; g < groups; g++) {
      List<Integer> own = order.subList(8 * g, Math.min(8 * g + 8, PIXELS));
      means[g] = own.stream().mapToDouble(i -> Math.abs(map[i])).average().orElseThrow();
      for (int s = 0; s < n; s++) {
        var random = new Philox(MetricSeed.of(3), s);
        float[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
          double u = random.uniform(lo, hi);
          y[i] = own.contains(i % PIXELS) ? (float) u : y[i];
        }
        changes[g] += Math.pow(probability(y) - whole, 2) / n;
      }
    }
    assertThat(score("monotonicity-correlation:step=8,samples=7,seed=3").value())
        .isCloseTo(pearson(ranks(means), ranks(changes)), ROUNDING);
    // a 28th of 63 pixels are 3
    assertThat(score("monotonicity-correlation"))
        .isEqualTo(score("monotonicity-correlation:step=3"));
  }

  private static double[] ranks(double[] v) {
    return Arrays.stream(v).map(a -> Arrays.stream(v).filter(b -> b < a).count()).toArray();
  }

  /** A method whose map is the sum of squares over the channels, of images that change class. */
  @Test
  void mapsChangeForTheirSizeOverWhatElseDoes() {
    float[] image = x.clone();
    image[5] = 0;
    float[] a = map.clone();
    a[11] = 0;
    float[] sorted = image.clone();
    Arrays.sort(sorted);
    double reach = 0.6 * ((double) sorted[sorted.length - 1] - sorted[0]);
    double eps = 1e-3;
    float[] h = asked.prediction(image).logits();
    double in = 0;
    double out = 0;
    double inSum = 0;
    double represented = 0;
    int same = 0;
    for (int s = 0; s < 12; s++) {
      var random = new Philox(MetricSeed.of(5), s);
      float[] near = image.clone();
      for (int i = 0; i < near.length; i++) {
        near[i] += (float) random.uniform(-reach, reach);
      }
      float[] other = asked.prediction(near).logits();
      if (largest(other) == largest(h)) {
        double change = change(a, squares(near), eps);
        double logits = 0;
        for (int k = 0; k < h.length; k++) {
          logits += Math.pow((double) h[k] - other[k], 2);
        }
        in = Math.max(in, change / Math.max(change(image, near, eps), eps));
        out = Math.max(out, change / Math.max(Math.sqrt(logits), eps));
        represented = Math.max(represented, change / Math.max(change(h, other, eps), eps));
        inSum += change / Math.max(change(image, near, eps), eps);
        same++;
      }
    }
    assertThat(same).as("some keep the class").isBetween(1, 11);
    String parameters = ":samples=12,radius=0.6,eps=0.001,seed=5";
    Score input = stability("relative-input-stability" + parameters, image, a);
    assertThat(input.value() / in).isCloseTo(1, ROUNDING);
    assertThat(input.parts().get("mean") / (inSum / same)).isCloseTo(1, ROUNDING);
    assertThat(input.parts().get("same")).isEqualTo(same / 12.0);
    Score output = stability("relative-output-stability" + parameters, image, a);
    assertThat(output.value() / out).isCloseTo(1, ROUNDING);
    // the logits are a value of the model like any other
    Score layer =
        stability("relative-representation-stability" + parameters + ",layer=y3", image, a);
    assertThat(layer.value() / represented).isCloseTo(1, ROUNDING);
    // none keeps it: no number
    Score none = stability("relative-output-stability:samples=1,radius=50,seed=2", image, a);
    assertThat(none.parts().get("same")).isZero();
    assertThat(none.value()).isNaN();
    assertThat(none.reason()).isEqualTo("no image nearby keeps the class");
  }

  private Score stability(String metric, float[] image, float[] a) {
    try (var workspace = new Workspace(device)) {
      Explainer explainer =
          (pixels, own) -> new Mapped<>(new Logits(own.device(), pixels), z -> squares(pixels));
      var explained = new Explained(IMAGE, image, TARGET, a, H, W, null, explainer);
      Probe<Score> probe = Metrics.parse(metric).probe(explained, workspace);
      pipeline.run(List.of(probe));
      return probe.result();
    }
  }

  private static float[] squares(float[] image) {
    float[] y = new float[PIXELS];
    for (int i = 0; i < image.length; i++) {
      y[i % PIXELS] += image[i] * image[i];
    }
    return y;
  }

  private static double change(float[] a, float[] b, double eps) {
    return Math.sqrt(
        IntStream.range(0, a.length)
            .mapToDouble(i -> Math.pow(((double) a[i] - b[i]) / (a[i] == 0 ? eps : a[i]), 2))
            .sum());
  }

  private static int largest(float[] v) {
    return IntStream.range(0, v.length)
        .boxed()
        .max(Comparator.comparingDouble(i -> v[i]))
        .orElseThrow();
  }

  /** Holes filled by Gaussian elimination. */
  @Test
  void whatIsRemovedIsGuessedFromItsNeighbours() {
    double most = 0;
    double least = 0;
    Score s = score("road:from=0.2,to=0.8,by=0.3,noise=0");
    for (double share : new double[] {0.2, 0.5, 0.8}) {
      int gone = (int) Math.round(share * PIXELS);
      double f = probability(imputed(ranked(0, gone, false)));
      double g = probability(imputed(ranked(0, gone, true)));
      assertThat(s.parts().get("most" + Check.at(share))).isCloseTo(f, ROUNDING);
      assertThat(s.parts().get("least" + Check.at(share))).isCloseTo(g, ROUNDING);
      most += f / 3;
      least += g / 3;
    }
    assertThat(s.value()).isCloseTo((least - most) / 2, ROUNDING);
    assertThat(s.parts().get("most")).isCloseTo(most, ROUNDING);
    // noise of a hundredth of the image's deviation is seen, and is another one with another seed
    Score noisy = score("road:from=0.2,to=0.8,by=0.3,noise=0.01");
    assertThat(noisy.value()).isNotEqualTo(s.value()).isCloseTo(s.value(), Offset.offset(0.05));
    assertThat(score("road:from=0.2,to=0.8,by=0.3,noise=0.01,seed=1").value())
        .isNotEqualTo(noisy.value());
  }

  /** Pixels from a place on in the order of the map, largest or smallest first. */
  private boolean[] ranked(int from, int end, boolean smallest) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, PIXELS).boxed().toList());
    order.sort(Comparator.comparingDouble(i -> smallest ? map[i] : -map[i]));
    boolean[] part = new boolean[PIXELS];
    order.subList(from, end).forEach(i -> part[i] = true);
    return part;
  }

  private float[] imputed(boolean[] gone) {
    float[] y = x.clone();
    for (int c = 0; c < 3; c++) {
      double[] filled = PlainImputer.filled(x, c * PIXELS, H, W, gone);
      for (int i = 0; i < PIXELS; i++) {
        y[c * PIXELS + i] = (float) filled[i];
      }
    }
    return y;
  }

  /** Probabilities after 0, 1, … of n groups, by the map's mean over them, have been replaced. */
  private double[] curve(int[] group, int n, float[] other) {
    double[] mean = new double[n];
    for (int g = 0; g < n; g++) {
      int of = g;
      mean[g] =
          IntStream.range(0, PIXELS)
              .filter(i -> group[i] == of)
              .mapToDouble(i -> map[i])
              .average()
              .orElseThrow();
    }
    List<Integer> order = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    order.sort(Comparator.comparingDouble(g -> -mean[g]));
    boolean[] gone = new boolean[PIXELS];
    double[] f = new double[n + 1];
    f[0] = probability(x);
    assertThat(f[0]).as("a score that can fall").isBetween(0.1, 0.9);
    for (int k = 0; k < n; k++) {
      for (int i = 0; i < PIXELS; i++) {
        gone[i] |= group[i] == order.get(k);
      }
      f[k + 1] = probability(without(gone, other));
    }
    return f;
  }

  /** Which pixels are in each set, asked one by one. */
  private List<boolean[]> sets(List<Integer> sizes, int samples, long seed) {
    try (var workspace = new Workspace(device)) {
      var parts = new RandomPixels(sizes, samples, seed).of(IMAGE, workspace);
      List<boolean[]> sets = new ArrayList<>();
      for (int s = 1; s < parts.rows(); s++) {
        sets.add(new boolean[PIXELS]);
      }
      for (int i = 0; i < PIXELS; i++) {
        float[] one = new float[PIXELS];
        one[i] = 1;
        double[] in = parts.sums(one);
        for (int s = 0; s < in.length; s++) {
          sets.get(s)[i] = in[s] == 1;
        }
      }
      return sets;
    }
  }

  private double[] sums(List<boolean[]> parts) {
    return parts.stream()
        .mapToDouble(
            p -> IntStream.range(0, PIXELS).filter(i -> p[i]).mapToDouble(i -> map[i]).sum())
        .toArray();
  }

  private double[] falls(List<boolean[]> parts, float[] other, boolean probability) {
    return parts.stream()
        .mapToDouble(
            p -> {
              float[] y = without(p, other);
              return probability
                  ? probability(x) - probability(y)
                  : (double) asked.prediction(x).logits()[TARGET]
                      - asked.prediction(y).logits()[TARGET];
            })
        .toArray();
  }

  private float[] without(boolean[] gone, float[] other) {
    float[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] = gone[i % PIXELS] ? other[i] : y[i];
    }
    return y;
  }

  private double probability(float[] image) {
    float[] z = asked.prediction(image).logits();
    double sum = 0;
    for (float v : z) {
      sum += Math.exp((double) v - z[TARGET]);
    }
    return 1 / sum;
  }

  private Score score(String metric) {
    try (var workspace = new Workspace(device)) {
      var explained = new Explained(IMAGE, x, TARGET, map, H, W, null);
      Probe<Score> probe = Metrics.parse(metric).probe(explained, workspace);
      pipeline.run(List.of(probe));
      return probe.result();
    }
  }

  private static float[] draw(int seed, int n, double deviation) {
    Random r = new Random(seed);
    float[] v = new float[n];
    for (int i = 0; i < n; i++) {
      v[i] = (float) (deviation * r.nextGaussian());
    }
    return v;
  }
}
