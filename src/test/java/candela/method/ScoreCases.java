package candela.method;

import static candela.method.MethodCase.IMAGE;
import static candela.method.MethodCase.ONE_TWO_THREE;
import static candela.method.MethodCase.X;
import static candela.method.MethodCase.constant;

import candela.graph.ScoreKind;
import candela.image.Npy;
import candela.method.MethodCase.Net;
import java.util.List;

/** Cases of the methods that ask for scores, or for nothing, see {@link MethodCase}. */
final class ScoreCases {
  /** Every value a feature of its own. */
  static final Features EACH = mask(0, 1, 2);

  /** Shapley values of ML at X, from the means over its six orders. */
  static final float[] SHAPLEY = {76.666664f, 196.66667f, 116.666664f};

  private ScoreCases() {}

  static List<MethodCase> all() {
    return List.of(
        // 2 · 18.75 − 5.25 = 32.25; w = 37.5/32.25 and −5.25/32.25 of 0, 4, 31, 40 and 0, 0, 6, 15
        new MethodCase(
            "ablation-cam:upsampling=none",
            Net.AVERAGE,
            IMAGE,
            0,
            4.651163f,
            35.069767f,
            44.069767f),
        // the score is −4 with the first channel, x, and 0 without: w = −1
        new MethodCase(
            "ablation-cam:relu=false", Net.PIXELS, new float[] {1, -2, -3, 0}, -1, 2, 3, 0),
        // the sum is above 0 whenever the first pixel is there: the mean, 1, may stand for the rest
        new MethodCase("anchors:grid=2", Net.PIXELS, new float[] {16, -4, -4, -4}, 1, 0, 0, 0),
        new MethodCase(ablation(0, 1, 2), Net.ML, X, new float[] {80, 200, 120}),
        new MethodCase(ablation(0, 0, 1), Net.ML, X, new float[] {280, 280, 120}),
        new MethodCase(ablation(0, 1, 2), Net.ML, new float[] {2, 10, 3}, new float[] {8, 35, 12}),
        // height and width 2: exp(−½ (1 + 1)) at every corner
        new MethodCase(
            "centre-prior:sigma=0.25",
            Net.PIXELS,
            new float[4],
            .36787945f,
            .36787945f,
            .36787945f,
            .36787945f),
        new MethodCase(
            new ExactShapley(EACH, Baseline.ZERO, 0, ScoreKind.LOGIT), Net.ML, X, SHAPLEY),
        // windows cover the pixel alone, with its neighbours, and all: 4 x + 2 y + 2 z + w
        new MethodCase(
            "hierarchical-occlusion:cells=2,depth=1,fill=zero",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            9,
            12,
            15,
            18),
        // scores f = 108 and 0, width 54: L = exp(−2) off the diagonal, (1 − L) / 4
        new MethodCase(
            "hsic:grid=1,samples=2", Net.SLRP, ONE_TWO_THREE, .21616617f, .21616617f, .21616617f),
        // width 108: exp(−½)
        new MethodCase(
            "hsic:grid=1,samples=2,bandwidth=distances",
            Net.SLRP,
            ONE_TWO_THREE,
            .09836733f,
            .09836733f,
            .09836733f),
        new MethodCase("input-itself", Net.ML, X, X),
        new MethodCase(
            new KernelShap(EACH, Baseline.ZERO, 0, 0, ScoreKind.LOGIT), Net.ML, X, SHAPLEY),
        // superpixels of one pixel each; the score is 18 times what is shown of x
        new MethodCase(lime("samples=40,alpha=1e-9"), Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // the one sample is the image itself
        new MethodCase(lime("samples=1,estimate=mean"), Net.SLRP, ONE_TWO_THREE, 108, 108, 108),
        new MethodCase(lime("samples=1"), Net.SLRP, ONE_TWO_THREE, 0, 0, 0),
        // halves {0} and {1,2}: (70 + 80) / 2, and (310 + 320) / 2 for both of the others
        new MethodCase("partition-shap:baseline=zero,maxEvals=4", Net.ML, X, 75, 157.5f, 157.5f),
        // {1,2} beside {0} adds most, 160: 100 and 60, and half of the other 155
        new MethodCase(
            "partition-shap:baseline=zero,maxEvals=6,batchSize=2", Net.ML, X, 75, 177.5f, 137.5f),
        // (190 + 200 + 200 + 200) / 4, (110 + 120 + 120 + 120) / 4
        new MethodCase("partition-shap:baseline=zero", Net.ML, X, 75, 197.5f, 117.5f),
        new MethodCase("occlusion:window=1,stride=1", Net.ML, X, 80, 200, 120),
        new MethodCase("occlusion", Net.ML, X, 80, 200, 120),
        new MethodCase("occlusion:window=2,stride=2", Net.ML, X, 280, 280, 120),
        // windows {0,1} and {1,2} drop 280 and 320; the middle lies under both
        new MethodCase("occlusion:window=2,stride=1", Net.ML, X, 280, 300, 320),
        new MethodCase("occlusion:window=2,stride=1,overlap=sum", Net.ML, X, 280, 600, 320),
        // nothing varies: what is drawn is what was there
        new MethodCase("pda:window=2,pad=1,stride=2", Net.CONV, constant(5, 16), new float[16]),
        // Random123's known answers for key and counter 0: 6627e8d5, e169c58d, bc57ac4c
        new MethodCase(
            "random-map",
            Net.ML,
            X,
            (0x6627e8 + .5f) / 0x1000000,
            (0xe169c5 + .5f) / 0x1000000,
            (0xbc57ac + .5f) / 0x1000000),
        // masks 0, 1/3, 2/3, 1 and 1, 2/3, 1/3, 0 leave 14/3 and 4/3: 14/3 x + 4/3 (−x)
        new MethodCase(
            "score-cam:score=logit", Net.PIXELS, new float[] {0, 1, 2, 3}, 0, 10 / 3f, 20 / 3f, 10),
        // one cell, always kept: the score itself
        new MethodCase(
            "rise:masks=3,cells=1,keep=1,score=logit",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            6,
            6,
            6,
            6),
        // of a sum every order of the terms gives the same
        new MethodCase(
            new ShapleySampling(EACH, Baseline.ZERO, 2, 0, ScoreKind.LOGIT),
            Net.SLRP,
            ONE_TWO_THREE,
            new float[] {18, 36, 54}),
        new MethodCase("sliding-patch:patch=1,stride=2,score=logit", Net.ML, X, 80, 120),
        // of 20, 50, 30 the ends are filled with what is beside them, 50 and 50
        new MethodCase(
            "sliding-patch:patch=1,stride=2,fill=inpaint,inpainter=telea:radius=1,score=logit",
            Net.ML,
            X,
            -120,
            -80),
        // the middle with (20 + 30) / 2: T is 0 on both sides, nothing runs along, equal weights
        new MethodCase(
            "occlusion:window=1,stride=1,fill=inpaint,inpainter=telea:radius=1",
            Net.ML,
            X,
            -120,
            100,
            -80),
        // 18 x: a sum is told without error
        new MethodCase(
            "optimal-infidelity:features=values,samples=40,perturbation=square",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        new MethodCase(
            "optimal-infidelity:features=values,samples=40,perturbation=shap",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        new MethodCase(
            "optimal-infidelity:features=values,samples=40,perturbation=noisy_baseline",
            Net.SUM,
            ONE_TWO_THREE,
            18,
            36,
            54),
        // nothing to vary: all weights leave the baseline
        new MethodCase("sobol-indices:grid=1,samples=2", Net.CONV, new float[16], new float[16]),
        // rows rise by 1 and columns by 2, four times each: √(4² + 8²)
        new MethodCase(
            "sobel",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            8.944272f,
            8.944272f,
            8.944272f,
            8.944272f));
  }

  /** Superpixels of one pixel. */
  private static String lime(String parameters) {
    return "lime:segments=3,compactness=1e9,sigma=0,score=logit," + parameters;
  }

  /** The feature of every value of a row. */
  static Features mask(float... mask) {
    return Features.mask(GivenArray.of(new Npy(new int[] {1, mask.length}, mask)));
  }

  private static Method ablation(float... mask) {
    var d = new FeatureAblation();
    return new FeatureAblation(mask(mask), d.baseline(), 0, d.score());
  }
}
