package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Occluded;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * How much evidence for the class a window holds beyond what its surroundings let expect.
 *
 * <p><b>Definition:</b> a = the mean over the windows W that cover the pixel of log2 odds(p) − log2
 * odds(mean_s p(x with W drawn anew)), p the probability, Laplace-corrected: (p N + 1) / (N + K)
 * with N = 100,000 and K classes, of which a yes and its no are two. What is drawn, channel by
 * channel, is Gaussian given a frame of pad pixels around the window: mean μ_w + S_wf S_ff⁻¹ (x_f −
 * μ_f), covariance S_ww − S_wf S_ff⁻¹ S_fw, of patches of the image itself.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> window (side in pixels, 1 to 16, default 10); pad (pixels, 0 to 4, default
 * 2); stride (pixels, 1 to window, default 8); samples (draws a window, default 10); seed (default
 * 0).
 *
 * <p><b>Cost:</b> windows · samples + 1 forward rows: 7,841 for 224 × 224 and the defaults.
 *
 * <p><b>Source:</b> Zintgraf et al. 2017, "Visualizing deep neural network decisions: prediction
 * difference analysis", sections 3.1 and 3.2.
 *
 * <p><b>Differences:</b> the Gaussian is that of the image's patches (of more than 4,000, some
 * 2,000 to 4,000 evenly spaced ones), not of ImageNet's, and pixels beyond the edge are those at
 * the edge; the authors' stride is 1, 46,225 windows.
 */
