package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Staged;
import candela.probe.Workspace;
import java.util.List;

/**
 * The map that tells best, in the mean of squares, how much the score falls when parts of the image
 * are taken away: no map has a smaller infidelity for these perturbations.
 *
 * <p><b>Definition:</b> Φ* = (Σ u uᵀ + λ 1)⁻¹ Σ u (f(x) − f(x − I)) over perturbations I = u (x −
 * b), u the share of each feature that is taken away, λ = ridge times the mean of the diagonal of Σ
 * u uᵀ. shap: u is 0 or 1, of k features with probability in proportion to (n − 1) / (k (n − k)),
 * then any k. square: one of all squares of the image of up to the largest size, all equally
 * probable, small ones having more places, u_j = the part of feature j in it. noisy_baseline: u = 1
 * + stdev z, z standard normal. A pixel has its feature's Φ*.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the features have channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default superpixels); grid (default 7); segments, compactness, sigma (of
 * SLIC, defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of
 * equal number are a feature; default none); perturbation (shap, square, noisy_baseline; default
 * square); baseline (default zero); samples (perturbations, 1 or more; the first k of more are
 * those of k; default 2000); largest (side of the largest square, as a share of the image's shorter
 * side, above 0, up to 1, default 0.36); stdev (of the noisy baseline, default 0.2); ridge (above
 * 0, default 1e-8); seed (default 0); score (default logit).
 *
 * <p><b>Cost:</b> samples + 1 forward rows.
 *
 * <p><b>Source:</b> Yeh et al. 2019, "On the (in)fidelity and sensitivity of explanations",
 * proposition 3.1 and section 3; largest and stdev are the authors' for digits of 28 × 28 from 0 to
 * 1.
 *
 * <p><b>Differences:</b> the authors take the pseudo-inverse, which a vanishing ridge tends to,
 * single pixels for features, all squares once, and weigh the coalitions of fair coins by the
 * kernel; here all are drawn by their measure. Their noise is in units of the input, ours of the
 * difference from the baseline, so that a feature of many values has one share. The note infidelity
 * is that of the map on its own perturbations, unscaled.
 */
public record OptimalInfidelity(
    Features features,
    Perturbation perturbation,
    Baseline baseline,
    int samples,
    double largest,
    double stdev,
    double ridge,
    long seed,
    ScoreKind score)
    implements Nested {
  /** What is taken away at a time. */
  public enum Perturbation {
    SHAP,
    SQUARE,
    NOISY_BASELINE
  }

  public OptimalInfidelity() {
    this(
        Features.superpixels(50),
        Perturbation.SQUARE,
        Baseline.ZERO,
        2000,
        0.36,
        0.2,
        1e-8,
        0,
        ScoreKind.LOGIT);
  }

  public OptimalInfidelity {
    features.check("optimal-infidelity");
    Check.atLeast(1, samples, "optimal-infidelity: samples");
    Check.positive(largest, "optimal-infidelity: largest");
    Check.atMost(1, largest, "optimal-infidelity: largest");
    Check.notNegative(stdev, "optimal-infidelity: stdev");
    Check.positive(ridge, "optimal-infidelity: ridge");
  }

  @Override
  public int count() {
    return samples;
  }

  @Override
  public OptimalInfidelity with(int count) {
    return new OptimalInfidelity(
        features, perturbation, baseline, count, largest, stdev, ridge, seed, score);
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    return new InfidelitySamples(
        this, subject, workspace, features.of("optimal-infidelity", subject, workspace));
  }
}
