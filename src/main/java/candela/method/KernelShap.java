package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shapley values of features, by a weighted regression over coalitions.
 *
 * <p><b>Definition:</b> φ minimises Σ_S π(S) (v(S) − v(∅) − Σ_{i in S} φ_i)² under Σ φ = v(all) −
 * v(∅), π(S) = (n − 1) / (C(n,|S|) |S| (n − |S|)), v as in {@link ExactShapley}. Sizes of
 * coalitions that fit into the samples are taken in full, from both ends; the rest is drawn by π in
 * pairs with complements, repeated draws counted.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default grid); grid (default 7); segments, compactness, sigma (of SLIC,
 * defaults 50, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of equal
 * number are a feature; default none); baseline (what absent features show, default zero); samples
 * (coalitions, 0 for 2 n + 2048, default 0); seed (default 0); score (default logit).
 *
 * <p><b>Cost:</b> at most samples + 2 forward rows: 2,148 for 49 features. With 2^n − 2 or more
 * samples it is exact.
 *
 * <p><b>Source:</b> Lundberg and Lee 2017, "A unified approach to interpreting model predictions",
 * section 4.1.
 *
 * <p><b>Differences:</b> coalitions as in the SHAP library, without its selection of features
 * (l1_reg). Captum draws sizes by π, 25 samples, and weighs the ends by 1e6 for the constraint.
 */
public record KernelShap(
    Features features, Baseline baseline, int samples, long seed, ScoreKind score)
    implements Method {
  /** As many as there are values of an input that may be features each. */
  private static final int MOST = 4096;

  public KernelShap() {
    this(Features.grid(7), Baseline.ZERO, 0, 0, ScoreKind.LOGIT);
  }

  public KernelShap {
    features.check("kernel-shap");
    Check.atLeast(0, samples, "kernel-shap: samples");
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    FeatureMask mask = features.of("kernel-shap", subject, workspace);
    int n = mask.count();
    if (n > MOST) {
      throw CandelaException.of(
          "kernel-shap: at most %d features expected for a regression, got %d; use"
              + " shapley-sampling, or fewer",
          MOST, n);
    }
    long rows = Math.min(wanted(n), n < Integer.SIZE ? 1L << n : Long.MAX_VALUE);
    Coalitions.check("kernel-shap", samples, rows, n);
    Map<List<Integer>, Double> drawn = coalitions(n, workspace);
    float[] table = new float[(2 + drawn.size()) * n];
    Arrays.fill(table, n, 2 * n, 1);
    double[] weight = new double[drawn.size()];
    int row = 0;
    for (var c : drawn.entrySet()) {
      for (int i : c.getKey()) {
        table[(2 + row) * n + i] = 1;
      }
      weight[row++] = c.getValue();
    }
    return new Coalitions(
        this, subject, workspace, baseline.of(subject, seed, workspace), mask, table) {
      private int undetermined;

      @Override
      double[] values() {
        double[][] a = equations(n, table, weight, scores);
        double[][] factor = Solve.factor(a);
        undetermined = Solve.undetermined(factor);
        return solved(a, factor, scores[1] - scores[0]);
      }

      @Override
      Map<String, Double> notes(double[] values) {
        Map<String, Double> notes = Convergence.notes(values, scores[1], scores[0]);
        if (undetermined > 0) {
          notes.put(Attribution.UNDETERMINED, (double) undetermined);
        }
        return notes;
      }
    };
  }

  private int wanted(int n) {
    return samples == 0 ? 2 * n + 2048 : samples;
  }

  /** Coalitions, as ascending lists of features, and their weights; neither none nor all. */
  private Map<List<Integer>, Double> coalitions(int n, Workspace workspace) {
    Map<List<Integer>, Double> all = new LinkedHashMap<>();
    int wanted = wanted(n);
    int sizes = n / 2;
    double[] weight = new double[sizes + 1];
    double left = 0;
    for (int k = 1; k <= sizes; k++) {
      weight[k] = (n - 1.0) / (k * (double) (n - k)) * (2 * k == n ? 1 : 2);
      left += weight[k];
    }
    int full = 0;
    double remaining = wanted;
    for (int k = 1; k <= sizes; k++) {
      double count = choose(n, k) * (2 * k == n ? 1 : 2);
      if (remaining * weight[k] / left / count < 1 - 1e-8) {
        break;
      }
      add(all, n, k, weight[k] / count);
      remaining -= count;
      left -= weight[k];
      full = k;
    }
    if (full < sizes) {
      draw(all, n, full, sizes, weight, left, (int) remaining, workspace);
    }
    return all;
  }

  private static double choose(int n, int k) {
    double c = 1;
    for (int i = 1; i <= k; i++) {
      c = c * (n - k + i) / i;
    }
    return c;
  }

  /** All coalitions of k features, and their complements. */
  private static void add(Map<List<Integer>, Double> all, int n, int k, double weight) {
    int[] c = new int[k];
    for (int i = 0; i < k; i++) {
      c[i] = i;
    }
    while (true) {
      List<Integer> s = Arrays.stream(c).boxed().toList();
      all.put(s, weight);
      if (2 * k != n) {
        all.put(complement(s, n), weight);
      }
      int i = k - 1;
      while (i >= 0 && c[i] == n - k + i) {
        i--;
      }
      if (i < 0) {
        return;
      }
      c[i]++;
      for (int j = i + 1; j < k; j++) {
        c[j] = c[j - 1] + 1;
      }
    }
  }

  private static List<Integer> complement(List<Integer> s, int n) {
    List<Integer> rest = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      if (!s.contains(i)) {
        rest.add(i);
      }
    }
    return rest;
  }

  /** Coalitions of the sizes above full, in pairs with their complements; left is their weight. */
  private void draw(
      Map<List<Integer>, Double> all,
      int n,
      int full,
      int sizes,
      double[] weight,
      double left,
      int count,
      Workspace workspace) {
    Map<List<Integer>, Double> times = new LinkedHashMap<>();
    double sum = 0;
    // a draw has a size, then an order of the features
    float[][] u = Draws.uniform(workspace, seed, Math.max(1, count / 2), n + 1);
    for (float[] v : u) {
      double at = v[n] * left;
      int k = full + 1;
      while (k < sizes && at >= weight[k]) {
        at -= weight[k++];
      }
      int[] order = Draws.order(v, n);
      List<Integer> s = Arrays.stream(order, 0, k).sorted().boxed().toList();
      times.merge(s, 1.0, Double::sum);
      times.merge(complement(s, n), 1.0, Double::sum);
      sum += 2;
    }
    double each = left / sum;
    times.forEach((s, c) -> all.put(s, c * each));
  }

  /** The weighted least squares, the last feature's value being what the others leave. */
  private static double[][] equations(int n, float[] table, double[] weight, double[] scores) {
    double total = scores[1] - scores[0];
    double[][] a = new double[n - 1][n];
    for (int r = 0; r < weight.length; r++) {
      int row = (2 + r) * n;
      double last = table[row + n - 1];
      double y = scores[2 + r] - scores[0] - last * total;
      for (int i = 0; i < n - 1; i++) {
        double z = (table[row + i] - last) * weight[r];
        for (int j = 0; j < n - 1 && z != 0; j++) {
          a[i][j] += z * (table[row + j] - last);
        }
        a[i][n - 1] += z * y;
      }
    }
    return a;
  }

  private static double[] solved(double[][] a, double[][] factor, double total) {
    double[] found = Solve.with(factor, Solve.right(a));
    double[] phi = Arrays.copyOf(found, a.length + 1);
    phi[a.length] = total - Arrays.stream(found).sum();
    return phi;
  }
}
