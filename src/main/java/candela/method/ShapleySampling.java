package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import java.util.Arrays;
import java.util.Map;

/**
 * What each feature adds to the score, averaged over some orders in which features come in.
 *
 * <p><b>Definition:</b> φ_i = the mean over permutations of v(the features before i, and i) −
 * v(those before i), v as in {@link ExactShapley}. Σ φ = v(all) − v(none), whatever the number.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 7); segments, compactness, sigma (of SLIC,
 * defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (what absent features show, default zero); samples
 * (permutations, 1 or more, default 25; the first k of more are those of k); seed (default 0);
 * score (default logit).
 *
 * <p><b>Cost:</b> 2 + samples (n − 1) forward rows for n features: 1,202 for the defaults.
 *
 * <p><b>Source:</b> Castro et al. 2009, "Polynomial calculation of the Shapley value based on
 * sampling"; Štrumbelj and Kononenko 2010.
 *
 * <p><b>Differences:</b> none to Captum's ShapleyValueSampling, which asks for the ends of every
 * permutation again.
 */
public record ShapleySampling(
    Features features, Baseline baseline, int samples, long seed, ScoreKind score)
    implements Method {
  public ShapleySampling() {
    this(Features.grid(7), Baseline.ZERO, 25, 0, ScoreKind.LOGIT);
  }

  public ShapleySampling {
    features.check("shapley-sampling");
    Check.atLeast(1, samples, "shapley-sampling: samples");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    FeatureMask mask = features.of("shapley-sampling", subject, workspace);
    int n = mask.count();
    Coalitions.check("shapley-sampling", samples, samples * (long) n, n);
    float[][] u = Draws.uniform(workspace, seed, samples, n);
    int[][] order = Arrays.stream(u).map(v -> Draws.order(v, n)).toArray(int[][]::new);
    float[] table = new float[(2 + samples * (n - 1)) * n];
    Arrays.fill(table, n, 2 * n, 1);
    for (int p = 0; p < samples; p++) {
      for (int k = 1; k < n; k++) {
        int row = row(p, k, n) * n;
        for (int j = 0; j < k; j++) {
          table[row + order[p][j]] = 1;
        }
      }
    }
    return new Coalitions(
        this, subject, workspace, baseline.of(subject, seed, workspace), mask, table) {
      @Override
      double[] values() {
        double[] phi = new double[n];
        for (int p = 0; p < samples; p++) {
          for (int k = 0; k < n; k++) {
            double rise = scores[row(p, k + 1, n)] - scores[row(p, k, n)];
            phi[order[p][k]] += rise / samples;
          }
        }
        return phi;
      }

      @Override
      Map<String, Double> notes(double[] values) {
        return Convergence.notes(values, scores[1], scores[0]);
      }
    };
  }

  /** Where the first k features of permutation p are: none and all are shared. */
  private static int row(int p, int k, int n) {
    return k == 0 ? 0 : k == n ? 1 : 2 + p * (n - 1) + k - 1;
  }
}
