package candela.method;

import static candela.method.MethodCase.IMAGE;
import static candela.method.MethodCase.ONE_TWO_THREE;
import static candela.method.MethodCase.X;
import static candela.method.MethodCase.constant;

import candela.image.Npy;
import candela.method.MethodCase.Net;
import java.util.List;

/** Cases of the methods that ask for gradients, see {@link MethodCase}. */
final class GradientCases {
  private GradientCases() {}

  static List<MethodCase> all() {
    return List.of(
        // (¼ + 1)/2 and ¼/2; the mean of the columns
        new MethodCase("attention-rollout", Net.TOKENS, constant(1, 4), .25f, .25f, .25f, .25f),
        // of 16 equal weights the first eight go, but for the very first
        new MethodCase(
            "attention-rollout:discard=0.5",
            Net.TOKENS,
            constant(1, 4),
            .3125f,
            .3125f,
            .1875f,
            .1875f),
        // all units are far above 0, where the slope is 1
        new MethodCase("beta-smooth", Net.ML, X, 4, 4, 4),
        // one unit at −10, three at 1: σ(−10) + 3 σ(1) = 0.0000454 + 3 · 0.7310586
        new MethodCase("beta-smooth:beta=1", Net.ML, new float[3], 2.193221f, 2.193221f, 2.193221f),
        // 2 · (0, 4, 31, 40) − (0, 0, 6, 15)
        new MethodCase("cam:upsampling=none", Net.AVERAGE, IMAGE, 0, 8, 56, 65),
        // the sum of the pixels: x less the blurred x
        new MethodCase(
            "blur-integrated-gradients:nSteps=3,maxSigma=1",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            unblurred()),
        new MethodCase(
            "deconvnet", Net.CONV, IMAGE, 2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1),
        new MethodCase("deeplift", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        new MethodCase("deeplift:rule=reveal_cancel", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // z of the last unit is −1 and 1, f 0 and 1: the multiplier is ½
        new MethodCase("deeplift", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        // the paper's example, section 3.5.3: x2 is all of min(x1, x2), or half
        new MethodCase("deeplift", Net.MIN, new float[] {5, 3}, 0, 3),
        // z = 5 − 3: Δy⁺ = ½ (5 − 0 + 2 − 0) = 3.5 over 5, Δy⁻ = ½ (0 − 0 + 2 − 5) = −1.5 over −3
        new MethodCase("deeplift:rule=reveal_cancel", Net.MIN, new float[] {5, 3}, 1.5f, 1.5f),
        new MethodCase(
            "deeplift:rule=reveal_cancel,multiplyByInputs=false",
            Net.MIN,
            new float[] {5, 3},
            0.3f,
            0.5f),
        // as DeepLIFT: one baseline
        new MethodCase("deepshap:baseline=zero", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        // against (1, 1) the last unit goes from −1 to 1: 1 and 0; against (0, 0) as above
        new MethodCase(
            new DeepShap(
                Baseline.ZERO,
                1,
                GivenArray.of(new Npy(new int[] {2, 2}, new float[] {1, 1, 0, 0})),
                DeepLift.Pooling.COMPLETE,
                0,
                Channels.SUM),
            Net.BM2,
            new float[] {3, 1},
            new float[] {1.25f, -.25f}),
        // one channel: it is the map, with its sign
        new MethodCase("eigen-cam:layer=x", Net.AVERAGE, IMAGE, IMAGE),
        new MethodCase("eigen-cam:layer=x", Net.PIXELS, new float[] {-4, 0, 0, 3}, -4, 0, 0, 3),
        new MethodCase(
            "eigen-cam:layer=x,relu=true", Net.PIXELS, new float[] {-4, 0, 0, 3}, 0, 0, 0, 3),
        // x and −x: v is (1, −1)/√2, the sign that of the first pixel that is not 0
        new MethodCase(
            "eigen-cam",
            Net.PIXELS,
            new float[] {0, -1, 2, 3},
            0,
            1.4142135f,
            -2.828427f,
            -4.2426405f),
        // less their means, 1.5 and −1.5
        new MethodCase(
            "eigen-cam:centred=true",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            2.1213202f,
            .70710677f,
            -.70710677f,
            -2.1213202f),
        // the slopes are 1 and 0: v is (1, 0) of x and nothing
        new MethodCase("eigen-grad-cam", Net.PIXELS, new float[] {-4, 0, 1, 3}, -4, 0, 1, 3),
        // each unit's excitation comes from x in proportion 1 : 2 : 3
        new MethodCase("excitation-backprop", Net.SLRP, ONE_TWO_THREE, 1 / 6f, 2 / 6f, 3 / 6f),
        new MethodCase(
            "excitation-backprop:contrastive=true",
            Net.SLRP,
            ONE_TWO_THREE,
            1 / 6f,
            2 / 6f,
            3 / 6f),
        // the whole image may stay: p is 1, m the smooth maximum of 1, e^−½ twice and e^−1.67:
        // (1 + 2 · 0.60653 e^−7.869) / (1 + 2 e^−7.869)
        new MethodCase(
            "extremal-perturbation:area=1,maxIter=3,step=1,sigma=1",
            Net.PIXELS,
            constant(2, 4),
            constant(.9996996f, 4)),
        // Adam's first step is the rate, 0.05, whatever the slope: σ(0.05); the pixel 0 helps none
        new MethodCase(
            "fido:cells=2,nSteps=1,fill=zero",
            Net.PIXELS,
            new float[] {0, 1, 2, 3},
            .5f,
            .5124974f,
            .5124974f,
            .5124974f),
        // 5 − 2: the second value goes first. Then 5 − 2.7 is more than 2 was, so the first value's
        // own unit alone lets through; then 4.5 − 2.7 is not
        new MethodCase(
            "fgvis:iterations=3,spread=0,baseline=zero,score=logit",
            Net.MIN,
            new float[] {5, 3},
            .1f,
            .2f),
        // from nothing the first unit is silent: slope 3, times x
        new MethodCase(
            "fgvis:variant=preserve,iterations=2,spread=0,baseline=zero,score=logit",
            Net.ML,
            X,
            .08f,
            .2f,
            .12f),
        // the gradient is 18 everywhere
        new MethodCase("expected-gradients:baseline=zero", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // x ∂f/∂x is 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11 and 0; the slope of the convolution times
        // its bias is 0, −50, −50, −50 and 0, 0, 75, 75, which together add up to 0, 50, 125, 125
        new MethodCase(
            "full-grad:rescale=false,upsampling=nearest",
            Net.CONV,
            IMAGE,
            0,
            1,
            52,
            53,
            0,
            5,
            56,
            57,
            125,
            134,
            135,
            136,
            125,
            125,
            125,
            125),
        // 0, 1/3, 2/3, 1 and no bias
        new MethodCase(
            "full-grad", Net.PIXELS, new float[] {0, 1, 2, 3}, 0, .33333334f, .6666667f, 1),
        // less the least and by the range: (1 − 1) / 2, (2 − 1) / 2, (3 − 1) / 2
        new MethodCase("full-grad", Net.PIXELS, new float[] {-1, 2, -3, 1}, 0, .5f, 1, 0),
        new MethodCase("full-grad", Net.PIXELS, constant(2, 4), new float[4]),
        // the slope of token i's weight of pixel k is c_i x_k: ¼ (1 + ¼ (1 + 1 + 1 + 13) x_k)
        new MethodCase(
            "generic-attention", Net.TOKENS, new float[] {0, 1, 2, -3}, .25f, 1.25f, 2.25f, .25f),
        // w = 3/4, −1/2
        new MethodCase(
            "grad-cam:layer=y0,relu=false,upsampling=none",
            Net.CONV,
            IMAGE,
            11.25f,
            13.5f,
            20.25f,
            22.5f),
        // w = 1, −1/2 of what the ReLU gives
        new MethodCase("grad-cam:upsampling=none", Net.CONV, IMAGE, 0, 4, 28, 32.5f),
        // x[3] as a layer of one pixel: 4 · 100
        new MethodCase("grad-cam:layer=x", Net.ML, new float[] {0, 100, 0}, 400, 400, 400),
        // α = 1 / (2 + 70), three pixels: w = 1/24; the other channel only lowers the score
        new MethodCase(
            "grad-cam-plus-plus:layer=y0,upsampling=none",
            Net.CONV,
            IMAGE,
            0,
            4 / 24f,
            31 / 24f,
            40 / 24f),
        new MethodCase("gradient", Net.ML, X, 4, 4, 4),
        new MethodCase("gradient", Net.ML, new float[] {1, 2, 3}, 3, 3, 3),
        new MethodCase(
            "guided-backprop", Net.CONV, IMAGE, 0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1),
        // guided backprop times 0, 4, 28, 32.5
        new MethodCase(
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
        new MethodCase(
            "guided-integrated-gradients", Net.SLRP, ONE_TWO_THREE, 17.955f, 35.91f, 53.865f),
        new MethodCase("hirescam:layer=y0,upsampling=none", Net.CONV, IMAGE, 0, 4, 25, 25),
        new MethodCase("input-x-gradient", Net.ML, X, 80, 200, 120),
        new MethodCase("integrated-gradients", Net.BM2, new float[] {3, 1}, 1.5f, -0.5f),
        new MethodCase(
            "integrated-gradients:multiplyByInputs=false", Net.BM2, new float[] {3, 1}, .5f, -.5f),
        // 0, 100, 0: the first unit is at −10 for a tenth of the way
        new MethodCase(
            "internal-influence:layer=y0,method=riemann_middle",
            Net.ML,
            new float[] {0, 100, 0},
            .9f,
            1,
            1,
            1),
        new MethodCase("layer-cam:layer=y0,upsampling=none", Net.CONV, IMAGE, 0, 4, 31, 40),
        new MethodCase(
            "layer-conductance:layer=y0", Net.ML, new float[] {0, 100, 0}, 90, 100, 100, 100),
        new MethodCase(
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
        new MethodCase("lrp:composite=epsilon", Net.SLRP, ONE_TWO_THREE, 18, 36, 54),
        // x − blur(x) is below 0, above, below: only less of the middle lowers the score, and
        // Adam's first step is the rate
        new MethodCase(mp("iterations=1,start=ones"), Net.ML, X, 0, 0.1f, 0),
        new MethodCase("noise-tunnel:method=gradient,stdev=1", Net.ML, X, 4, 4, 4),
        new MethodCase(
            "noise-tunnel:method=\"deeplift:baseline=zero,multiplyByInputs=false\",stdev=0.1,type=vargrad",
            Net.SLRP,
            ONE_TWO_THREE,
            0,
            0,
            0),
        // y R of the units is 90, 101, 101, 101; the 20th percentile 96.6 shuts one out
        new MethodCase("rectgrad:percent=20", Net.ML, X, 3, 3, 3),
        new MethodCase("smoothgrad:stdev=1", Net.ML, X, 4, 4, 4),
        new MethodCase("smoothgrad:type=smoothgrad_sq", Net.ML, X, 16, 16, 16),
        new MethodCase("smoothgrad:type=vargrad", Net.ML, X, 0, 0, 0),
        // w = 75/70 and −21/−30
        new MethodCase(
            "xgrad-cam:layer=y0,relu=false,upsampling=none",
            Net.CONV,
            IMAGE,
            -26.357143f,
            -10.414286f,
            37.414286f,
            53.357143f),
        // the second channel's slope is below 0, and it is nowhere: 0, 4, 31, 40 count 1 alone
        new MethodCase("xgrad-cam:upsampling=none", Net.CONV, constant(6, 16), 4, 4, 4, 4),
        // x less the middle of 0 and 9.1, which both ends of the path agree in; the rows are
        // regions at scales up to 250, and the lower one's mean is 4.45
        new MethodCase(
            "xrai:minSize=0,dilation=0,minPixelDiff=1",
            Net.PIXELS,
            new float[] {0, 0, 8.9f, 9.1f},
            -4.55f,
            -4.55f,
            4.45f,
            4.45f),
        // no row has 3 pixels: all of it, which has grown together at larger scales
        new MethodCase(
            "xrai:minSize=0,dilation=0,minPixelDiff=3",
            Net.PIXELS,
            new float[] {0, 0, 8.9f, 9.1f},
            -.05f,
            -.05f,
            -.05f,
            -.05f));
  }

  private static String mp(String parameters) {
    return "meaningful-perturbation:score=logit,jitter=0,smooth=0," + parameters;
  }

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
}
