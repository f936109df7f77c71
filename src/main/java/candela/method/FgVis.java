package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.rule.Presets;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which values, pixel by pixel and colour by colour, take the class away when they go (delete), or
 * make it when they come (preserve), with the evidence of the image alone.
 *
 * <p><b>Definition:</b> m in [0,1] of the image's shape minimises f(e) − weight Σ m (delete, from m
 * = 1), or −f(e) + weight Σ m (preserve, from m = 0), e = m x + (1 − m) b + noise, by m ← m − rate
 * g / max |g|, clipped. g is the gradient but for the defence: nothing flows back through an
 * activation that lies outside what it is on the image itself and 0, so none is raised that the
 * image does not raise. delete ends once the class is not predicted any more: once it was, and
 * another is likelier, or, of classes that are each by themselves, it is not likelier than not. a =
 * 1 − m for delete, m for preserve.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> variant (delete, preserve; default delete); iterations (1 or more, default
 * 500); rate (above 0, default 0.1); weight (default 1e-9); spread (of the noise, a fraction of the
 * range of x, default 0.02); baseline (default black); seed (default 0); score (default
 * log_probability); channels (default sum_absolute).
 *
 * <p><b>Cost:</b> at most 2 iterations forward and backward rows: the image goes along with each.
 *
 * <p><b>Source:</b> Wagner et al. 2019, "Interpretable and fine-grained visual explanations for
 * convolutional neural networks", sections 3.1 and 3.2; numbers of spravil/FGVis.
 *
 * <p><b>Differences:</b> the authors have no code published. Their preservation starts from the
 * whole image; preserve is what they call generation. spravil/FGVis has the deletion alone, its
 * noise is 0.1 in units of its input, and it shows 1 − m averaged over colours. It takes the
 * probability, whose slope vanishes where the mask has taken the class away; the log probability is
 * the paper's cross-entropy.
 */
public record FgVis(
    Variant variant,
    int iterations,
    double rate,
    double weight,
    double spread,
    Baseline baseline,
    long seed,
    ScoreKind score,
    Channels channels)
    implements Method {
  /** What the mask is to do. */
  public enum Variant {
    DELETE,
    PRESERVE
  }

  public FgVis() {
    this(
        Variant.DELETE,
        500,
        0.1,
        1e-9,
        0.02,
        Baseline.BLACK,
        0,
        ScoreKind.LOG_PROBABILITY,
        Channels.SUM_ABSOLUTE);
  }

  public FgVis {
    Check.atLeast(1, iterations, "fgvis: iterations");
    Check.positive(rate, "fgvis: rate");
    Check.notNegative(weight, "fgvis: weight");
    Check.notNegative(spread, "fgvis: spread");
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Descent(subject, workspace);
  }

  /** A masked image and the image itself, then the next step. */
  private final class Descent implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Tensor x;
    private final Tensor masked;
    private final float[] from;
    private final float[] m;
    private final float sigma;
    private int written;
    private int taken;
    private boolean predicted;
    private boolean finished;
    private double last = Double.NaN;

    Descent(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      x = workspace.tensor(subject.shape(), subject.pixels());
      masked = workspace.tensor(subject.shape());
      from = workspace.device().read(baseline.of(subject, seed, workspace));
      m = new float[x.count()];
      Arrays.fill(m, variant == Variant.DELETE ? 1 : 0);
      sigma = (float) (spread * subject.range());
    }

    @Override
    public Ask ask() {
      return Ask.backward(score, "", Presets.fgVis());
    }

    @Override
    public Shape rowShape() {
      return subject.shape();
    }

    @Override
    public int target() {
      return subject.target();
    }

    @Override
    public int size() {
      return finished ? 2 * written : 2 * iterations;
    }

    @Override
    public int width() {
      return 2;
    }

    @Override
    public int next(Tensor rows) {
      if (finished || written > taken) {
        return 0;
      }
      float[] e = new float[m.length];
      for (int i = 0; i < e.length; i++) {
        // in this form exactly x where m is 1: the defence must not take rounding for evidence
        e[i] = m[i] * subject.pixels()[i] + (1 - m[i]) * from[i];
      }
      workspace.device().write(masked, e);
      try (var own = new Workspace(workspace.device())) {
        workspace
            .device()
            .kernels()
            .noise()
            .gaussianNoise(
                1,
                e.length,
                masked.data(),
                sigma,
                seed,
                own.longs(new long[] {written}),
                rows.rows(0, 1).data());
      }
      workspace.repeat(x, rows.rows(1, 2));
      written++;
      return 2;
    }

    @Override
    public void take(Answers answers) {
      last = answers.scores()[0];
      if (variant == Variant.DELETE) {
        boolean now =
            answers
                .rows(0, 1)
                .predictions(workspace.device())
                .getFirst()
                .predicts(subject.target());
        // a class that was not predicted to begin with has nothing to lose
        finished = predicted && !now;
        predicted |= now;
      }
      if (!finished) {
        step(workspace.device().read(answers.gradients().rows(0, 1)));
      }
      taken++;
      finished |= taken == iterations;
    }

    private void step(float[] g) {
      double sign = variant == Variant.DELETE ? 1 : -1;
      double most = 0;
      for (int i = 0; i < g.length; i++) {
        g[i] = (float) (sign * ((double) g[i] * (subject.pixels()[i] - from[i]) - weight));
        most = Math.max(most, Math.abs(g[i]));
      }
      double by = most > 0 ? rate / most : 0;
      for (int i = 0; i < g.length; i++) {
        m[i] = (float) Math.clamp(m[i] - by * g[i], 0, 1);
      }
    }

    @Override
    public Attribution result() {
      float[] a = m.clone();
      double mean = 0;
      for (int i = 0; i < a.length; i++) {
        a[i] = variant == Variant.DELETE ? 1 - a[i] : a[i];
        mean += (double) a[i] / a.length;
      }
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("score", last);
      notes.put("area", mean);
      notes.put("iterations", (double) taken);
      Shape image = subject.image();
      return new Attribution(image, a, channels, notes);
    }
  }
}
