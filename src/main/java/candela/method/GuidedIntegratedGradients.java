package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Map;

/**
 * Integrated gradients along a path that goes first where the gradient is small, so that noise
 * gathers less.
 *
 * <p><b>Definition:</b> a = ∫ ∂f/∂x dx from the baseline b to the image. In each step the values
 * whose |gradient| is in the lowest fraction, of those that are not at their furthest, move towards
 * the image, until the L1 distance from it has fallen by 1/nSteps; no value is more than maxDist
 * (of the whole way) ahead of or behind the straight line. Convergence delta = Σ a − (f(x) − f(b)).
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> nSteps (1 to 2²⁴, default 200); fraction (above 0, up to 1, default 0.25);
 * maxDist (0 to 1, default 0.02); baseline (default zero); seed (of the random baseline, default
 * 0); score (default logit); channels (default sum).
 *
 * <p><b>Cost:</b> nSteps + 1 forward and backward rows, one after the other.
 *
 * <p><b>Source:</b> Kapishnikov et al. 2021, "Guided integrated gradients: an adaptive path method
 * for removing noise", section 4; defaults of PAIR.
 *
 * <p><b>Differences:</b> the path is PAIR's; each step counts with the mean of the gradients at its
 * ends, not with the first, which is small because the step was chosen so.
 */
public record GuidedIntegratedGradients(
    int nSteps,
    double fraction,
    double maxDist,
    Baseline baseline,
    long seed,
    ScoreKind score,
    Channels channels)
    implements Method {
  /** Distances that count as equal, of the whole way. */
  private static final double EQUAL = 1e-9;

  public GuidedIntegratedGradients() {
    this(200, 0.25, 0.02, Baseline.ZERO, 0, ScoreKind.LOGIT, Channels.SUM);
  }

  public GuidedIntegratedGradients {
    Check.steps(1, nSteps, "guided-integrated-gradients: nSteps");
    if (!(fraction > 0 && fraction <= 1) || !(maxDist >= 0 && maxDist <= 1)) {
      throw CandelaException.of(
          "guided-integrated-gradients: fraction above 0, up to 1, and maxDist of 0 to 1 expected,"
              + " got %s and %s",
          fraction, maxDist);
    }
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    float[] from = workspace.device().read(baseline.of(subject, seed, workspace));
    return new Path(subject, workspace, from);
  }

  /** One row a step: where the next goes depends on the answer. */
  private final class Path implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final double[] from;
    private final double[] to;
    private final double[] now;
    private final double[] sum;
    private final double[] ends = new double[2];
    private final double[] start;
    private float[] before;
    private int step;

    Path(Subject subject, Workspace workspace, float[] from) {
      this.subject = subject;
      this.workspace = workspace;
      this.from = Floats.doubles(from);
      to = Floats.doubles(subject.pixels());
      now = this.from.clone();
      sum = new double[to.length];
      start = now.clone();
    }

    @Override
    public Ask ask() {
      return Ask.gradient(score);
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
      return nSteps + 1;
    }

    @Override
    public int width() {
      return 1;
    }

    @Override
    public int next(Tensor rows) {
      if (step > nSteps) {
        return 0;
      }
      workspace.device().write(rows.rows(0, 1), Floats.of(now));
      return 1;
    }

    @Override
    public void take(Answers answers) {
      float[] gradient = workspace.device().read(answers.gradients());
      if (step == 0) {
        ends[0] = answers.scores()[0];
      } else {
        for (int i = 0; i < sum.length; i++) {
          sum[i] += 0.5 * ((double) gradient[i] + before[i]) * (now[i] - start[i]);
        }
      }
      ends[1] = answers.scores()[0];
      before = gradient;
      System.arraycopy(now, 0, start, 0, now.length);
      if (step < nSteps) {
        move(gradient);
      }
      step++;
    }

    /** How far value i is on its way, 0 to 1; at its furthest where it has none. */
    private double alpha(int i, double most) {
      double way = to[i] - from[i];
      return way == 0 ? most : (now[i] - from[i]) / way;
    }

    private void move(float[] gradient) {
      double least = Math.max((step + 1.0) / nSteps - maxDist, 0);
      double most = Math.min((step + 1.0) / nSteps + maxDist, 1);
      double whole = 0;
      for (int i = 0; i < to.length; i++) {
        whole += Math.abs(to[i] - from[i]);
      }
      double target = whole * (1 - (step + 1.0) / nSteps);
      boolean[] done = new boolean[to.length];
      for (boolean moving = whole > 0; moving; ) {
        double left = 0;
        for (int i = 0; i < to.length; i++) {
          double alpha = alpha(i, most);
          if (alpha < least) {
            now[i] = from[i] + least * (to[i] - from[i]);
            alpha = alpha(i, most);
          }
          left += Math.abs(now[i] - to[i]);
          done[i] = alpha >= most - EQUAL;
        }
        moving = left - target > EQUAL * whole && advance(gradient, done, most, left - target);
      }
    }

    /** Moves the values of small gradient by excess in all; tells whether more have to move. */
    private boolean advance(float[] gradient, boolean[] done, double most, double excess) {
      float[] size = new float[to.length];
      for (int i = 0; i < size.length; i++) {
        size[i] = done[i] ? Float.POSITIVE_INFINITY : Math.abs(gradient[i]);
      }
      float threshold = Floats.ascending(size, (int) Math.floor(fraction * (size.length - 1)));
      if (threshold == Float.POSITIVE_INFINITY) {
        threshold = largestFinite(size);
      }
      double room = 0;
      for (int i = 0; i < size.length; i++) {
        if (!done[i] && size[i] <= threshold) {
          room += Math.abs(furthest(i, most) - now[i]);
        }
      }
      if (room <= 0) {
        return false;
      }
      double part = Math.min(1, excess / room);
      for (int i = 0; i < size.length; i++) {
        if (!done[i] && size[i] <= threshold) {
          now[i] += part * (furthest(i, most) - now[i]);
        }
      }
      return excess > room;
    }

    /** -1 where there is none, NaN where one is. */
    private static float largestFinite(float[] size) {
      float largest = -1;
      for (float v : size) {
        largest = v == Float.POSITIVE_INFINITY ? largest : Math.max(largest, v);
      }
      return largest;
    }

    private double furthest(int i, double most) {
      return most == 1 ? to[i] : from[i] + most * (to[i] - from[i]);
    }

    @Override
    public Attribution result() {
      Map<String, Double> notes = Convergence.notes(sum, ends[1], ends[0]);
      return new Attribution(subject.image(), Floats.of(sum), channels, notes);
    }
  }
}
