package candela.metric;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far the map is from telling by how much the score falls when parts of the image are taken
 * away.
 *
 * <p><b>Definition:</b> the mean over random parts S of (β Σ_S a − (f(x) − f(x_S)))², x_S showing
 * the substrate in S, all channels. square: a square, all sizes and places equally probable.
 * subset: as many pixels, all sets equally probable. β = 1; normalise=true: β = Σ Δf Σ_S a / Σ (Σ_S
 * a)², which makes it smallest, Δf the fall.
 *
 * <p><b>Shapes:</b> image [c,h,w], map [h,w], enlarged bilinearly where it is smaller → one number;
 * parts {@code scale}, β, and {@code zeros}, the infidelity of a map of zeros.
 *
 * <p><b>Parameters:</b> perturbation (square, subset; default square); samples (parts, 1 or more;
 * the first k of more are those of k; default 1000); largest (side of the largest square, as a
 * share of the image's shorter side, above 0, up to 1, default 0.36); subset (pixels, 1 or more,
 * default 224); normalise (default false); substrate (zero, blur or mean, default zero); seed
 * (default 0); score (default logit).
 *
 * <p><b>Cost:</b> samples + 1 forward rows, for all maps of an image together.
 *
 * <p><b>Source:</b> Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
 * definition 2.1; largest is the authors' for digits of 28 × 28. normalise as their code, and
 * Captum's.
 *
 * <p><b>Differences:</b> a counts as a contribution, what a pixel adds to the score, as with
 * Captum's multiply_by_inputs=True: slopes are to be multiplied by their input before. The authors
 * take all squares once. An enlarged map keeps its values, so that its sums grow; normalise=true
 * compares maps of different units.
 */
public record Infidelity(
    Perturbation perturbation,
    int samples,
    double largest,
    int subset,
    boolean normalise,
    Substrate substrate,
    long seed,
    ScoreKind score)
    implements Metric {
  /** What is taken away at a time. */
  public enum Perturbation {
    SQUARE,
    SUBSET
  }

  public Infidelity() {
    this(Perturbation.SQUARE, 1000, 0.36, 224, false, Substrate.ZERO, 0, ScoreKind.LOGIT);
  }

  public Infidelity {
    Check.atLeast(1, samples, "infidelity: samples");
    Check.share(largest, "infidelity: largest");
    Check.atLeast(1, subset, "infidelity: subset");
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
        };
    return Falls.judge(explained, workspace, removal, substrate, score, this::score);
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
