package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A few superpixels that hold the prediction whatever the others are.
 *
 * <p><b>Definition:</b> a = 1 on the anchor A, 0 elsewhere. Its precision, the probability that the
 * class is predicted when A is kept and every other one is kept or taken from the baseline by a
 * coin, is at least threshold − tolerance with confidence 1 − delta. Features are added one by one,
 * each the best of all by precision (KL-LUCB: the two candidates whose bounds overlap are sampled
 * until they differ by less than tolerance, or a step's candidates have been sampled twice on
 * average), until the precision sampled is threshold or more and its lower bound threshold −
 * tolerance.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w], or a[c,h,w] where the feature mask has channels.
 *
 * <p><b>Parameters:</b> features (superpixels; grid: the cells of a grid × grid; values: every
 * value of a small input; default superpixels); grid (default 7); segments, compactness, sigma (of
 * SLIC, defaults 30, 30, 3); featureMask (instead, a FILE.npy: pixels [h,w] or values [c,h,w] of
 * equal number are a feature; default none); baseline (default mean); threshold (precision, between
 * 0 and 1, default 0.95); tolerance (default 0.15); delta (between 0 and 1, default 0.1); batchSize
 * (samples of a candidate at a time, default 8); rows (no round begins after as many, default
 * 4000); seed (default 0).
 *
 * <p><b>Cost:</b> forward rows: batchSize for every candidate of every step and what telling them
 * apart takes, at most rows and a round.
 *
 * <p><b>Source:</b> Ribeiro, Singh and Guestrin 2018, "Anchors: high-precision model-agnostic
 * explanations", section 3; bounds of Kaufmann and Kalyanakrishnan 2013.
 *
 * <p><b>Differences:</b> a beam of 1, as the authors' for images; SLIC for their quickshift,
 * batches of 8 for their 100; they go on until candidates differ by 0.05, which nearly equal ones
 * need thousands of rows for. The precision is as sure: it is checked of the anchor itself. The
 * notes tell precision and bounds reached, also where rows ran out before the threshold.
 */
