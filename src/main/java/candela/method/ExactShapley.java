package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.Map;

/**
 * What each feature adds to the score, averaged over all orders in which features could come in.
 *
 * <p><b>Definition:</b> φ_i = Σ over coalitions S without i of |S|! (n − |S| − 1)! / n! (v(S ∪ i) −
 * v(S)), v(S) the score of the image with the features of S, the others taken from the baseline.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 3); segments, compactness, sigma (of SLIC,
 * defaults 9, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (what absent features show, default zero); seed
 * (default 0); score (default logit).
 *
 * <p><b>Cost:</b> 2^n forward rows for n features, at most 16: 512 for the default.
 *
 * <p><b>Source:</b> Shapley 1953, "A value for n-person games"; of models Lundberg and Lee 2017.
 *
 * <p><b>Differences:</b> none. {@link KernelShap} and {@link ShapleySampling} approximate it.
 */
public record ExactShapley(Features features, Baseline baseline, long seed, ScoreKind score)
    implements Method {
  /** 65,536 rows. */
  private static final int MOST = 16;

  public ExactShapley() {
    this(Features.few(), Baseline.ZERO, 0, ScoreKind.LOGIT);
  }

  public ExactShapley {
    features.check("exact-shapley");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    FeatureMask mask = features.of("exact-shapley", subject, workspace);
    int n = mask.count();
    if (n > MOST) {
      throw CandelaException.of(
          "exact-shapley: at most %d features expected, got %d; use kernel-shap", MOST, n);
    }
    float[] table = new float[n * (1 << n)];
    for (int s = 0; s < 1 << n; s++) {
      for (int i = 0; i < n; i++) {
        table[s * n + i] = s >> i & 1;
      }
    }
    return new Coalitions(
        this, subject, workspace, baseline.of(subject, seed, workspace), mask, table) {
      @Override
      double[] values() {
        return shapley(scores, n);
      }

      @Override
      Map<String, Double> notes(double[] values) {
        return Convergence.notes(values, scores[(1 << n) - 1], scores[0]);
      }
    };
  }

  private static double[] shapley(double[] v, int n) {
    double[] weight = new double[n];
    weight[0] = 1.0 / n;
    for (int s = 1; s < n; s++) {
      weight[s] = weight[s - 1] * s / (n - s);
    }
    double[] phi = new double[n];
    for (int s = 0; s < 1 << n; s++) {
      for (int i = 0; i < n; i++) {
        if ((s >> i & 1) == 0) {
          phi[i] += weight[Integer.bitCount(s)] * (v[s | 1 << i] - v[s]);
        }
      }
    }
    return phi;
  }
}
