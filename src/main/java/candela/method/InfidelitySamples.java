package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Rectangles;
import candela.probe.Sampled;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/** The perturbations of {@link OptimalInfidelity}, what they cost the score, and the best map. */
final class InfidelitySamples extends Sampled<Attribution> implements Staged<Attribution> {
  private final OptimalInfidelity method;
  private final Workspace workspace;
  private final Shape image;
  private final FeatureMask mask;
  private final Tensor x;
  private final Tensor from;
  private final MemorySegment feature;

  /** [1 + samples,4]: nothing, then squares. */
  private final int[] edges;

  private final MemorySegment window;

  /** What is taken away of each feature, sample by sample. */
  private final double[][] share;

  /** Row 0 is the image itself. */
  private final double[] scores;

  InfidelitySamples(
      OptimalInfidelity method, Subject subject, Workspace workspace, FeatureMask mask) {
    super(Ask.score(method.score()), subject.shape(), subject.target(), method.samples() + 1);
    this.method = method;
    this.workspace = workspace;
    this.mask = mask;
    if ((long) method.samples() * mask.count() > Integer.MAX_VALUE / 8) {
      throw CandelaException.of(
          "optimal-infidelity: samples of at most %d expected for %d features, got %d",
          Integer.MAX_VALUE / 8 / mask.count(), mask.count(), method.samples());
    }
    image = subject.image();
    x = workspace.tensor(subject.shape(), subject.pixels());
    from = method.baseline().of(subject, method.seed(), workspace);
    feature = workspace.ints(mask.values(x.count()));
    boolean squares = method.perturbation() == OptimalInfidelity.Perturbation.SQUARE;
    edges =
        squares
            ? Rectangles.squares(
                method.seed(), method.samples(), method.largest(), image.dim(1), image.dim(2))
            : null;
    window = squares ? workspace.ints(edges) : MemorySegment.NULL;
    share =
        switch (method.perturbation()) {
          case SQUARE -> covered();
          case SHAP -> coalitions();
          case NOISY_BASELINE -> noisy();
        };
    scores = new double[method.samples() + 1];
  }

  /** The part of each feature that lies in the square. */
  private double[][] covered() {
    int w = image.dim(2);
    int pixels = image.count(1, 3);
    double[] size = new double[mask.count()];
    for (int f : mask.of()) {
      size[f]++;
    }
    double[][] part = new double[method.samples()][mask.count()];
    for (int s = 0; s < part.length; s++) {
      int e = (1 + s) * Rectangles.EDGES;
      for (int i = edges[e]; i < edges[e + 2]; i++) {
        for (int j = edges[e + 1]; j < edges[e + 3]; j++) {
          for (int k = i * w + j; k < mask.of().length; k += pixels) {
            part[s][mask.of()[k]] += 1 / size[mask.of()[k]];
          }
        }
      }
    }
    return part;
  }

  private double[][] coalitions() {
    int n = mask.count();
    double[] upTo = new double[n];
    for (int k = 1; k < n; k++) {
      upTo[k] = upTo[k - 1] + 1.0 / k / (n - k);
    }
    float[][] u = Draws.uniform(workspace, method.seed(), method.samples(), n + 1);
    double[][] away = new double[u.length][n];
    for (int s = 0; s < u.length; s++) {
      int k = 1;
      while (k < n - 1 && u[s][n] * upTo[n - 1] >= upTo[k]) {
        k++;
      }
      int[] order = Draws.order(u[s], n);
      for (int i = 0; i < Math.min(k, n); i++) {
        away[s][order[i]] = 1;
      }
    }
    return away;
  }

  private double[][] noisy() {
    int n = mask.count();
    double[][] away = new double[method.samples()][n];
    float[][] z = Draws.normal(workspace, method.seed(), method.samples(), n);
    for (int s = 0; s < away.length; s++) {
      for (int i = 0; i < n; i++) {
        away[s][i] = 1 + method.stdev() * z[s][i];
      }
    }
    return away;
  }

  @Override
  protected void fill(int first, Tensor rows) {
    int n = rows.shape().dim(0);
    var kernels = workspace.device().kernels().mask();
    if (edges != null) {
      kernels.occlude(
          n,
          image.dim(0),
          image.dim(1),
          image.dim(2),
          x.data(),
          from.data(),
          window.asSlice((long) first * Rectangles.EDGES * Integer.BYTES),
          rows.data());
      return;
    }
    try (var own = new Workspace(workspace.device())) {
      float[] left = new float[n * mask.count()];
      for (int i = 0; i < left.length; i++) {
        int row = first + i / mask.count();
        left[i] = row == 0 ? 1 : (float) (1 - share[row - 1][i % mask.count()]);
      }
      kernels.blend(
          n,
          x.count(),
          mask.count(),
          own.floats(left),
          feature,
          x.data(),
          from.data(),
          rows.data());
    }
  }

  @Override
  protected void add(int first, Answers answers) {
    for (int i = 0; i < answers.rows(); i++) {
      scores[first + i] = answers.scores()[i];
    }
  }

  @Override
  public Attribution result() {
    return result(Math.max(0, taken() - 1));
  }

  @Override
  public Attribution result(int count) {
    double[] phi = solved(count);
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", scores[0]);
    notes.put("features", (double) mask.count());
    notes.put("infidelity", infidelity(phi, count));
    if (count < mask.count()) {
      notes.put(Attribution.UNDETERMINED, (double) mask.count() - count);
    }
    return mask.spread(image, phi, method.channels(), notes);
  }

  private double[] solved(int count) {
    int n = mask.count();
    double[][] a = new double[n][n + 1];
    for (int s = 0; s < count; s++) {
      double fall = scores[0] - scores[s + 1];
      double[] u = share[s];
      for (int i = 0; i < n; i++) {
        if (u[i] != 0) {
          for (int j = 0; j <= i; j++) {
            a[i][j] += u[i] * u[j];
          }
          a[i][n] += u[i] * fall;
        }
      }
    }
    double trace = 0;
    for (int i = 0; i < n; i++) {
      trace += a[i][i];
    }
    for (int i = 0; i < n; i++) {
      a[i][i] += method.ridge() * trace / n;
    }
    return Solve.positive(a);
  }

  /** The mean of (u · phi − what the score falls by)². */
  double infidelity(double[] phi, int count) {
    double sum = 0;
    for (int s = 0; s < count; s++) {
      double off = scores[s + 1] - scores[0];
      for (int i = 0; i < phi.length; i++) {
        off += share[s][i] * phi[i];
      }
      sum += off * off;
    }
    return sum / Math.max(count, 1);
  }
}
