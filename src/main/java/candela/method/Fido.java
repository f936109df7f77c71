package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How probable it is that a pixel is seen, in the distribution of masks that keeps the class with
 * the fewest pixels (ssr), or loses it with the fewest (sdr).
 *
 * <p><b>Definition:</b> masks z of cells × cells, each kept with probability σ(l), enlarged
 * bilinearly; unseen pixels show the fill. l minimises over Adam's steps E[−log odds(x ⊙ z)] +
 * weight Σ z (ssr), or E[log odds(x ⊙ z)] + weight Σ (1 − z) (sdr), z = σ((l + log u − log(1 − u))
 * / temperature) with u uniform (concrete dropout). a = σ(l) for ssr, 1 − σ(l) for sdr.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> objective (ssr: smallest sufficient region, sdr: smallest destroying
 * region; default ssr); cells (along a side, default 56); nSteps (of Adam, default 300); samples
 * (masks a step, default 8); rate (of Adam, default 0.05); weight (default 0.001); temperature
 * (default 0.1); fill (default blur); seed (default 0).
 *
 * <p><b>Cost:</b> nSteps · samples forward and backward rows: 2,400 for the defaults.
 *
 * <p><b>Source:</b> Chang et al. 2019, "Explaining image classifiers by counterfactual generation",
 * section 3.
 *
 * <p><b>Differences:</b> fills are the baselines; the authors' best is a contextual-attention GAN.
 */
public record Fido(
    Objective objective,
    int cells,
    int nSteps,
    int samples,
    double rate,
    double weight,
    double temperature,
    Baseline fill,
    long seed)
    implements Method {
  /** What the masks are to do. */
  public enum Objective {
    SSR,
    SDR
  }

  /** Adam's usual constants. */
  private static final double BETA1 = 0.9;

  private static final double BETA2 = 0.999;
  private static final double EPSILON = 1e-8;

  public Fido() {
    this(Objective.SSR, 56, 300, 8, 0.05, 0.001, 0.1, Baseline.BLUR, 0);
  }

  public Fido {
    Check.atLeast(1, cells, "fido: cells");
    Check.atLeast(1, nSteps, "fido: nSteps");
    Check.atLeast(1, samples, "fido: samples");
    Check.positive(rate, "fido: rate");
    Check.notNegative(weight, "fido: weight");
    Check.positive(temperature, "fido: temperature");
  }

  /** The odds are those of a probability; their logarithm is differentiated. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOG_PROBABILITY;
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    if (cells > Math.min(image.dim(1), image.dim(2))) {
      throw CandelaException.of(
          "fido: cells: at most %d expected for a %d x %d image, got %d",
          Math.min(image.dim(1), image.dim(2)), image.dim(2), image.dim(1), cells);
    }
    return new Descent(subject, workspace);
  }

  /** A step's masks, then their gradients, then the next step. */
  private final class Descent implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;
    private final Enlarged enlarged;
    private final Tensor x;
    private final Tensor from;
    private final float[] apart;
    private final double[] l = new double[cells * cells];
    private final double[] gradient = new double[l.length];
    private final double[] first = new double[l.length];
    private final double[] second = new double[l.length];
    private final double[][] z = new double[samples][];
    private int written;
    private int answered;
    private double odds;

    Descent(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      enlarged = new Enlarged(cells, cells, image.dim(1), image.dim(2));
      x = workspace.tensor(subject.shape(), subject.pixels());
      from = fill.of(subject, seed, workspace);
      apart = workspace.device().read(from);
      for (int i = 0; i < apart.length; i++) {
        apart[i] = subject.pixels()[i] - apart[i];
      }
    }

    @Override
    public Ask ask() {
      return Ask.gradient(ScoreKind.LOG_PROBABILITY);
    }

    @Override
    public int target() {
      return subject.target();
    }

    @Override
    public int size() {
      return nSteps * samples;
    }

    @Override
    public int width() {
      return samples;
    }

    private double sigmoid(double v) {
      return 1 / (1 + Math.exp(-v));
    }

    @Override
    public int next(Tensor rows) {
      int left = samples - written % samples;
      int n = written == size() || answered < written ? 0 : Math.min(rows.shape().dim(0), left);
      if (n == 0) {
        return 0;
      }
      int pixels = image.count(1, 3);
      float[] masks = new float[n * pixels];
      for (int r = 0; r < n; r++) {
        int k = (written + r) % samples;
        float[] u = Draws.one(workspace, seed, (long) written + r, l.length);
        z[k] = new double[l.length];
        for (int i = 0; i < l.length; i++) {
          double open = Math.log(u[i]) - Math.log1p(-u[i]);
          z[k][i] = sigmoid((l[i] + open) / temperature);
        }
        System.arraycopy(enlarged.of(z[k]), 0, masks, r * pixels, pixels);
      }
      try (var own = new Workspace(workspace.device())) {
        workspace
            .device()
            .kernels()
            .mask()
            .blend(
                n,
                x.count(),
                pixels,
                own.floats(masks),
                MemorySegment.NULL,
                x.data(),
                from.data(),
                rows.data());
      }
      written += n;
      return n;
    }

    @Override
    public void take(Answers answers) {
      for (int r = 0; r < answers.rows(); r++) {
        double p = Math.exp(answers.scores()[r]);
        odds = answers.scores()[r] - Math.log1p(-Math.min(p, 1 - 1e-7));
        float[] g = workspace.device().read(answers.gradients().rows(r, r + 1));
        add(z[answered % samples], g, 1 / Math.max(1 - p, 1e-7));
        answered++;
        if (answered % samples == 0) {
          step(answered / samples);
        }
      }
    }

    /** The gradient of the loss at l from that of log p at the pixels; log odds is by as steep. */
    private void add(double[] z, float[] g, double by) {
      double[] mask = new double[image.count(1, 3)];
      for (int i = 0; i < g.length; i++) {
        mask[i % mask.length] += (double) g[i] * apart[i];
      }
      double[] small = enlarged.back(mask);
      double sign = objective == Objective.SSR ? -1 : 1;
      for (int i = 0; i < l.length; i++) {
        double slope = sign * by * small[i] - sign * weight;
        gradient[i] += slope * z[i] * (1 - z[i]) / temperature / samples;
      }
    }

    private void step(int t) {
      for (int i = 0; i < l.length; i++) {
        first[i] = BETA1 * first[i] + (1 - BETA1) * gradient[i];
        second[i] = BETA2 * second[i] + (1 - BETA2) * gradient[i] * gradient[i];
        double mean = first[i] / (1 - Math.pow(BETA1, t));
        double size = Math.sqrt(second[i] / (1 - Math.pow(BETA2, t)));
        l[i] -= rate * mean / (size + EPSILON);
        gradient[i] = 0;
      }
    }

    @Override
    public Attribution result() {
      double[] seen = new double[l.length];
      double mean = 0;
      for (int i = 0; i < l.length; i++) {
        seen[i] = objective == Objective.SSR ? sigmoid(l[i]) : sigmoid(-l[i]);
        mean += seen[i] / l.length;
      }
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("logOdds", odds);
      notes.put("meanProbability", mean);
      return new Attribution(image.with(0, 1), enlarged.of(seen), channels(), notes);
    }
  }
}
