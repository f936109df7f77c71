package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Integrated gradients, averaged over baselines: what makes up the difference of the score from
 * that of the data. With stdev above 0 it is GradientSHAP.
 *
 * <p><b>Definition:</b> a = mean over samples of (x' − b) ∂f(b + α (x' − b))/∂x, b one of the
 * baselines in turn, α uniform in 0…1, x' = x + stdev z with z standard normal. Convergence delta =
 * Σ a − (f(x) − mean f(b)), an error of sampling.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> samples (1 or more, default 40; the first k of more are those of k);
 * baseline (default random: uniform between black and white); baselines (how many random ones,
 * default 10); background (a FILE.npy of images [n,c,h,w] that stand for the data, as the network
 * takes them, instead of the baseline; default none); stdev (units of the network's input, default
 * 0); seed (default 0); multiplyByInputs (false leaves out x' − b, default true); score (default
 * logit); channels (default sum).
 *
 * <p><b>Cost:</b> samples + baselines + 1 forward and backward rows.
 *
 * <p><b>Source:</b> Erion et al. 2021, "Improving performance of deep learning models with
 * axiomatic attribution priors and expected gradients"; Lundberg's GradientExplainer.
 *
 * <p><b>Differences:</b> baselines come in turn, not drawn, so that each counts equally. Captum
 * takes 5 samples, SHAP 200, the LATEC benchmark 40.
 */
public record ExpectedGradients(
    int samples,
    Baseline baseline,
    int baselines,
    GivenArray background,
    double stdev,
    long seed,
    boolean multiplyByInputs,
    ScoreKind score,
    Channels channels)
    implements Method {
  public ExpectedGradients() {
    this(40, Baseline.RANDOM, 10, GivenArray.NONE, 0, 0, true, ScoreKind.LOGIT, Channels.SUM);
  }

  public ExpectedGradients {
    Check.atLeast(1, samples, "expected-gradients: samples");
    Check.atLeast(1, baselines, "expected-gradients: baselines");
    Check.notNegative(stdev, "expected-gradients: stdev");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    var list = baseline.all(background, baselines, seed, subject, workspace);
    return new Points(subject, workspace, list);
  }

  /** The points, then the baselines, then the image. */
  private final class Points extends Sampled<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final List<float[]> from;
    private final float[][] alpha;
    private final double[] sum;
    private double score;
    private double other;

    Points(Subject subject, Workspace workspace, List<float[]> from) {
      super(
          Ask.gradient(ExpectedGradients.this.score),
          subject.shape(),
          subject.target(),
          samples + from.size() + 1);
      this.subject = subject;
      this.workspace = workspace;
      this.from = from;
      alpha = Draws.uniform(workspace, seed, samples, 1);
      sum = new double[subject.pixels().length];
    }

    /** The image with the noise of a sample. */
    private float[] noisy(int i) {
      // another stream than that of alpha
      return Draws.normal(workspace, ~seed, i, subject.pixels(), stdev);
    }

    @Override
    protected void fill(int first, Tensor rows) {
      for (int r = 0; r < rows.shape().dim(0); r++) {
        workspace.device().write(rows.rows(r, r + 1), point(first + r));
      }
    }

    private float[] point(int i) {
      if (i >= samples) {
        return i < samples + from.size() ? from.get(i - samples) : subject.pixels();
      }
      float[] b = from.get(i % from.size());
      float[] p = noisy(i);
      for (int k = 0; k < p.length; k++) {
        p[k] = b[k] + alpha[i][0] * (p[k] - b[k]);
      }
      return p;
    }

    @Override
    protected void add(int first, Answers answers) {
      for (int r = 0; r < answers.rows(); r++) {
        int i = first + r;
        if (i == samples + from.size()) {
          score = answers.scores()[r];
        } else if (i >= samples) {
          other += answers.scores()[r] / (double) from.size();
        } else {
          float[] g = workspace.device().read(answers.gradients().rows(r, r + 1));
          float[] b = from.get(i % from.size());
          float[] to = noisy(i);
          for (int k = 0; k < sum.length; k++) {
            sum[k] += multiplyByInputs ? g[k] * ((double) to[k] - b[k]) : g[k];
          }
        }
      }
    }

    @Override
    public Attribution result() {
      float[] a = new float[sum.length];
      double total = 0;
      for (int k = 0; k < a.length; k++) {
        a[k] = (float) (sum[k] / samples);
        total += sum[k] / samples;
      }
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("score", score);
      notes.put("baselineScore", other);
      if (multiplyByInputs) {
        notes.put("convergenceDelta", total - (score - other));
      }
      return new Attribution(subject.image(), a, channels, notes);
    }
  }
}
