package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.rule.Presets;
import candela.tensor.Tensor;
import java.util.Map;

/**
 * How the difference of the scores of image and baseline is made up of the input's differences,
 * layer by layer.
 *
 * <p><b>Definition:</b> a = (x − b) · m, m the multipliers Δf/Δx under the chain rule for
 * multipliers, the nonlinearities by the rule (package candela.rule). Convergence delta = Σ a −
 * (f(x) − f(b)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> rule (rescale, reveal_cancel; default rescale); pooling (how max-pooling is
 * taken: complete, captum; default complete); baseline (zero, mean, blur, random, white, black, or
 * a FILE.npy; default zero); seed (of the random baseline, default 0); multiplyByInputs (false
 * gives m, default true); channels (default sum).
 *
 * <p><b>Cost:</b> 2 forward rows, 2 backward rows; with reveal_cancel, products with the weights'
 * two signs besides.
 *
 * <p><b>Source:</b> Shrikumar, Greenside and Kundaje 2017, "Learning important features through
 * propagating activation differences", section 3.
 *
 * <p><b>Differences:</b> differences below 1e-7 count as none, as the authors' (Captum: 1e-10, and
 * rescale only). With pooling=captum, maxima lose what Captum's lose: where windows overlap all but
 * the last, and their own rule right after an activation; sums then fall short of f(x) − f(b) (by
 * half and more on SqueezeNet). Local response normalisation is an activation: what an element
 * changes is put down to itself, so that sums are kept; Captum takes its gradient. Products are
 * split evenly, but x·sigmoid(x) is one function of x, as GELU is; softmax and other normalisations
 * are written out in sums, products and functions of one value, so that they add up too; what
 * cannot be is refused.
 */
public record DeepLift(
    Multipliers rule,
    Pooling pooling,
    Baseline baseline,
    long seed,
    boolean multiplyByInputs,
    Channels channels)
    implements Method {
  /** The rule of the nonlinearities. */
  public enum Multipliers {
    RESCALE,
    REVEAL_CANCEL
  }

  /** What max-pooling does. */
  public enum Pooling {
    COMPLETE,
    CAPTUM
  }

  public DeepLift() {
    this(Multipliers.RESCALE, Pooling.COMPLETE, Baseline.ZERO, 0, true, Channels.SUM);
  }

  /** Differences are those of a logit. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Two(subject, workspace);
  }

  /** The image, then the baseline. */
  private final class Two extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Subject subject;
    private final Tensor x;
    private final Tensor b;
    private final double[] scores = new double[2];
    private float[] multipliers;

    Two(Subject subject, Workspace workspace) {
      super(
          Ask.backward(
              ScoreKind.LOGIT,
              "",
              rule == Multipliers.RESCALE
                  ? Presets.deepLiftRescale(pooling == Pooling.CAPTUM)
                  : Presets.deepLiftRevealCancel(pooling == Pooling.CAPTUM)),
          subject.shape(),
          subject.target(),
          2);
      this.workspace = workspace;
      this.subject = subject;
      x = workspace.tensor(subject.shape(), subject.pixels());
      b = baseline.of(subject, seed, workspace);
      multipliers = new float[x.count()];
    }

    @Override
    protected void fill(int first, Tensor rows) {
      workspace.repeat(x, rows.rows(0, 1));
      workspace.repeat(b, rows.rows(1, 2));
    }

    @Override
    protected void add(int first, Answers answers) {
      scores[0] = answers.scores()[0];
      scores[1] = answers.scores()[1];
      multipliers = workspace.device().read(answers.gradients().rows(0, 1));
    }

    @Override
    public Attribution result() {
      float[] from = workspace.device().read(b);
      float[] a = new float[multipliers.length];
      double total = 0;
      for (int i = 0; i < a.length; i++) {
        double full = ((double) subject.pixels()[i] - from[i]) * multipliers[i];
        total += full;
        a[i] = multiplyByInputs ? (float) full : multipliers[i];
      }
      Map<String, Double> notes = Convergence.notes(total, scores[0], scores[1]);
      return new Attribution(subject.image(), a, channels, notes);
    }
  }
}
