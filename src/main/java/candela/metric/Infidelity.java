package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far the map is from telling by how much the score falls when parts of the image, or noise,
 * are taken away.
 *
 * <p><b>Definition:</b> the mean over random parts S of (β Σ_S a − (f(x) − f(x_S)))², x_S showing
 * the substrate in S, all channels. square: one of all squares of up to the largest size, all
 * equally probable: small ones, which have more places, come more often. subset: as many pixels,
 * all sets equally probable. noise: the mean over z of (β Σ z a − (f(x) − f(x − z)))², z normal
 * with deviation σ and independent at every pixel, one for all its channels; σ = spread · (max x −
 * min x), or stdev where it is given. β = 1; normalise=true: β = Σ Δf Σ_S a / Σ (Σ_S a)², which
 * makes it smallest, Δf the fall.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number;
 * parts {@code scale}, β, and {@code zeros}, the infidelity of a map of zeros.
 *
 * <p><b>Parameters:</b> perturbation (square, subset, noise; default square); samples (parts, 1 or
 * more; the first k of more are those of k; default 1000); largest (side of the largest square, as
 * a share of the image's shorter side, above 0, up to 1, default 0.36); subset (pixels, 1 or more,
 * default 224); spread (fraction of the range of x, above 0, default 0.2); stdev (units of the
 * network's input, 0 = by spread, default 0); normalise (default false); substrate (of parts: zero,
 * blur, padded_blur, mean, least, most or average, default zero); seed (default 0); score (default
 * logit).
 *
 * <p><b>Cost:</b> samples + 1 forward rows, for all maps of an image together.
 *
 * <p><b>Source:</b> Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
 * definition 2.1; largest and spread are the authors' for digits of 28 × 28 from 0 to 1. normalise
 * as their code, and Captum's.
 *
 * <p><b>Differences:</b> of parts, a counts as a contribution, what a pixel adds to the score, as
 * with Captum's multiply_by_inputs=True: slopes are to be multiplied by their input before. Of
 * noise, a counts as a slope, summed over channels (gradient:channels=sum), as with
 * multiply_by_inputs=False; digits have one channel, for which it is the authors', but that they
 * keep x − z in the range of x. The authors take all squares once. An enlarged map keeps its
 * values, so that its sums grow; normalise=true compares maps of different units. What a method
 * finds of a superpixel or a cell is shared among its pixels; a map that is a file counts as it is.
 */
public record Infidelity(
    Perturbation perturbation,
    int samples,
    double largest,
    int subset,
    double spread,
    double stdev,
    boolean normalise,
    Substrate substrate,
    long seed,
    ScoreKind score)
    implements Metric {
  /** What is taken away at a time. */
  public enum Perturbation {
    SQUARE,
    SUBSET,
    NOISE
  }

  public Infidelity() {
    this(Perturbation.SQUARE, 1000, 0.36, 224, 0.2, 0, false, Substrate.ZERO, 0, ScoreKind.LOGIT);
  }

  public Infidelity {
    Check.atLeast(1, samples, "infidelity: samples");
    Check.share(largest, "infidelity: largest");
    Check.atLeast(1, subset, "infidelity: subset");
    Check.positive(spread, "infidelity: spread");
    Check.notNegative(stdev, "infidelity: stdev");
  }

  @Override
  public Direction direction() {
    return Direction.LOWER_IS_BETTER;
  }

  @Override
  public Probe<Score> probe(Explained explained, Workspace workspace) {
    Removal removal =
        switch (perturbation) {
          case SQUARE -> new RandomSquares(samples, largest, seed);
          case SUBSET ->
              RandomPixels.fitting(explained, List.of(subset), samples, seed, "infidelity");
          case NOISE -> new PixelNoise(samples, sigma(explained), seed);
        };
    // noise has no substrate
    Substrate shown = perturbation == Perturbation.NOISE ? Substrate.ZERO : substrate;
    return Falls.judge(explained, workspace, removal, shown, score, this::score);
  }

  private float sigma(Explained explained) {
    return (float) (stdev > 0 ? stdev : spread * explained.range());
  }

  private Score score(double[] sums, double[] falls) {
    double both = 0;
    double square = 0;
    for (int i = 0; i < sums.length; i++) {
      both += falls[i] * sums[i];
      square += sums[i] * sums[i];
    }
    // sums of zero are scaled to zero by anything
    double scale = normalise && square > 0 ? both / square : 1;
    double off = 0;
    double zeros = 0;
    for (int i = 0; i < sums.length; i++) {
      double d = scale * sums[i] - falls[i];
      off += d * d;
      zeros += falls[i] * falls[i];
    }
    Map<String, Double> parts = new LinkedHashMap<>();
    parts.put("scale", scale);
    parts.put("zeros", zeros / sums.length);
    return Score.of(off / sums.length, parts);
  }
}
