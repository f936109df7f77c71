package candela.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import candela.TestDevice;
import candela.device.Device;
import candela.graph.Network;
import candela.graph.ScoreKind;
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

  /** Relative length of the difference between the maps of two batch sizes on a card. */
  private static final double BATCHES = 1e-4;

  private static final Levels LEVELS = new Levels(List.of(-1f, -1f, -1f), List.of(2f, 2f, 2f));

  @TempDir Path folder;

  /** The networks of the cases, see {@link Toy}. */
  enum Net {
    AVERAGE,
    BM2,
    CONV,
    MIN,
    ML,
    PIXELS,
    SLRP,
    SUM;

    Path in(Path folder) {
      return switch (this) {
        case AVERAGE -> Toy.average(folder);
        case BM2 -> Toy.bm2(folder);
        case CONV -> Toy.conv(folder);
        case MIN -> Toy.min(folder);
        case ML -> Toy.ml(folder);
        case PIXELS -> Toy.pixels(folder);
        case SLRP -> Toy.slrp(folder);
        case SUM -> Toy.sum(folder, 3);
      };
    }

    Shape shape() {
      return switch (this) {
        case BM2, MIN -> Shape.of(2);
        case AVERAGE, CONV -> Shape.of(1, 4, 4);
        case PIXELS -> Shape.of(1, 2, 2);
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
   * <p>The convolution of CONV and AVERAGE gives −5, 4, 31, 40 and −30, −21, 6, 15. In CONV the
   * gradient there is 0, 1, 1, 1 and 0, 0, −1, −1; after the ReLU 1, 1, 1, 1 and 1, −1, −1, −1.
   *
   * <p>SLRP hands 3 · 2 x_i from each of three units to input i.
   */
  static List<Case> cases() {
    return List.of(
        // the sum is above 0 whenever the first pixel is there: the mean, 1, may stand for the rest
        new Case("anchors:grid=2", Net.PIXELS, new float[] {16, -4, -4, -4}, 1, 0, 0, 0),
        new Case(ablation(0, 1, 2), Net.ML, X, new float[] {80, 200, 120}),
        new Case(ablation(0, 0, 1), Net.ML, X, new float[] {280, 280, 120}),
        new Case(ablation(0, 1, 2), Net.ML, new float[] {2, 10, 3}, new float[] {8, 35, 12}),
        // all units are far above 0, where the slope is 1
        new Case("beta-smooth", Net.ML, X, 4, 4, 4),
        // one unit at −10, three at 1: σ(−10) + 3 σ(1) = 0.0000454 + 3 · 0.7310586
        new Case("beta-smooth:beta=1", Net.ML, new float[3], 2.193221f, 2.193221f, 2.193221f),
        // 2 · (0, 4, 31, 40) − (0, 0, 6, 15)
        new Case("cam:upsampling=none", Net.AVERAGE, IMAGE, 0, 8, 56, 65),
        // the sum of the pixels: x less the blurred x
        new Case(
            "blur-integrated-gradients:nSteps=3,maxSigma=1",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            unblurred()),
        // height and width 2: exp(−½ (1 + 1)) at every corner
        new Case(
            "centre-prior:sigma=0.25",
            Net.PIXELS,
            new float[4],
            .36787945f,
            .36787945f,
            .36787945f,
            .36787945f),
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
        // as DeepLIFT: one baseline
        new Case("deepshap:baseline=zero", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        // against (1, 1) the last unit goes from −1 to 1: 1 and 0; against (0, 0) as above
        new Case(
            new DeepShap(
                Baseline.ZERO,
                1,
                new Background(List.of(new float[] {1, 1}, new float[2])),
                DeepLift.Pooling.COMPLETE,
                0,
                Channels.SUM),
            Net.BM2,
            new float[] {3, 1},
            new float[] {1.25f, -.25f}),
        new Case(new ExactShapley(EACH, Baseline.ZERO, 0, ScoreKind.LOGIT), Net.ML, X, SHAPLEY),
        // each unit's excitation comes from x in proportion 1 : 2 : 3
        new Case("excitation-backprop", Net.SLRP, ONE_TWO_THREE, 1 / 6f, 2 / 6f, 3 / 6f),
        new Case(
            "excitation-backprop:contrastive=true",
            Net.SLRP,
            ONE_TWO_THREE,
            1 / 6f,
            2 / 6f,
            3 / 6f),
        // the whole image may stay: p is 1, m the smooth maximum of 1, e^−½ twice and e^−1.67:
        // (1 + 2 · 0.60653 e^−7.869) / (1 + 2 e^−7.869)
        new Case(
            "extremal-perturbation:area=1,maxIter=3,step=1,sigma=1",
            Net.PIXELS,
            constant(2, 4),
            constant(.9996996f, 4)),
        // Adam's first step is the rate, 0.05, whatever the slope: σ(0.05); the pixel 0 helps none
        new Case(
            "fido:cells=2,nSteps=1,fill=zero",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            .5f,
            .5124974f,
            .5124974f,
            .5124974f),
        // 5 − 2: the second value goes first. Then 5 − 2.7 is more than 2 was, so the first value's
        // own unit alone lets through; then 4.5 − 2.7 is not
        new Case(
            "fgvis:iterations=3,spread=0,baseline=zero,score=logit",
            Net.MIN,
            new float[] {5, 3},
            .1f,
            .2f),
        // from nothing the first unit is silent: slope 3, times x
        new Case(
            "fgvis:variant=preserve,iterations=2,spread=0,baseline=zero,score=logit",
            Net.ML,
            X,
            .08f,
            .2f,
            .12f),
        // the gradient is 18 everywhere
        new Case("expected-gradients:baseline=zero", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // w = 3/4, −1/2
        new Case(
            "grad-cam:layer=y0,relu=false,upsampling=none",
            Net.CONV,
            IMAGE,
            11.25f,
            13.5f,
            20.25f,
            22.5f),
        // w = 1, −1/2 of what the ReLU gives
        new Case("grad-cam:upsampling=none", Net.CONV, IMAGE, 0, 4, 28, 32.5f),
        // x[3] as a layer of one pixel: 4 · 100
        new Case("grad-cam:layer=x", Net.ML, new float[] {0, 100, 0}, 400, 400, 400),
        // α = 1 / (2 + 70), three pixels: w = 1/24; the other channel only lowers the score
        new Case(
            "grad-cam-plus-plus:layer=y0,upsampling=none",
            Net.CONV,
            IMAGE,
            0,
            4 / 24f,
            31 / 24f,
            40 / 24f),
        new Case("gradient", Net.ML, X, 4, 4, 4),
        new Case("gradient", Net.ML, new float[] {1, 2, 3}, 3, 3, 3),
        new Case(
            "guided-backprop", Net.CONV, IMAGE, 0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1),
        // guided backprop times 0, 4, 28, 32.5
        new Case(
            "guided-grad-cam:upsampling=nearest",
            Net.CONV,
            IMAGE,
            0,
            0,
            4,
            4,
            0,
            0,
            12,
            8,
            28,
            84,
            97.5f,
            65,
            28,
            56,
            65,
            32.5f),
        // 18 x, but half of that in the first of 200 steps, which starts where the ReLUs are shut
        new Case("guided-integrated-gradients", Net.SLRP, ONE_TWO_THREE, 17.955f, 35.91f, 53.865f),
        // windows cover the pixel alone, with its neighbours, and all: 4 x + 2 y + 2 z + w
        new Case(
            "hierarchical-occlusion:cells=2,depth=1,fill=zero",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            9,
            12,
            15,
            18),
        new Case("hirescam:layer=y0,upsampling=none", Net.CONV, IMAGE, 0, 4, 25, 25),
        new Case("input-x-gradient", Net.ML, X, 80, 200, 120),
        new Case("input-itself", Net.ML, X, X),
        new Case("integrated-gradients", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        new Case(
            "integrated-gradients:multiplyByInputs=false", Net.BM2, new float[] {3, 1}, .5f, -.5f),
        // 0, 100, 0: the first unit is at −10 for a tenth of the way
        new Case(
            "internal-influence:layer=y0,method=riemann_middle",
            Net.ML,
            new float[] {0, 100, 0},
            .9f,
            1,
            1,
            1),
        new Case(new KernelShap(EACH, Baseline.ZERO, 0, 0, ScoreKind.LOGIT), Net.ML, X, SHAPLEY),
        new Case("layer-cam:layer=y0,upsampling=none", Net.CONV, IMAGE, 0, 4, 31, 40),
        new Case("layer-conductance:layer=y0", Net.ML, new float[] {0, 100, 0}, 90, 100, 100, 100),
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
        new Case("noise-tunnel:method=gradient,stdev=1", Net.ML, X, 4, 4, 4),
        new Case(
            "noise-tunnel:method=\"deeplift:baseline=zero,multiplyByInputs=false\",stdev=0.1,type=vargrad",
            Net.SLRP,
            ONE_TWO_THREE,
            0,
            0,
            0),
        new Case("occlusion:window=1,stride=1", Net.ML, X, 80, 200, 120),
        new Case("occlusion:window=2,stride=2", Net.ML, X, 280, 280, 120),
        // windows {0,1} and {1,2} drop 280 and 320; the middle lies under both
        new Case("occlusion:window=2,stride=1", Net.ML, X, 280, 300, 320),
        new Case("occlusion:window=2,stride=1,overlap=sum", Net.ML, X, 280, 600, 320),
        // nothing varies: what is drawn is what was there
        new Case("pda:window=2,pad=1,stride=2", Net.CONV, constant(5, 16), new float[16]),
        // Random123's known answers for key and counter 0: 6627e8d5, e169c58d, bc57ac4c
        new Case(
            "random-map",
            Net.ML,
            X,
            (0x6627e8 + .5f) / 0x1000000,
            (0xe169c5 + .5f) / 0x1000000,
            (0xbc57ac + .5f) / 0x1000000),
        // y R of the units is 90, 101, 101, 101; the 20th percentile 96.6 shuts one out
        new Case("rectgrad:percent=20", Net.ML, X, 3, 3, 3),
        // masks 0, 1/3, 2/3, 1 and 1, 2/3, 1/3, 0 leave 14/3 and 4/3: 14/3 x + 4/3 (−x)
        new Case(
            "score-cam:score=logit", Net.PIXELS, new float[] {0, 1, 2, 3}, 0, 10 / 3f, 20 / 3f, 10),
        // one cell, always kept: the score itself
        new Case(
            "rise:masks=3,cells=1,keep=1,score=logit",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            6,
            6,
            6,
            6),
        // of a sum every order of the terms gives the same
        new Case(
            new ShapleySampling(EACH, Baseline.ZERO, 2, 0, ScoreKind.LOGIT),
            Net.SLRP,
            ONE_TWO_THREE,
            new float[] {18, 36, 54}),
        new Case("sliding-patch:patch=1,stride=2,score=logit", Net.ML, X, 80, 120),
        // of 20, 50, 30 the ends are filled with what is beside them, 50 and 50
        new Case(
            "sliding-patch:patch=1,stride=2,fill=inpaint,inpainter=telea:radius=1,score=logit",
            Net.ML,
            X,
            -120,
            -80),
        // the middle with (20 + 30) / 2: T is 0 on both sides, nothing runs along, equal weights
        new Case(
            "occlusion:window=1,stride=1,fill=inpaint,inpainter=telea:radius=1",
            Net.ML,
            X,
            -120,
            100,
            -80),
        // 18 x: a sum is told without error
        new Case(
            "optimal-infidelity:features=values,samples=40,perturbation=square",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        new Case(
            "optimal-infidelity:features=values,samples=40,perturbation=shap",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        new Case(
            "optimal-infidelity:features=values,samples=40,perturbation=noisy_baseline",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        // rows rise by 1 and columns by 2, four times each: √(4² + 8²)
        new Case(
            "sobel",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            8.944272f,
            8.944272f,
            8.944272f,
            8.944272f),
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

  /** Every value a feature of its own. */
  private static final Features EACH = Features.mask(List.of(0, 1, 2));

  /** Shapley values of ML at X, from the means over its six orders. */
  private static final float[] SHAPLEY = {76.666664f, 196.66667f, 116.666664f};

  /** 0, 1, 2, 3 in two rows, less its mean under a Gaussian of one pixel. */
  private static float[] unblurred() {
    double own = 1 / (1 + Math.exp(-.5));
    double other = 1 - own;
    float[] a = new float[4];
    for (int i = 0; i < 4; i++) {
      double blurred = own * own * i + own * other * (i ^ 1) + other * own * (i ^ 2);
      a[i] = (float) (i - blurred - other * other * (3 - i));
    }
    return a;
  }

  private static float[] constant(float value, int n) {
    float[] a = new float[n];
    java.util.Arrays.fill(a, value);
    return a;
  }

  private static Method ablation(Integer... mask) {
    var d = new FeatureAblation();
    return new FeatureAblation(Features.mask(List.of(mask)), d.baseline(), 0, d.score());
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

  /** 600 orders of three features are 100 times each of the six, but for chance. */
  @Test
  void sampledShapleyValuesComeCloseToTheExactOnes() {
    Subject subject = new Subject(Shape.of(3), X, 0);
    var method = new ShapleySampling(EACH, Baseline.ZERO, 600, 0, ScoreKind.LOGIT);
    Attribution a = run(Toy.ml(folder), 1, 32, List.of(method), List.of(subject)).get(0);
    assertThat(a.values()).containsExactly(SHAPLEY, Offset.offset(3f));
    assertThat(a.notes().get("convergenceDelta")).isCloseTo(0, Offset.offset(1e-4));
  }

  /** Not all coalitions fit: the values add up, and come close where features hardly interact. */
  @Test
  void sampledKernelShapComesCloseToShapleyValues() {
    Path file = Toy.random(folder);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(new Random(5), 189), 1);
    List<Method> methods =
        List.of(
            Methods.parse("exact-shapley:grid=3"),
            Methods.parse("kernel-shap:grid=3,samples=300"),
            Methods.parse("shapley-sampling:grid=3,samples=400"));
    List<Attribution> a = run(file, 1, 32, methods, List.of(subject));
    for (Attribution b : a) {
      assertThat(b.notes().get("convergenceDelta")).isCloseTo(0, Offset.offset(1e-4));
      assertThat(distance(b, a.get(0))).isLessThan(.1);
    }
    assertThat(distance(a.get(1), a.get(2))).isPositive();
  }

  private static double distance(Attribution a, Attribution b) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < a.values().length; i++) {
      difference += Math.pow((double) a.values()[i] - b.values()[i], 2);
      size += Math.pow(b.values()[i], 2);
    }
    return Math.sqrt(difference / size);
  }

  /**
   * The pixels see cells a, (a + b)/2, (a + c)/2, (a + b + c + d)/4 of the grid. E(M_i M_j) = ¼ (1
   * + o_ij), o the products of these shares summed, and a_i = 2 Σ_j x_j E(M_i M_j).
   */
  @Test
  void riseOfASumIsTheMeanOfProductsOfMasks() {
    Subject subject = new Subject(Shape.of(1, 2, 2), new float[] {0, 1, 2, 3}, 0);
    var method = Methods.parse("rise:masks=4000,cells=2,score=logit");
    float[] a = run(Toy.pixels(folder), 1, 32, List.of(method), List.of(subject)).get(0).values();
    // one deviation of such a mean is about 0.05
    assertThat(a).containsExactly(new float[] {4.125f, 3.875f, 4, 3.75f}, Offset.offset(.2f));
  }

  /** Complete but for the error of steps: the last unit's corner. */
  @Test
  void pathsAreComplete() {
    Path file = Toy.random(folder);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(new Random(6), 189), 1, LEVELS);
    List<Method> methods =
        List.of(
            Methods.parse("blur-integrated-gradients:nSteps=200"),
            Methods.parse("guided-integrated-gradients:nSteps=400"),
            Methods.parse("layer-conductance"),
            Methods.parse("expected-gradients:samples=2000"),
            Methods.parse("deepshap"));
    for (Attribution a : run(file, 1, 32, methods, List.of(subject))) {
      double difference = a.notes().get("score") - a.notes().get("baselineScore");
      assertThat(Math.abs(a.notes().get("convergenceDelta")))
          .as(a.notes().toString())
          .isLessThan(.05 * Math.abs(difference));
    }
  }

  /** A sum of pixels, one of them bright: that one is kept, or deleted, first. */
  @Test
  void extremalMasksFindThePixelThatCounts() {
    float[] x = {0, 0, 0, 9};
    Subject subject = new Subject(Shape.of(1, 2, 2), x, 0);
    List<Method> methods = new ArrayList<>();
    for (String variant : List.of("preserve", "delete", "dual")) {
      methods.add(
          Methods.parse(
              "extremal-perturbation:area=0.25,step=1,sigma=0.4,maxIter=300,variant=" + variant));
    }
    for (Attribution a : run(Toy.pixels(folder), 1, 4, methods, List.of(subject))) {
      assertThat(a.values()[3]).isGreaterThan(.9f);
      assertThat(a.values()[0]).isLessThan(.5f);
    }
  }

  @Test
  void camRefusesFeaturesThatAreNotAveraged() {
    Subject subject = new Subject(Shape.of(1, 4, 4), IMAGE, 0);
    assertThatThrownBy(() -> run(Toy.conv(folder), 1, 1, List.of(new Cam()), List.of(subject)))
        .hasMessage(
            "cam: a layer that is averaged over its pixels before the classifier expected, the"
                + " gradient differs from pixel to pixel; use grad-cam, or name another layer");
  }

  @Test
  void aNetworkWithoutConvolutionNeedsALayer() {
    Subject subject = new Subject(Shape.of(3), X, 0);
    assertThatThrownBy(() -> run(Toy.ml(folder), 1, 1, List.of(new GradCam()), List.of(subject)))
        .hasMessageEndingWith(
            "no convolution of more than one pixel; name the value to look at, layer=NAME");
  }

  @Test
  void bitsDependOnNeitherBatchNorThreadsNorPacking() {
    assumeTrue(TestDevice.isCpu(), "skipped: on the cpu only");
    for (int threads : new int[] {1, 2}) {
      inEveryBatch(threads, (what, got, wanted) -> assertThat(got).as(what).isEqualTo(wanted));
    }
  }

  /** A card's libraries may sum in another order where a run has another number of rows. */
  @Test
  void onACardARunRepeatsToTheBitAndMoreRowsChangeNoMoreThanRounding() {
    assumeFalse(TestDevice.isCpu(), "skipped: on a card only, -Dcandela.device=cuda:0");
    inEveryBatch(
        1,
        (what, got, wanted) ->
            assertThat(distance(got, wanted)).as(what).isLessThanOrEqualTo(BATCHES));
    Path file = Toy.random(folder);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(new Random(3), 189), 1, LEVELS);
    List<Attribution> first = run(file, 1, 8, every(), List.of(subject));
    List<Attribution> again = run(file, 1, 8, every(), List.of(subject));
    for (int i = 0; i < first.size(); i++) {
      assertThat(again.get(i).values()).isEqualTo(first.get(i).values());
    }
  }

  /** How a map must agree with that of another batch size. */
  private interface Agreement {
    void check(String what, float[] got, float[] wanted);
  }

  /**
   * Maps alone, of any batch size, and packed with another agree with those of one row at a time.
   */
  private void inEveryBatch(int threads, Agreement agreement) {
    Path file = Toy.random(folder);
    Random r = new Random(3);
    Subject one = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 1, LEVELS);
    Subject other = new Subject(Shape.of(3, 9, 7), Toy.draw(r, 189), 2, LEVELS);
    List<Method> methods = every();
    List<Attribution> expected = run(file, 1, 1, methods, List.of(one));
    for (int batch : new int[] {1, 3, 8, 32}) {
      List<Attribution> alone = run(file, threads, batch, methods, List.of(one));
      List<Attribution> packed = run(file, threads, batch, methods, List.of(other, one));
      for (int i = 0; i < methods.size(); i++) {
        String what =
            String.format(
                "%s, %s, batch %d, threads %d", TestDevice.name(), methods.get(i), batch, threads);
        agreement.check(what, alone.get(i).values(), expected.get(i).values());
        agreement.check(
            what + ", packed", packed.get(i + methods.size()).values(), expected.get(i).values());
      }
    }
  }

  /** Length of the difference by length of what is wanted. */
  private static double distance(float[] got, float[] wanted) {
    assertThat(got).hasSameSizeAs(wanted);
    double off = 0;
    double length = 0;
    for (int i = 0; i < got.length; i++) {
      off = Math.hypot(off, (double) got[i] - wanted[i]);
      length = Math.hypot(length, wanted[i]);
    }
    return off == 0 ? 0 : off / length;
  }

  /** Every method, and those of its parameters that choose other kernels. */
  private static List<Method> every() {
    List<Method> methods = new ArrayList<>();
    Methods.names().forEach(n -> methods.add(small(n)));
    for (Composite c : Composite.values()) {
      methods.add(new Lrp(c));
    }
    for (Fill f : Fill.values()) {
      String fill = f.name().toLowerCase(Locale.ROOT);
      methods.add(Methods.parse("lime:samples=21,segments=6,estimate=mean,fill=" + fill));
      if (f != Fill.SUPERPIXEL_MEAN) {
        methods.add(Methods.parse("occlusion:window=4,stride=3,fill=" + fill));
      }
    }
    methods.add(Methods.parse("sliding-patch:patch=4,stride=2,fill=inpaint"));
    for (String more :
        List.of(
            "start=random,upsampling=bilinear,maskBlur=1",
            "start=ones,variation=joint,seed=7",
            "start=random,fill=inpaint",
            "fill=inpaint,binary=true,inpainter=telea:radius=2",
            "fill=black,binary=true")) {
      methods.add(Methods.parse("meaningful-perturbation:iterations=5,mask=4," + more));
    }
    methods.add(Methods.parse("excitation-backprop:contrastive=true"));
    methods.add(Methods.parse("deeplift:rule=reveal_cancel,baseline=random"));
    for (Baseline b : Baseline.values()) {
      methods.add(
          Methods.parse(
              "integrated-gradients:nSteps=5,baseline=" + b.name().toLowerCase(Locale.ROOT)));
    }
    return methods;
  }

  /** Two copies without noise have the mean that each of them has. */
  @Test
  void noiseTunnelGoesAroundEveryMethod() {
    Path file = Toy.random(folder);
    Subject subject = new Subject(Shape.of(3, 9, 7), Toy.draw(new Random(3), 189), 1, LEVELS);
    List<Method> methods = Methods.names().stream().map(MethodTest::small).toList();
    List<Attribution> alone = run(file, 1, 8, methods, List.of(subject));
    List<Method> tunnels = new ArrayList<>();
    methods.forEach(m -> tunnels.add(new NoiseTunnel(m, 2, 0, 0, SmoothGrad.Type.SMOOTHGRAD, 0)));
    for (int batch : new int[] {1, 3, 8}) {
      List<Attribution> around = run(file, 1, batch, tunnels, List.of(subject));
      for (int i = 0; i < methods.size(); i++) {
        String what = methods.get(i) + ", batch " + batch;
        assertThat(distance(around.get(i).values(), alone.get(i).values()))
            .as(what)
            .isLessThanOrEqualTo(TestDevice.isCpu() ? 0 : BATCHES);
        assertThat(around.get(i).shape()).as(what).isEqualTo(alone.get(i).shape());
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
    assertThat(nested).hasSize(4);
    List<Integer> counts = List.of(1, 3, 4, 11, 12);
    for (Nested n : nested) {
      Nested largest = n.with(12);
      assertThat(largest.count()).isEqualTo(12);
      assertThat(largest.with(n.count())).isEqualTo(n);
      for (int batch : new int[] {1, 3, 8, 32}) {
        try (Device device = TestDevice.open(2);
            var pipeline = new Pipeline(Network.load(file), device, batch);
            var workspace = new Workspace(device)) {
          Staged<Attribution> all = largest.probe(subject, workspace, counts);
          pipeline.run(List.of(all));
          for (int count : counts) {
            Probe<Attribution> alone = n.with(count).probe(subject, workspace);
            pipeline.run(List.of(alone));
            if (!TestDevice.isCpu()) {
              assertThat(distance(all.result(count).values(), alone.result().values()))
                  .as("%s at %d, batch %d", n, count, batch)
                  .isLessThanOrEqualTo(BATCHES);
              continue;
            }
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
          // one pixel: its gradient differs nowhere
          case "cam" -> "cam:layer=y3";
          case "anchors" -> "anchors:segments=4,sigma=1,rows=64,batchSize=5";
          case "extremal-perturbation" ->
              "extremal-perturbation:variant=dual,maxIter=4,step=2,sigma=3";
          case "fgvis" -> "fgvis:iterations=6";
          case "optimal-infidelity" -> "optimal-infidelity:segments=6,sigma=1,samples=12";
          case "fido" -> "fido:cells=3,nSteps=4,samples=5";
          case "hierarchical-occlusion" -> "hierarchical-occlusion:cells=2,depth=2";
          case "pda" -> "pda:window=3,pad=1,stride=3,samples=2";
          case "blur-integrated-gradients" -> "blur-integrated-gradients:nSteps=5,maxSigma=3";
          case "exact-shapley" -> "exact-shapley:grid=2";
          case "expected-gradients" -> "expected-gradients:samples=5,baselines=2,stdev=0.1";
          case "guided-integrated-gradients" -> "guided-integrated-gradients:nSteps=9";
          case "kernel-shap" -> "kernel-shap:grid=4,samples=70";
          case "noise-tunnel" -> "noise-tunnel:samples=3,type=smoothgrad_sq,method=guided-grad-cam";
          case "rise" -> "rise:masks=9,cells=3";
          case "shapley-sampling" -> "shapley-sampling:grid=3,samples=3";
          case "sliding-patch" -> "sliding-patch:patch=3";
          case "lime" -> "lime:samples=40,segments=9,sigma=1";
          case "meaningful-perturbation" -> "meaningful-perturbation:iterations=12,mask=5";
          case "occlusion" -> "occlusion:window=4,stride=3";
          default -> name;
        });
  }

  private static List<Attribution> run(
      Path file, int threads, int batch, List<Method> methods, List<Subject> subjects) {
    try (Device device = TestDevice.open(threads);
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
