package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.Arrays;
import java.util.Map;

/**
 * How much the score depends on whether a feature is shown, in whatever way.
 *
 * <p><b>Definition:</b> the Hilbert-Schmidt independence criterion of each feature and the score y
 * over N images in which features are shown or not: tr(K H L H) / N², H = I − 1/N, K_kl = 1 where
 * the feature is in k what it is in l, else 0, L_kl = exp(−(y_k − y_l)² / (2 s²)), s the bandwidth;
 * with s = 0, L_kl = 1 where y_k = y_l, else 0. Every feature is shown in half of the images: where
 * a Latin hypercube has its upper half.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 8); segments, compactness, sigma (of SLIC,
 * defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (what absent features show, default zero); samples
 * (N, 2 to 8192, default 500); bandwidth (the median of the scores, or of their distances, |y_k −
 * y_l| for k &lt; l; default scores); seed (default 0); score (default logit).
 *
 * <p><b>Cost:</b> samples forward rows: 500 for the default; N² (n + 1) steps on the host for n
 * features.
 *
 * <p><b>Source:</b> Novello, Fel and Vigouroux 2022, "Making sense of dependence: efficient
 * black-box explanations using dependence measure", section 3; defaults of Xplique.
 *
 * <p><b>Differences:</b> Xplique draws images as a Sobol' sequence, divides by N, and enlarges the
 * map with cubic splines.
 */
public record Hsic(
    Features features,
    Baseline baseline,
    int samples,
    Bandwidth bandwidth,
    long seed,
    ScoreKind score)
    implements Method {
  /** What the width of the score's kernel is the median of. */
  public enum Bandwidth {
    SCORES,
    DISTANCES
  }

  private static final int GRID = 8;

  /** Distances of all pairs: 256 MiB. */
  private static final int MOST = 8192;

  public Hsic() {
    this(Features.grid(GRID), Baseline.ZERO, 500, Bandwidth.SCORES, 0, ScoreKind.LOGIT);
  }

  public Hsic {
    features.check("hsic");
    if (samples < 2 || samples > MOST) {
      throw CandelaException.of("hsic: samples: 2 to %d expected, got %d", MOST, samples);
    }
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    FeatureMask mask = features.of("hsic", subject, workspace);
    int n = mask.count();
    Coalitions.check("hsic", samples, samples, n);
    float[][] points = Draws.latin(workspace, seed, samples, n);
    float[] table = new float[samples * n];
    for (int k = 0; k < samples; k++) {
      for (int i = 0; i < n; i++) {
        table[k * n + i] = points[k][i] < 0.5f ? 0 : 1;
      }
    }
    return new Coalitions(
        this, subject, workspace, baseline.of(subject, seed, workspace), mask, table) {
      private double width;

      @Override
      double[] values() {
        width = spread(scores);
        return dependence(table, n, scores, width);
      }

      @Override
      Map<String, Double> notes(double[] values) {
        return Map.of("bandwidth", width);
      }
    };
  }

  private double spread(double[] y) {
    if (bandwidth == Bandwidth.SCORES) {
      return median(y.clone());
    }
    double[] distances = new double[y.length * (y.length - 1) / 2];
    int at = 0;
    for (int k = 0; k < y.length; k++) {
      for (int l = 0; l < k; l++) {
        distances[at++] = Math.abs(y[k] - y[l]);
      }
    }
    return median(distances);
  }

  /** Sorts. */
  private static double median(double[] v) {
    Arrays.sort(v);
    return (v[(v.length - 1) / 2] + v[v.length / 2]) / 2;
  }

  /** Of the centred x, which is two-valued: H K H = 2 x xᵀ. */
  private static double[] dependence(float[] table, int n, double[] y, double width) {
    int samples = y.length;
    double[] shown = new double[n];
    for (int k = 0; k < samples * n; k++) {
      shown[k % n] += table[k] / samples;
    }
    double[] sum = new double[n];
    for (int k = 0; k < samples; k++) {
      double[] others = new double[n];
      for (int l = 0; l < samples; l++) {
        double alike = alike(y[k] - y[l], width);
        for (int i = 0; i < n; i++) {
          others[i] += alike * (table[l * n + i] - shown[i]);
        }
      }
      for (int i = 0; i < n; i++) {
        sum[i] += others[i] * (table[k * n + i] - shown[i]);
      }
    }
    return Arrays.stream(sum).map(v -> 2 * v / ((double) samples * samples)).toArray();
  }

  private static double alike(double distance, double width) {
    if (width == 0) {
      return distance == 0 ? 1 : 0;
    }
    double d = distance / width;
    return Math.exp(-d * d / 2);
  }
}
