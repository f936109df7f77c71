package candela.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import candela.device.Binary;
import candela.device.Reduction;
import candela.device.Sample;
import candela.device.Unary;
import candela.graph.Graph;
import candela.graph.Rules;
import candela.graph.Value;
import candela.graph.op.Activation;
import candela.graph.op.BinaryOp;
import candela.graph.op.Elementwise;
import candela.graph.op.GridSample;
import candela.graph.op.Matrix;
import candela.graph.op.Pick;
import candela.graph.op.Rectify;
import candela.graph.op.Reduce;
import candela.graph.op.Reshape;
import candela.graph.op.Top;
import candela.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole networks: what relevance starts with arrives at the image, where theory says so. */
class ConservationTest {
  /** Float rounding of relevances that cancel, and the stabiliser of 1e-6. */
  private static final double TOLERANCE = 1e-3;

  private static final int ROWS = 2;

  private static final float[] X = Draft.numbers(new Random(21), 1, ROWS * Nets.PIXELS);

  private static Composite.Numbers numbers(boolean bias) {
    return new Composite.Numbers(0, .25f, bias, List.of(-4f), List.of(4f));
  }

  /** One class a row: the one with the largest score, so that something speaks for it. */
  private static float[] seed(Graph graph) {
    float[] seed = new float[ROWS * Nets.CLASSES];
    float[] scores = Draft.run(graph, Rules.GRADIENT, X, seed).scores();
    for (int r = 0; r < ROWS; r++) {
      int first = r * Nets.CLASSES;
      int best = first;
      for (int k = first; k < first + Nets.CLASSES; k++) {
        best = scores[k] > scores[best] ? k : best;
      }
      seed[best] = 1;
    }
    return seed;
  }

  /** Sum of absolute values; NaN where one is. */
  private static double size(float[] v) {
    double size = 0;
    for (float a : v) {
      size += Math.abs(a);
    }
    return size;
  }

  /**
   * Where theory lets relevance get lost: at units without a contribution of the sign that is
   * shared among. α2β1 needs both signs everywhere; α1β0 needs one above zero, which a unit that is
   * below zero and not rectified may lack.
   */
  private static Set<Composite> conserving(Nets net) {
    Set<Composite> all = EnumSet.allOf(Composite.class);
    all.removeAll(
        EnumSet.of(
            Composite.ALPHA2_BETA1,
            Composite.EPSILON_ALPHA2_BETA1,
            Composite.EPSILON_ALPHA2_BETA1_FLAT,
            Composite.PRESET_B,
            Composite.PRESET_B_FLAT));
    if (net.hasUnitsBelowZero()) {
      all.removeAll(
          EnumSet.of(
              Composite.ALPHA1_BETA0,
              Composite.Z_PLUS,
              Composite.EPSILON_PLUS,
              Composite.EPSILON_PLUS_FLAT,
              Composite.PRESET_A,
              Composite.PRESET_A_FLAT));
    }
    return all;
  }

