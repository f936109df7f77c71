package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What part of the score's variance would be left if all but one feature were known.
 *
 * <p><b>Definition:</b> the total Sobol' index of feature i in f(b + w ⊙ (x − b)), b the baseline
 * and w[features] uniform between 0 and 1, by Jansen's estimator: Σ_k (f(A_k) − f(C_k))² / (2 N V),
 * A and B two designs of N points w, C_k is A_k with the weight of feature i from B_k, V the
 * variance of f(A), over N − 1; 0 where V is 0. A and B are the halves of a Latin hypercube.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 8); segments, compactness, sigma (of SLIC,
 * defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (what shows where a weight is 0, default zero);
 * samples (N, 2 or more, default 32); seed (default 0); score (default logit).
 *
 * <p><b>Cost:</b> samples (n + 1) forward rows for n features: 2,080 for the defaults.
 *
 * <p><b>Source:</b> Fel et al. 2021, "Look at the variance! Efficient black-box explanations with
 * Sobol-based sensitivity analysis", section 3; Jansen 1999, "Analysis of variance designs for
 * model output"; defaults of Xplique.
 *
 * <p><b>Differences:</b> the authors draw the points as a Sobol' sequence, and enlarge the map with
 * cubic splines; Xplique asks for f(B) too, which the estimator does not read.
 */
public record SobolIndices(
    Features features, Baseline baseline, int samples, long seed, ScoreKind score)
    implements Method {
  private static final int GRID = 8;

  public SobolIndices() {
    this(Features.grid(GRID), Baseline.ZERO, 32, 0, ScoreKind.LOGIT);
  }

  public SobolIndices {
    features.check("sobol-indices");
    Check.atLeast(2, samples, "sobol-indices: samples");
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    FeatureMask mask = features.of("sobol-indices", subject, workspace);
    int n = mask.count();
    Coalitions.check("sobol-indices", samples, samples * (n + 1L), n);
    float[][] points = Draws.latin(workspace, seed, samples, 2 * n);
    float[] table = new float[samples * (n + 1) * n];
    for (int row = 0; row < samples * (n + 1); row++) {
      System.arraycopy(points[row % samples], 0, table, row * n, n);
      if (row >= samples) {
        int i = row / samples - 1;
        table[row * n + i] = points[row % samples][n + i];
      }
    }
    return new Coalitions(
        this, subject, workspace, baseline.of(subject, seed, workspace), mask, table) {
      @Override
      double[] values() {
        double variance = variance(scores, mean(scores));
        double[] index = new double[n];
        for (int row = samples; row < scores.length && variance > 0; row++) {
          double change = scores[row % samples] - scores[row];
          index[row / samples - 1] += change * change / (2 * samples * variance);
        }
        return index;
      }

      @Override
      Map<String, Double> notes(double[] values) {
        Map<String, Double> notes = new LinkedHashMap<>();
        notes.put("meanScore", mean(scores));
        notes.put("scoreVariance", variance(scores, mean(scores)));
        return notes;
      }
    };
  }

  /** Of the scores of A, which come first. */
  private double mean(double[] scores) {
    double sum = 0;
    for (int k = 0; k < samples; k++) {
      sum += scores[k];
    }
    return sum / samples;
  }

  private double variance(double[] scores, double mean) {
    double sum = 0;
    for (int k = 0; k < samples; k++) {
      sum += (scores[k] - mean) * (scores[k] - mean);
    }
    return sum / (samples - 1);
  }
}
