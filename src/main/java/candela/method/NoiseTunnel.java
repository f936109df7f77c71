package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.Map;

/**
 * Any method, averaged over noisy copies of the image.
 *
 * <p><b>Definition:</b> a_i = the method's map of x + σ z_i with z_i standard normal; smoothgrad =
 * mean a_i, smoothgrad_sq = mean a_i², vargrad = mean a_i² − (mean a_i)². σ = spread · (max x − min
 * x), or stdev where it is given.
 *
 * <p><b>Shapes:</b> as the method's.
 *
 * <p><b>Parameters:</b> method (a method with its parameters, in quotes where there are commas;
 * default integrated-gradients); samples (1 or more, default 5; the first k of more are those of
 * k); spread (fraction of the range of x, default 0.15); stdev (units of the network's input, 0 =
 * by spread, default 0); type (default smoothgrad); seed (default 0).
 *
 * <p><b>Cost:</b> samples times the method's.
 *
 * <p><b>Source:</b> Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise"; Adebayo et
 * al. 2018 (VarGrad); Captum's NoiseTunnel.
 *
 * <p><b>Differences:</b> Captum's stdev is 1.0 in units of the input; see {@link SmoothGrad}.
 * Methods whose rows depend on answers in number or kind are refused.
 */
public record NoiseTunnel(
    Method method, int samples, double spread, double stdev, SmoothGrad.Type type, long seed)
    implements Method {
  public NoiseTunnel() {
    this(new IntegratedGradients(), 5, 0.15, 0, SmoothGrad.Type.SMOOTHGRAD, 0);
  }

  public NoiseTunnel {
    Check.atLeast(1, samples, "noise-tunnel: samples");
    Check.notNegative(spread, "noise-tunnel: spread");
    Check.notNegative(stdev, "noise-tunnel: stdev");
    if (method instanceof NoiseTunnel
        || method instanceof GuidedGradCam
        || method instanceof HierarchicalOcclusion
        || method instanceof Anchors
        || method instanceof ScoreCam) {
      throw CandelaException.of(
          "noise-tunnel: method: one whose rows are known beforehand expected, got '%s'; use"
              + " another",
          Methods.name(method));
    }
  }

  @Override
  public ScoreKind score() {
    return method.score();
  }

  @Override
  public Channels channels() {
    return method.channels();
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Copies(subject, workspace);
  }

  /** The method's probes, one copy after another; a finished one frees its memory. */
  private final class Copies implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final float sigma;
    private final Ask ask;
    private final int each;
    private final int width;
    private final ArrayDeque<Part> asked = new ArrayDeque<>();
    private Copy current;
    private int made;
    private int taken;
    private Attribution last;
    private double[] sum;
    private double[] square;

    /** One noisy copy, and how many of its rows were written and answered. */
    private static final class Copy {
      final Probe<Attribution> probe;
      final Workspace own;
      int written;
      int answered;

      Copy(Probe<Attribution> probe, Workspace own) {
        this.probe = probe;
        this.own = own;
      }
    }

    /** Rows of a copy that wait for their answers. */
    private record Part(Copy copy, int rows) {}

    Copies(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      sigma = (float) (stdev > 0 ? stdev : spread * subject.range());
      current = copy();
      ask = current.probe.ask();
      each = current.probe.size();
      width = current.probe.width();
      last = current.probe.result();
      sum = new double[last.values().length];
      square = new double[sum.length];
    }

    private Copy copy() {
      var own = new Workspace(workspace.device());
      float[] noisy = Draws.normal(workspace, seed, made++, subject.pixels(), sigma);
      var noisySubject = new Subject(subject.shape(), noisy, subject.target(), subject.levels());
      return new Copy(method.probe(noisySubject, own), own);
    }

    @Override
    public Ask ask() {
      return ask;
    }

    @Override
    public int target() {
      return subject.target();
    }

    @Override
    public int size() {
      return samples * each;
    }

    @Override
    public int width() {
      return samples * width;
    }

    /** Rows of as many copies as fit; a copy that is not through has to see its answers first. */
    @Override
    public int next(Tensor rows) {
      int all = rows.shape().dim(0);
      int used = 0;
      while (used < all) {
        if (current == null) {
          if (made == samples) {
            break;
          }
          current = copy();
        }
        int n = current.probe.next(rows.rows(used, all));
        if (n == 0) {
          break;
        }
        asked.add(new Part(current, n));
        current.written += n;
        used += n;
        if (current.written < each) {
          break;
        }
        current = null;
      }
      return used;
    }

    @Override
    public void take(Answers answers) {
      for (int from = 0; from < answers.rows(); ) {
        Part part = asked.remove();
        Copy copy = part.copy();
        copy.probe.take(answers.rows(from, from + part.rows()));
        copy.answered += part.rows();
        from += part.rows();
        if (copy.answered == each) {
          finish(copy);
        }
      }
    }

    private void finish(Copy copy) {
      last = copy.probe.result();
      copy.own.close();
      if (sum.length != last.values().length) {
        sum = new double[last.values().length];
        square = new double[sum.length];
      }
      for (int i = 0; i < sum.length; i++) {
        double v = last.values()[i];
        sum[i] += v;
        square[i] += v * v;
      }
      taken++;
    }

    @Override
    public Attribution result() {
      double n = Math.max(taken, 1);
      float[] a = new float[sum.length];
      for (int i = 0; i < a.length; i++) {
        double mean = sum[i] / n;
        a[i] =
            (float)
                switch (type) {
                  case SMOOTHGRAD -> mean;
                  case SMOOTHGRAD_SQ -> square[i] / n;
                  case VARGRAD -> square[i] / n - mean * mean;
                };
      }
      return new Attribution(last.shape(), a, method.channels(), Map.of("sigma", (double) sigma));
    }
  }
}