public record Anchors(
    Features features,
    Baseline baseline,
    double threshold,
    double tolerance,
    double delta,
    int batchSize,
    int rows,
    long seed)
    implements Method {
  public Anchors() {
    this(Features.superpixels(30), Baseline.MEAN, 0.95, 0.15, 0.1, 8, 4000, 0);
  }

  public Anchors {
    features.check("anchors");
    Check.atLeast(1, batchSize, "anchors: batchSize");
    Check.atLeast(batchSize, rows, "anchors: rows");
    boolean parts = threshold > 0 && threshold < 1 && delta > 0 && delta < 1;
    if (!parts || !(tolerance > 0 && tolerance < 1)) {
      throw CandelaException.of(
          "anchors: threshold, tolerance and delta between 0 and 1 expected, got %s, %s and %s",
          threshold, tolerance, delta);
    }
  }

  /** What counts is the predicted class. */
  @Override
  public ScoreKind score() {
    return ScoreKind.LOGIT;
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public String remark(Attribution found) {
    double precision = found.notes().get("precision");
    if (precision < threshold) {
      return String.format(
          Locale.ROOT,
          "no anchor was found, all that is kept holds the prediction in %.0f %% of the samples;"
              + " explain a class that is predicted, or give more rows",
          100 * precision);
    }
    double sure = found.notes().get("precisionAtLeast");
    if (sure < threshold - tolerance) {
      return String.format(
          Locale.ROOT,
          "rows ran out: the anchor held the prediction in %.0f %% of few samples, which is surely"
              + " %.0f %% or more; give more rows",
          100 * precision,
          Math.floor(100 * sure));
    }
    return found.isZero() ? "the prediction holds whatever is shown: the anchor is empty" : null;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Search(subject, workspace);
  }

  /** Samples of one anchor. */
  private static final class Candidate {
    final List<Integer> anchor;
    int asked;
    int held;

    Candidate(List<Integer> anchor) {
      this.anchor = anchor;
    }

    double mean() {
      return asked == 0 ? 0 : held / (double) asked;
    }

    /** The largest q above the mean, or least below, whose divergence from it is level/asked. */
    double bound(double level, boolean upper) {
      double p = mean();
      double far = upper ? 1 : 0;
      double near = p;
      for (int i = 0; i < 60; i++) {
        double q = (near + far) / 2;
        if (divergence(p, q) * asked > level) {
          far = q;
        } else {
          near = q;
        }
      }
      return near;
    }

    private static double divergence(double p, double q) {
      double d = 0;
      d += p == 0 ? 0 : p * Math.log(p / Math.max(q, 1e-300));
      d += p == 1 ? 0 : (1 - p) * Math.log((1 - p) / Math.max(1 - q, 1e-300));
      return d;
    }
  }

  private final class Search implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;
    private final FeatureMask mask;
    private final Tensor x;
    private final Tensor from;
    private final MemorySegment feature;
    private Candidate best = new Candidate(List.of());
    private List<Candidate> candidates = new ArrayList<>(List.of(best));
    private final List<Candidate> wanted = new ArrayList<>();
    private final List<Candidate> waiting = new ArrayList<>();
    private int round = 1;
    private int written;
    private boolean finished;

    Search(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      mask = features.of("anchors", subject, workspace);
      x = workspace.tensor(subject.shape(), subject.pixels());
      from = baseline.of(subject, seed, workspace);
      feature = workspace.ints(mask.values(x.count()));
      want(best);
    }

    private void want(Candidate c) {
      for (int i = 0; i < batchSize; i++) {
        wanted.add(c);
      }
    }

    @Override
    public Ask ask() {
      return Ask.score(ScoreKind.LOGIT);
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
      return finished ? written : Math.max(rows, written + wanted.size());
    }

    @Override
    public int width() {
      return batchSize;
    }

    @Override
    public int next(Tensor into) {
      if (finished) {
        return 0;
      }
      int n = Math.min(into.shape().dim(0), wanted.size());
      float[] table = new float[n * mask.count()];
      float[][] coins = Draws.uniform(workspace, seed, written, n, mask.count());
      for (int r = 0; r < n; r++) {
        Candidate c = wanted.removeFirst();
        waiting.add(c);
        for (int i = 0; i < mask.count(); i++) {
          table[r * mask.count() + i] = c.anchor.contains(i) || coins[r][i] < 0.5f ? 1 : 0;
        }
      }
      try (var own = new Workspace(workspace.device())) {
        workspace
            .device()
            .kernels()
            .mask()
            .blend(
                n,
                x.count(),
                mask.count(),
                own.floats(table),
                feature,
                x.data(),
                from.data(),
                into.data());
      }
      written += n;
      return n;
    }

    @Override
    public void take(Answers answers) {
      for (Prediction p : answers.predictions(workspace.device())) {
        Candidate c = waiting.removeFirst();
        c.asked++;
        c.held += p.predicts(subject.target()) ? 1 : 0;
      }
      if (wanted.isEmpty() && waiting.isEmpty()) {
        decide();
      }
    }

    /** Asks on where candidates cannot be told apart; else goes on with the best of them. */
    private void decide() {
      if (written >= rows) {
        best = top(Candidate::mean, candidates);
        finished = true;
        return;
      }
      Candidate first = top(Candidate::mean, candidates);
      double level = level(candidates.size(), round);
      if (candidates.size() > 1) {
        List<Candidate> others = new ArrayList<>(candidates);
        others.remove(first);
        Candidate rival = top(c -> c.bound(level, true), others);
        boolean apart = rival.bound(level, true) - first.bound(level, false) <= tolerance;
        if (!apart && round <= candidates.size() / 2) {
          round++;
          want(first);
          want(rival);
          return;
        }
      }
      best = first;
      double sure = Math.log(1 / delta);
      boolean below = first.mean() >= threshold && first.bound(sure, false) < threshold - tolerance;
      boolean above = first.mean() < threshold && first.bound(sure, true) >= threshold + tolerance;
      if (below || above) {
        want(first);
        return;
      }
      if (first.mean() >= threshold || first.anchor.size() == mask.count()) {
        finished = true;
        return;
      }
      candidates = new ArrayList<>();
      for (int i = 0; i < mask.count(); i++) {
        if (!first.anchor.contains(i)) {
          List<Integer> more = new ArrayList<>(first.anchor);
          more.add(i);
          candidates.add(new Candidate(List.copyOf(more)));
        }
      }
      round = 1;
      candidates.forEach(this::want);
    }

    /** The exploration rate of KL-LUCB for so many arms in this round. */
    private double level(int arms, int round) {
      double t = Math.log(405.5 * arms * Math.pow(round, 1.1) / delta);
      return t + Math.log(Math.max(t, 1));
    }

    private static Candidate top(ToDoubleFunction<Candidate> by, List<Candidate> of) {
      Candidate top = of.get(0);
      for (Candidate c : of) {
        top = by.applyAsDouble(c) > by.applyAsDouble(top) ? c : top;
      }
      return top;
    }

    @Override
    public Attribution result() {
      double[] in = new double[mask.count()];
      best.anchor.forEach(i -> in[i] = 1);
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("features", (double) best.anchor.size());
      notes.put("precision", best.mean());
      notes.put("precisionAtLeast", best.bound(Math.log(1 / delta), false));
      notes.put("coverage", Math.pow(0.5, best.anchor.size()));
      notes.put("rows", (double) written);
      return mask.spread(image, in, channels(), notes);
    }
  }
}