  @ParameterizedTest
  @EnumSource(Nets.class)
  void relevanceIsConservedWithoutBias(Nets net) {
    Graph graph = net.graph(ROWS, false);
    for (Composite c : conserving(net)) {
      float[] got = Draft.run(graph, c.rules(numbers(false)), X, seed(graph)).input();
      for (int r = 0; r < ROWS; r++) {
        assertThat(Draft.sum(got, r * Nets.PIXELS, (r + 1) * Nets.PIXELS))
            .as(net + ", " + c + ", row " + r)
            .isCloseTo(1, Offset.offset(TOLERANCE));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Nets.class)
  void everyCompositeRunsWithBias(Nets net) {
    Graph graph = net.graph(ROWS, true);
    for (Composite c : Composite.values()) {
      float[] got = Draft.run(graph, c.rules(numbers(true)), X, seed(graph)).input();
      assertThat(size(got)).as(net + ", " + c).isFinite().isGreaterThan(1e-3);
    }
  }

  /** LRP-0 of a network that is linear between corners, biases kept, is input times gradient. */
  @ParameterizedTest
  @EnumSource(
      value = Nets.class,
      names = {"PLAIN", "RESIDUAL", "CONCATENATED"})
  void lrpZeroIsInputTimesGradient(Nets net) {
    Graph graph = net.graph(ROWS, true);
    List<Rules.Entry> entries = new ArrayList<>();
    // composites pass batch normalisation, which the gradient does not
    entries.add(new Rules.Entry(Role.AFFINE, new Epsilon(0, true)));
    entries.addAll(Composite.EPSILON.rules(numbers(true)).entries());
    Draft.Back plain = Draft.run(graph, Rules.GRADIENT, X, seed(graph));
    float[] start = seed(graph);
    for (int i = 0; i < start.length; i++) {
      start[i] *= plain.scores()[i];
    }
    float[] got = Draft.run(graph, new Rules(entries), X, start).input();
    for (int i = 0; i < got.length; i++) {
      assertThat((double) got[i])
          .as(net + " at " + i)
          .isCloseTo((double) X[i] * plain.input()[i], Offset.offset(1e-4));
    }
  }

  @ParameterizedTest
  @EnumSource(Nets.class)
  void winningProbabilitiesAddUpToOne(Nets net) {
    Graph graph = net.graph(ROWS, false);
    float[] p = Draft.run(graph, Presets.excitationBackprop(false), X, seed(graph)).input();
    float[] contrast = Draft.run(graph, Presets.excitationBackprop(true), X, seed(graph)).input();
    for (int r = 0; r < ROWS; r++) {
      int from = r * Nets.PIXELS;
      assertThat(Draft.sum(p, from, from + Nets.PIXELS))
          .as(net.name())
          .isCloseTo(1, Offset.offset(TOLERANCE));
      assertThat(Draft.sum(contrast, from, from + Nets.PIXELS))
          .as(net + ", contrastive")
          .isCloseTo(0, Offset.offset(TOLERANCE));
    }
  }

  /**
   * Behind a rectifier a shift lets relevance come to units below zero: there gamma is its
   * definition, too, and not the short form of rectified sums.
   */
  @Test
  void gammaOfSilentUnitsIsItsDefinition() {
    Draft d = new Draft(31, ROWS, 6, 5, 3);
    Nets.Maker m = new Nets.Maker(d, true);
    Value y = m.norm(m.relu(m.conv(m.relu(m.conv(d.input(), 6)), 5)));
    gammaIsItsDefinition(d, m, m.relu(m.conv(y, 4)));
  }

  /** Units below what a clamp begins at get the relevance of that. */
  @Test
  void gammaBeforeAClampAboveZeroIsItsDefinition() {
    Draft d = new Draft(31, ROWS, 6, 5, 3);
    Nets.Maker m = new Nets.Maker(d, true);
    Value y = d.add(new Rectify(0.5f, 6), m.conv(d.input(), 6));
    gammaIsItsDefinition(d, m, m.relu(m.conv(y, 4)));
  }

  /** Paths that part and meet again, many times over, are followed once. */
  @Test
  @Timeout(60)
  void gammaOfPathsThatMeetAgain() {
    Draft d = new Draft(31, ROWS, 6, 5, 3);
    Nets.Maker m = new Nets.Maker(d, true);
    Value y = m.relu(m.conv(d.input(), 4));
    for (int i = 0; i < 40; i++) {
      y = d.add(new BinaryOp(Binary.MAX), d.add(new Elementwise(Unary.ABS), y), y);
    }
    gammaIsItsDefinition(d, m, m.relu(m.conv(y, 4)));
  }

  /** The classes are a product of the mean of features with 4 channels. */
  private static void gammaIsItsDefinition(Draft d, Nets.Maker m, Value features) {
    Value y = d.add(new Reduce(Reduction.MEAN, 1, 3), features);
    m.matrix(d.add(new Reshape(Shape.of(ROWS, 4)), y), Nets.CLASSES);
    Rules rules = Composite.GAMMA.rules(numbers(true));
    Rules defined =
        new Rules(
            rules.entries().stream()
                .map(
                    e ->
                        e.rule() instanceof Gamma g
                            ? new Rules.Entry(
                                e.nodes(), new Gamma(g.gamma(), g.epsilon(), g.bias()))
                            : e)
                .toList());
    float[] seed = seed(d.graph());
    float[] got = Draft.run(d.graph(), rules, X, seed).input();
    float[] wanted = Draft.run(d.graph(), defined, X, seed).input();
    assertThat(got).containsExactly(wanted, Offset.offset((float) (TOLERANCE * size(wanted))));
  }

  /** The gate's branch gets none, so nothing is lost or counted twice. */
  @Test
  void aGateTakesNoRelevance() {
    Graph graph = Nets.SQUEEZE_EXCITATION.graph(ROWS, true);
    Rules rules = Composite.EPSILON.rules(numbers(true));
    // v1 is the signal, v6 the gate, v7 their product
    assertThat(size(Draft.run(graph, rules, X, seed(graph), "v6").input())).isZero();
    float[] product = Draft.run(graph, rules, X, seed(graph), "v7").input();
    assertThat(Draft.run(graph, rules, X, seed(graph), "v1").input())
        .containsExactly(product, Offset.offset(1e-6f));
  }

  /** As ReLU may be written, x (x > 0): a condition takes nothing, and half of all was lost. */
  @Test
  void aConditionTakesNoRelevance() {
    Draft d = new Draft(4, 1, 3);
    Value above = d.add(new BinaryOp(Binary.GREATER), d.input(), d.constant(new float[1], 1));
    d.add(new BinaryOp(Binary.MUL), d.input(), above);
    float[] x = {-1, 2, 3};
    float[] seed = {0, 1, 2};
    Rules rules = Composite.EPSILON.rules(numbers(true));
    assertThat(Draft.run(d.graph(), rules, x, seed).input()).containsExactly(0, 1, 2);
  }

  /** Attention weights are constants: queries and keys get none. */
  @Test
  void attentionWeightsTakeNoRelevance() {
    Graph graph = Nets.ATTENTION.graph(ROWS, false);
    Rules rules = Composite.EPSILON.rules(numbers(false));
    // v3 queries, v5 transposed keys, v6 values
    assertThat(size(Draft.run(graph, rules, X, seed(graph), "v3").input())).isZero();
    assertThat(size(Draft.run(graph, rules, X, seed(graph), "v5").input())).isZero();
    assertThat(size(Draft.run(graph, rules, X, seed(graph), "v6").input())).isGreaterThan(.01);
  }

  /** A grid says where, not what: all relevance is the image's. */
  @Test
  void aGridTakesNoRelevance() {
    for (Sample.Padding padding : Sample.Padding.values()) {
      Draft d = new Draft(6, 2, 3, 4, 2);
      Value flat = d.add(new Reshape(Shape.of(2, 24)), d.input());
      Value some = d.add(new Matrix(false, Activation.NONE), flat, d.draw(.1, 24, 12));
      Value grid =
          d.add(new Reshape(Shape.of(2, 2, 3, 2)), d.add(new Elementwise(Unary.TANH), some));
      d.add(new GridSample(Sample.Mode.CUBIC, padding, true), d.input(), grid);
      float[] x = Draft.numbers(new Random(22), 1, 48);
      float[] seed = new float[24];
      Arrays.fill(seed, 0, 12, 1);
      Rules rules = Composite.EPSILON.rules(numbers(true));
      float[] got = Draft.run(d.graph(), rules, x, seed).input();
      assertThat(Draft.sum(got, 0, 24)).as("image 0").isCloseTo(12, Offset.offset(TOLERANCE * 12));
      assertThat(Draft.sum(got, 24, 48)).as("image 1").isZero();
      assertThat(size(Draft.run(d.graph(), rules, x, seed, "v3").input())).isZero();
    }
  }

  /** What is picked keeps its relevance, wherever it was; what is not picked has none. */
  @Test
  void whatIsPickedKeepsItsRelevance() {
    Draft d = new Draft(7, 2, 9);
    Value places = d.add(new Top(true, 1, 3), d.input());
    d.add(new Pick(1), d.input(), places);
    float[] x = Draft.numbers(new Random(23), 1, 18);
    float[] seed = {1, 2, 3, 4, 5, 6};
    float[] got = Draft.run(d.graph(), Composite.EPSILON.rules(numbers(true)), x, seed).input();
    for (int r = 0; r < 2; r++) {
      float[] row = Arrays.copyOfRange(x, 9 * r, 9 * r + 9);
      Arrays.sort(row);
      for (int i = 0; i < 9; i++) {
        int rank = 8 - Arrays.binarySearch(row, x[9 * r + i]);
        assertThat(got[9 * r + i]).isEqualTo(rank < 3 ? seed[3 * r + rank] : 0);
      }
    }
  }

  /** Each sum is read twice by the next: 2⁴⁰ ways lead from the layer to the rectifier. */
  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void waysThatMeetAgainAreFollowedOnce() {
    Draft d = new Draft(3, 1, 4);
    Value v = d.add(new Rectify(0, Float.POSITIVE_INFINITY), d.input());
    for (int i = 0; i < 40; i++) {
      v = d.add(new BinaryOp(Binary.ADD), v, v);
    }
    d.add(new Matrix(false, Activation.NONE), v, d.constant(new float[] {1, -1, 2, 3}, 4, 1));
    Rules rules = Composite.Z_PLUS.rules(numbers(false));
    float[] r = Draft.run(d.graph(), rules, new float[] {1, 2, 3, -4}, new float[] {1}).input();
    assertThat(r[0]).isCloseTo(1 / 7f, within(1e-5f));
    assertThat(r[1]).isZero();
    assertThat(r[2]).isCloseTo(6 / 7f, within(1e-5f));
    assertThat(r[3]).isZero();
  }

  /** A classifier of pixels, whose images have become rows with them: each is as if alone. */
  @Test
  void dualsOfOneImageAreNotThoseOfAnother() {
    Rules rules = Presets.excitationBackprop(true);
    float[] x = Draft.numbers(new Random(4), 1, 24);
    float[] seed = {1, 0, 0, 1};
    float[] both = Draft.run(pixels(2), rules, x, seed).input();
    for (int r = 0; r < 2; r++) {
      float[] row = Arrays.copyOfRange(x, 12 * r, 12 * r + 12);
      float[] one = Arrays.copyOfRange(seed, 2 * r, 2 * r + 2);
      assertThat(Arrays.copyOfRange(both, 12 * r, 12 * r + 12))
          .isEqualTo(Draft.run(pixels(1), rules, row, one).input());
    }
  }

  private static Graph pixels(int images) {
    Draft d = new Draft(3, images, 3, 4);
    Value rows = d.add(new Reshape(Shape.of(1, 3 * images, 4)), d.input());
    Value y = d.add(new Matrix(false, Activation.NONE), rows, d.constant(numbers(8), 4, 2));
    y = d.add(new Reduce(Reduction.MEAN, 1, 2), d.add(new Reshape(Shape.of(images, 3, 2)), y));
    d.add(new Reshape(Shape.of(images, 2)), y);
    return d.graph();
  }

  private static float[] numbers(int n) {
    return Draft.numbers(new Random(5), 1, n);
  }
}
