package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.rule.Presets;
import candela.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * {@link DeepLift}, averaged over baselines that stand for the data.
 *
 * <p><b>Definition:</b> a = mean over baselines b of (x − b) · m_b, m_b the multipliers of the
 * rescale rule. Convergence delta = Σ a − (f(x) − mean f(b)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> baseline (default random: uniform between black and white); baselines (how
 * many random ones, default 10); background (a FILE.npy of images [n,c,h,w] that stand for the
 * data, as the network takes them, instead of the baseline; default none); pooling (complete,
 * captum; default complete); seed (default 0); channels (default sum).
 *
 * <p><b>Cost:</b> 2 forward and backward rows a baseline: 20 for the default.
 *
 * <p><b>Source:</b> Lundberg and Lee 2017, "A unified approach to interpreting model predictions",
 * section 4.2; SHAP's DeepExplainer.
 *
 * <p><b>Differences:</b> as {@link DeepLift}; SHAP counts differences below 1e-6 as none, 1e-7
 * here.
 */
public record DeepShap(
    Baseline baseline,
    int baselines,
    GivenArray background,
    DeepLift.Pooling pooling,
    long seed,
    Channels channels)
    implements Method {
  public DeepShap() {
    this(Baseline.RANDOM, 10, GivenArray.NONE, DeepLift.Pooling.COMPLETE, 0, Channels.SUM);
  }

  public DeepShap {
    Check.atLeast(1, baselines, "deepshap: baselines");
  }

  /** Differences are those of a logit. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    var list = baseline.all(background, baselines, seed, subject, workspace);
    return new Pairs(subject, workspace, list);
  }

  /** The image and a baseline, again and again. */
  private final class Pairs extends Sampled<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final List<float[]> from;
    private final double[] sum;
    private double score;
    private double other;

    Pairs(Subject subject, Workspace workspace, List<float[]> from) {
      super(
          Ask.backward(
              ScoreKind.LOGIT, "", Presets.deepLiftRescale(pooling == DeepLift.Pooling.CAPTUM)),
          subject.shape(),
          subject.target(),
          2 * from.size());
      this.subject = subject;
      this.workspace = workspace;
      this.from = from;
      sum = new double[subject.pixels().length];
    }

    @Override
    protected void fill(int first, Tensor rows) {
      for (int r = 0; r < rows.shape().dim(0); r++) {
        int i = first + r;
        workspace
            .device()
            .write(rows.rows(r, r + 1), i % 2 == 0 ? subject.pixels() : from.get(i / 2));
      }
    }

    @Override
    protected void add(int first, Answers answers) {
      for (int r = 0; r < answers.rows(); r++) {
        int i = first + r;
        if (i % 2 == 1) {
          other += answers.scores()[r] / (double) from.size();
          continue;
        }
        score = answers.scores()[r];
        float[] m = workspace.device().read(answers.gradients().rows(r, r + 1));
        float[] b = from.get(i / 2);
        for (int k = 0; k < sum.length; k++) {
          sum[k] += ((double) subject.pixels()[k] - b[k]) * m[k] / from.size();
        }
      }
    }

    @Override
    public Attribution result() {
      Map<String, Double> notes = Convergence.notes(sum, score, other);
      return new Attribution(subject.image(), Floats.of(sum), channels, notes);
    }
  }
}
