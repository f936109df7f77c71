package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/**
 * How the difference of the scores of image and baseline is made up of the input values.
 *
 * <p><b>Definition:</b> a = (x − b) · Σ_k w_k ∂f(b + α_k (x − b))/∂x, with α, w approximating the
 * integral over 0…1. Convergence delta = Σ a − (f(x) − f(b)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> nSteps (1 to 8192 with gausslegendre, to 2²⁴ with others, some of which
 * want 2; default 50); method (gausslegendre, riemann_left, riemann_right, riemann_middle,
 * riemann_trapezoid, trapezoid, inclusive_mean; default gausslegendre); baseline (zero, mean, blur,
 * random, white, black, or a FILE.npy that holds an input; default zero); seed (of the random
 * baseline, default 0); multiplyByInputs (false leaves out x − b, default true); score (default
 * logit); channels (default sum).
 *
 * <p><b>Cost:</b> nSteps + 2 forward rows and backward rows; the two are b and x, for the delta.
 *
 * <p><b>Source:</b> Sundararajan, Taly and Yan 2017, sections 3 and 5.
 *
 * <p><b>Differences:</b> rules and their weights are Captum's but for the last two, so
 * riemann_trapezoid comes out (n − 1)/n too small; the authors' code is the true trapezoid over 51
 * points on the probability.
 */
public record IntegratedGradients(
    int nSteps,
    Quadrature method,
    Baseline baseline,
    long seed,
    boolean multiplyByInputs,
    ScoreKind score,
    Channels channels)
    implements Method {
  public IntegratedGradients() {
    this(50, Quadrature.GAUSSLEGENDRE, Baseline.ZERO, 0, true, ScoreKind.LOGIT, Channels.SUM);
  }

  public IntegratedGradients {
    method.check(nSteps, "integrated-gradients: nSteps");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Path(subject, workspace);
  }

  /** Rows 0 … nSteps − 1 are the points of the path, then come the baseline and the image. */
  private final class Path extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final StraightPath path;
    private final MemorySegment weight;
    private final MemorySegment sum;
    private final double[] ends = new double[2];

    Path(Subject subject, Workspace workspace) {
      super(Ask.gradient(score), subject.shape(), subject.target(), nSteps + 2);
      this.workspace = workspace;
      image = subject.image();
      float[] alphas = Arrays.copyOf(Floats.of(method.points(nSteps)), nSteps + 2);
      alphas[nSteps + 1] = 1;
      path = new StraightPath(subject, workspace, baseline, seed, alphas);
      weight = workspace.floats(Floats.of(method.weights(nSteps)));
      sum = workspace.allocate(path.x.count() * 8L);
    }

    @Override
    protected void fill(int first, Tensor rows) {
      path.fill(first, rows);
    }

    @Override
    protected void add(int first, Answers answers) {
      if (first + answers.rows() > nSteps) {
        answers.scoresLater(
            s -> {
              for (int i = Math.max(nSteps - first, 0); i < s.length; i++) {
                ends[first + i - nSteps] = s[i];
              }
            });
      }
      int rows = Math.min(answers.rows(), nSteps - first);
      if (rows > 0) {
        workspace
            .device()
            .kernels()
            .noise()
            .moments(
                rows,
                path.x.count(),
                weight.asSlice(first * 4L),
                answers.gradients().data(),
                sum,
                MemorySegment.NULL);
      }
    }

    @Override
    public Attribution result() {
      double[] g = workspace.readDoubles(sum, path.x.count());
      float[] to = workspace.device().read(path.x);
      float[] from = workspace.device().read(path.b);
      float[] a = new float[g.length];
      double total = 0;
      for (int i = 0; i < a.length; i++) {
        double full = g[i] * ((double) to[i] - from[i]);
        total += full;
        a[i] = (float) (multiplyByInputs ? full : g[i]);
      }
      Map<String, Double> notes = Convergence.notes(total, ends[1], ends[0]);
      return new Attribution(image, a, channels, notes);
    }
  }
}
