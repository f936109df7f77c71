package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Map;

/**
 * How the difference of the scores of the image and its blur is made up of the input values, on the
 * way through all scales between the two.
 *
 * <p><b>Definition:</b> a = ∫ ∂f(x_σ)/∂x dx_σ from σ = maxSigma down to 0, x_σ the image smoothed
 * by a Gaussian of σ pixels: Σ_k ½ (g_k + g_{k+1}) (x_{k+1} − x_k) over nSteps steps, σ_k =
 * maxSigma (1 − k / nSteps)². Convergence delta = Σ a − (f(x) − f(the most blurred)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> nSteps (1 to 2²⁴, default 100); maxSigma (pixels, default 50); score
 * (default logit); channels (default sum).
 *
 * <p><b>Cost:</b> nSteps + 1 forward and backward rows, and as many blurs.
 *
 * <p><b>Source:</b> Xu, Venugopalan and Sundararajan 2020, "Attribution in scale and space",
 * section 3; defaults of PAIR.
 *
 * <p><b>Differences:</b> PAIR's steps of σ are equal; those here are finer where the image gets
 * sharp and the score moves most. PAIR takes the change of x_σ over 0.01 pixels at the start of
 * each step; the trapezoid here is of second order, and complete up to its error. At the edges only
 * pixels inside the image are averaged, and the Gaussian ends at three σ.
 */
public record BlurIntegratedGradients(
    int nSteps, double maxSigma, ScoreKind score, Channels channels) implements Method {
  public BlurIntegratedGradients() {
    this(100, 50, ScoreKind.LOGIT, Channels.SUM);
  }

  public BlurIntegratedGradients {
    Check.steps(1, nSteps, "blur-integrated-gradients: nSteps");
    Check.positive(maxSigma, "blur-integrated-gradients: maxSigma");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Scales(subject, workspace);
  }

  /** The most blurred image first. */
  private final class Scales extends Sampled<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Tensor x;
    private final double[] ends = new double[2];
    private final double[] sum;
    private float[][] rows = {};
    private float[] image;
    private float[] gradient;

    Scales(Subject subject, Workspace workspace) {
      super(
          Ask.gradient(BlurIntegratedGradients.this.score),
          subject.shape(),
          subject.target(),
          nSteps + 1);
      this.subject = subject;
      this.workspace = workspace;
      x = workspace.tensor(subject.shape(), subject.pixels());
      sum = new double[subject.pixels().length];
    }

    @Override
    protected void fill(int first, Tensor into) {
      rows = new float[into.shape().dim(0)][];
      for (int r = 0; r < rows.length; r++) {
        Tensor row = into.rows(r, r + 1);
        workspace.repeat(x, row);
        double left = (double) (nSteps - first - r) / nSteps;
        double sigma = maxSigma * left * left;
        if (sigma > 0) {
          Shape image = subject.image();
          Baseline.blur(row.as(image), sigma, workspace);
        }
        rows[r] = workspace.device().read(row);
      }
    }

    @Override
    protected void add(int first, Answers answers) {
      for (int r = 0; r < answers.rows(); r++) {
        float[] g = workspace.device().read(answers.gradients().rows(r, r + 1));
        if (first + r == 0) {
          ends[0] = answers.scores()[r];
        } else {
          for (int k = 0; k < sum.length; k++) {
            sum[k] += 0.5 * ((double) g[k] + gradient[k]) * ((double) rows[r][k] - image[k]);
          }
          ends[1] = answers.scores()[r];
        }
        gradient = g;
        image = rows[r];
      }
    }

    @Override
    public Attribution result() {
      Map<String, Double> notes = Convergence.notes(sum, ends[1], ends[0]);
      return new Attribution(subject.image(), Floats.of(sum), channels, notes);
    }
  }
}