public record PredictionDifference(int window, int pad, int stride, int samples, long seed)
    implements Method {
  /** Of the authors' code. */
  private static final double LAPLACE = 100_000;

  /** Patches that the Gaussian is fitted to, at most. */
  private static final int PATCHES = 4000;

  public PredictionDifference() {
    this(10, 2, 8, 10, 0);
  }

  public PredictionDifference {
    Check.atLeast(1, window, "pda: window");
    Check.atLeast(0, pad, "pda: pad");
    Check.atLeast(1, stride, "pda: stride");
    Check.atLeast(1, samples, "pda: samples");
    if (stride > window) {
      throw CandelaException.of(
          "pda: stride of at most %d (the window) expected, got %d; pixels between windows would"
              + " never be drawn",
          window, stride);
    }
    if (window > 16 || pad > 4) {
      throw CandelaException.of(
          "pda: window of at most 16 and pad of at most 4 expected, got %d and %d", window, pad);
    }
  }

  /** Evidence is that of a probability. */
  @Override
  public ScoreKind score() {
    return ScoreKind.PROBABILITY;
  }

  @Override
  public Channels channels() {
    return Channels.SUM;
  }

  @Override
  public String remark(Attribution found) {
    return found.isFlat() && !found.isZero()
        ? "all values are equal: where an image has few windows, those alone are likely in it; take"
            + " a smaller window or pad"
        : Method.super.remark(found);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    Shape image = subject.image();
    if (window > Math.min(image.dim(1), image.dim(2))) {
      throw CandelaException.of(
          "pda: window of at most %d expected for a %d x %d image, got %d",
          Math.min(image.dim(1), image.dim(2)), image.dim(2), image.dim(1), window);
    }
    int windows = steps(image.dim(1)) * steps(image.dim(2));
    int most = (Integer.MAX_VALUE - 1) / windows;
    if (samples > most) {
      throw CandelaException.of(
          "pda: samples: at most %d expected for %d windows, got %d; take a larger stride, or"
              + " fewer",
          most, windows, samples);
    }
    return new Drawn(subject, workspace);
  }

  /** Windows along a side. */
  private int steps(int side) {
    return Math.ceilDiv(side - window, stride) + 1;
  }

  /** One channel's patches: the conditional Gaussian of a window in its frame. */
  private final class Patches {
    private final float[] x;
    private final int offset;
    private final int h;
    private final int w;
    private final int side = window + 2 * pad;
    private final double[] mean;

    /** [window², frame]: how the frame's deviations move the window's mean. */
    private final double[][] pull;

    /** [window², window²]: the lower factor of the conditional covariance. */
    private final double[][] factor;

    private final int[] inner;
    private final int[] frame;

    Patches(float[] x, int channel, int h, int w) {
      this.x = x;
      this.h = h;
      this.w = w;
      offset = channel * h * w;
      inner = places(true);
      frame = places(false);
      mean = new double[side * side];
      double[][] s = covariance();
      double[][] ff = part(s, frame, frame);
      double[][] lf = Solve.factor(ff);
      pull = new double[inner.length][];
      for (int i = 0; i < inner.length; i++) {
        double[] right = new double[frame.length];
        for (int k = 0; k < frame.length; k++) {
          right[k] = s[inner[i]][frame[k]];
        }
        pull[i] = Solve.with(lf, right);
      }
      double[][] rest = part(s, inner, inner);
      for (int i = 0; i < inner.length; i++) {
        for (int j = 0; j < inner.length; j++) {
          for (int k = 0; k < frame.length; k++) {
            rest[i][j] -= pull[i][k] * s[inner[j]][frame[k]];
          }
        }
      }
      factor = Solve.factor(rest);
    }

    private int[] places(boolean wanted) {
      return IntStream.range(0, side * side)
          .filter(i -> (inside(i / side) && inside(i % side)) == wanted)
          .toArray();
    }

    private boolean inside(int at) {
      return at >= pad && at < pad + window;
    }

    /** The value at a place of the patch whose window starts at top, left. */
    private double at(int top, int left, int place) {
      int i = Math.clamp(top - pad + place / side, 0, h - 1);
      int j = Math.clamp(left - pad + place % side, 0, w - 1);
      return x[offset + i * w + j];
    }

    private double[][] covariance() {
      int down = h - window + 1;
      int across = w - window + 1;
      int every = Math.max(1, Math.ceilDiv(down * across, PATCHES));
      int n = Math.ceilDiv(down * across, every);
      for (int at = 0; at < down * across; at += every) {
        for (int k = 0; k < mean.length; k++) {
          mean[k] += at(at / across, at % across, k);
        }
      }
      for (int k = 0; k < mean.length; k++) {
        mean[k] /= n;
      }
      double[][] s = new double[mean.length][mean.length];
      double[] off = new double[mean.length];
      // of deviations: squares of values lose them where all are far from 0
      for (int at = 0; at < down * across; at += every) {
        for (int k = 0; k < off.length; k++) {
          off[k] = at(at / across, at % across, k) - mean[k];
        }
        for (int i = 0; i < off.length; i++) {
          for (int j = 0; j <= i; j++) {
            s[i][j] += off[i] * off[j];
          }
        }
      }
      for (int i = 0; i < off.length; i++) {
        for (int j = 0; j <= i; j++) {
          s[i][j] /= n;
          s[j][i] = s[i][j];
        }
      }
      return s;
    }

    private static double[][] part(double[][] s, int[] rows, int[] columns) {
      double[][] p = new double[rows.length][columns.length];
      for (int i = 0; i < rows.length; i++) {
        for (int j = 0; j < columns.length; j++) {
          p[i][j] = s[rows[i]][columns[j]];
        }
      }
      return p;
    }

    /** The means of the window at top, left, in its frame. */
    double[] expected(int top, int left) {
      double[] off = new double[frame.length];
      for (int k = 0; k < off.length; k++) {
        off[k] = at(top, left, frame[k]) - mean[frame[k]];
      }
      double[] v = new double[inner.length];
      for (int i = 0; i < v.length; i++) {
        double sum = mean[inner[i]];
        for (int k = 0; k < off.length; k++) {
          sum += pull[i][k] * off[k];
        }
        v[i] = sum;
      }
      return v;
    }

    /** Writes one draw of the window at top, left; z are standard normal. */
    void draw(int top, int left, double[] expected, float[] z, int from, float[] to) {
      for (int i = 0; i < inner.length; i++) {
        double v = expected[i];
        for (int k = 0; k <= i; k++) {
          v += factor[i][k] * z[from + k];
        }
        int row = top + i / window;
        int column = left + i % window;
        to[offset + row * w + column] = (float) v;
      }
    }
  }

  /** Row 0 is the image; then samples of each window. */
  private final class Drawn extends Sampled<Attribution> implements Occluded {
    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;
    private final Patches[] patches;
    private final Tensor x;
    private final int across;
    private final double[] mean;

    /** The window drawn last, what is expected of it in each channel, the image with a draw. */
    private int drawn = -1;

    private final double[][] expected;
    private float[] shown;
    private double score;
    private int alternatives = 1;

    Drawn(Subject subject, Workspace workspace) {
      super(
          Ask.score(ScoreKind.PROBABILITY),
          subject.shape(),
          subject.target(),
          1 + samples * steps(subject.image().dim(1)) * steps(subject.image().dim(2)));
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      x = workspace.tensor(subject.shape(), subject.pixels());
      across = steps(image.dim(2));
      mean = new double[steps(image.dim(1)) * across];
      patches = new Patches[image.dim(0)];
      expected = new double[patches.length][];
      Arrays.parallelSetAll(
          patches, c -> new Patches(subject.pixels(), c, image.dim(1), image.dim(2)));
    }

    private int top(int index) {
      return Math.min(index / across * stride, image.dim(1) - window);
    }

    private int left(int index) {
      return Math.min(index % across * stride, image.dim(2) - window);
    }

    @Override
    protected void fill(int first, Tensor rows) {
      int each = window * window;
      for (int r = 0; r < rows.shape().dim(0); r++) {
        int sample = first + r - 1;
        if (sample < 0) {
          workspace.device().write(rows.rows(r, r + 1), subject.pixels());
          continue;
        }
        open(sample / samples);
        float[] z = Draws.normal(workspace, seed, sample, new float[patches.length * each], 1);
        for (int c = 0; c < patches.length; c++) {
          patches[c].draw(top(drawn), left(drawn), expected[c], z, c * each, shown);
        }
        workspace.device().write(rows.rows(r, r + 1), shown);
      }
    }

    /** What all draws of a window have alike. */
    private void open(int index) {
      if (index != drawn) {
        drawn = index;
        shown = subject.pixels().clone();
        for (int c = 0; c < patches.length; c++) {
          expected[c] = patches[c].expected(top(index), left(index));
        }
      }
    }

    @Override
    public Occluded occluded() {
      return this;
    }

    @Override
    public Tensor image() {
      return x;
    }

    @Override
    public int tall() {
      return window;
    }

    @Override
    public int wide() {
      return window;
    }

    @Override
    public int[] corners() {
      int[] corners = new int[2 * (written() - first())];
      for (int at = 0; at < corners.length; at += 2) {
        int index = Math.max(first() + at / 2 - 1, 0) / samples;
        corners[at] = top(index);
        corners[at + 1] = left(index);
      }
      return corners;
    }

    @Override
    protected void add(int first, Answers answers) {
      alternatives = answers.alternatives();
      for (int r = 0; r < answers.rows(); r++) {
        int sample = first + r - 1;
        if (sample < 0) {
          score = answers.scores()[r];
        } else {
          mean[sample / samples] += answers.scores()[r] / (double) samples;
        }
      }
    }

    private double evidence(double p) {
      double corrected = (p * LAPLACE + 1) / (LAPLACE + alternatives);
      return Math.log(corrected / (1 - corrected)) / Math.log(2);
    }

    @Override
    public Attribution result() {
      int w = image.dim(2);
      double[] sum = new double[image.count(1, 3)];
      int[] count = new int[sum.length];
      int complete = Math.max(taken() - 1, 0) / samples;
      for (int k = 0; k < complete; k++) {
        double v = evidence(score) - evidence(mean[k]);
        for (int i = 0; i < window * window; i++) {
          int at = (top(k) + i / window) * w + left(k) + i % window;
          sum[at] += v;
          count[at]++;
        }
      }
      for (int i = 0; i < sum.length; i++) {
        sum[i] /= Math.max(count[i], 1);
      }
      return new Attribution(
          image.with(0, 1), Floats.of(sum), Channels.SUM, Map.of("score", score));
    }
  }
}
