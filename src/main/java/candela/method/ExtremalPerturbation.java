package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The smooth mask of a given area that keeps the score highest (preserve), or lowers it most
 * (delete), or both at once (dual).
 *
 * <p><b>Definition:</b> m maximises f(x ⊗ m) (preserve), −f(x ⊗ (1 − m)) (delete) or their sum
 * (dual) minus weight · mean (sort(m) − r)², r = 1 for the area's share of the pixels, of values
 * within 2⁻¹⁷ of the smallest of these those that raise the rest most, and of those that raise it
 * equally, as all beyond the image do, a share of each; else 0; weight grows by 1.0035 each step. x
 * ⊗ m blurs each pixel by a Gaussian of (1 − m) · 20 pixels, between 8 levels. m is the smooth
 * maximum, sharpness 20, of parameters p, at every step-th pixel, each times exp(−2 max(d / sigma −
 * ½, 0)²) at distance d; p starts at 1, goes by gradient ascent with momentum 0.9 and stays in 0…1.
 * m reaches beyond the image, sigma pixels on every side, and the mean counts what is there, so
 * that a mask gains nothing from being cut off by the border. Every second step, the first among
 * them, the image is mirrored.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> variant (preserve, delete, dual; default preserve); area (share of m with
 * what is beyond the image, above 0, up to 1, default 0.1, at 224 × 224 up to 0.135 of the image);
 * maxIter (steps, 1 to 2²⁴, default 800); step (pixels between parameters, default 0, a
 * thirty-second of the longer side: 7 of 224); sigma (pixels, default 0, three thirty-seconds of
 * it: 21 of 224); rate (default 0.01); weight (of the area, default 300); score (default logit).
 *
 * <p><b>Cost:</b> maxIter forward and backward rows, dual twice as many, one after the other.
 *
 * <p><b>Source:</b> Fong, Patrick and Vedaldi 2019, "Understanding deep networks via extremal
 * perturbations and smooth masks", section 3; numbers of TorchRay.
 *
 * <p><b>Differences:</b> one area a map; TorchRay can sum several. It blurs as if the image were 0
 * beyond its border, here pixels beyond count for nothing. Its smooth maximum counts zeros beyond
 * the margin, too, this one what is there: near the image's border m is up to some 0.003 larger.
 * For delete m marks what is deleted.
 */
public record ExtremalPerturbation(
    Variant variant,
    double area,
    int maxIter,
    int step,
    double sigma,
    double rate,
    double weight,
    ScoreKind score)
    implements Method {
  /** What the mask is to do. */
  public enum Variant {
    PRESERVE,
    DELETE,
    DUAL
  }

  /** TorchRay's constants. */
  private static final int LEVELS = 8;

  private static final double MOST_BLUR = 20;
  private static final double GROWTH = 1.0035;

  /** Values of the mask so near to each other count as equal: rounding moves them by some 1e-7. */
  private static final double EQUAL = 0x1p-17;

  public ExtremalPerturbation() {
    this(Variant.PRESERVE, 0.1, 800, 0, 0, 0.01, 300, ScoreKind.LOGIT);
  }

  public ExtremalPerturbation {
    Check.steps(1, maxIter, "extremal-perturbation: maxIter");
    Check.atLeast(0, step, "extremal-perturbation: step");
    Check.notNegative(sigma, "extremal-perturbation: sigma");
    Check.positive(rate, "extremal-perturbation: rate");
    Check.notNegative(weight, "extremal-perturbation: weight");
    if (!(area > 0 && area <= 1)) {
      throw CandelaException.of(
          "extremal-perturbation: area: above 0, up to 1 expected, got %s", area);
    }
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Method on(Shape image) {
    return new ExtremalPerturbation(
        variant, area, maxIter, spacing(image), reach(image), rate, weight, score);
  }

  /** Pixels between parameters on such an image. */
  private int spacing(Shape image) {
    return step > 0 ? step : Sides.share(Sides.longer(image), 7);
  }

  private double reach(Shape image) {
    return sigma > 0 ? sigma : Sides.longer(image) * (21 / 224.0);
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    return new Ascent(subject, workspace);
  }

  /** A step's row, or two of dual, then the next step. */
  private final class Ascent implements Probe<Attribution> {
    private final Subject subject;
    private final Workspace workspace;
    private final Shape image;

    /** Where each pixel is in the mirrored image. */
    private final int[] across;

    /** Where each pixel is in the mask, which has a margin. */
    private final int[] place;

    /** The most blurred image first, the image last. */
    private final float[][] level = new float[LEVELS][];

    private final SmoothMask mask;
    private float[] m;
    private double[] slope;
    private int iteration;
    private int part;
    private boolean waiting;
    private double last;

    Ascent(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      image = subject.image();
      int h = image.dim(1);
      int w = image.dim(2);
      across = new int[h * w];
      Arrays.setAll(across, i -> i / w * w + w - 1 - i % w);
      for (int k = 0; k < LEVELS; k++) {
        double blur = MOST_BLUR * (LEVELS - 1 - k) / (LEVELS - 1);
        try (var own = new Workspace(workspace.device())) {
          Tensor y = own.tensor(subject.shape(), subject.pixels());
          if (blur > 0) {
            Baseline.blur(y.as(image), blur, own);
          }
          level[k] = workspace.device().read(y);
        }
      }
      mask = new SmoothMask(h, w, spacing(image), reach(image), workspace);
      place = mask.places(h, w);
      grow();
    }

    /** The mask of the parameters as they are. */
    private void grow() {
      m = mask.values();
      slope = new double[m.length];
    }

    @Override
    public Ask ask() {
      return Ask.gradient(ExtremalPerturbation.this.score);
    }

    @Override
    public Shape rowShape() {
      return subject.shape();
    }

    @Override
    public int target() {
      return subject.target();
    }

    private int parts() {
      return variant == Variant.DUAL ? 2 : 1;
    }

    @Override
    public int size() {
      return maxIter * parts();
    }

    @Override
    public int width() {
      return 1;
    }

    /** Whether the row shows what the mask keeps; else what it leaves. */
    private boolean keeps() {
      return variant == Variant.PRESERVE || (variant == Variant.DUAL && part == 0);
    }

    private boolean mirrored() {
      return iteration % 2 == 0;
    }

    /** 0 the most blurred, 1 the image. */
    private double sharpness(int pixel, boolean keeps) {
      double v = m[place[pixel]];
      return Math.clamp(keeps ? v : 1 - v, 0, 1);
    }

    private int below(double sharpness) {
      return Math.min((int) (sharpness * (LEVELS - 1)), LEVELS - 2);
    }

    @Override
    public int next(Tensor rows) {
      if (iteration == maxIter || waiting) {
        return 0;
      }
      float[] x = new float[image.count()];
      boolean keeps = keeps();
      boolean mirrored = mirrored();
      for (int i = 0; i < place.length; i++) {
        double sharpness = sharpness(i, keeps);
        int k = below(sharpness);
        double up = sharpness * (LEVELS - 1) - k;
        int to = (mirrored ? across[i] : i) - i;
        for (int c = i; c < x.length; c += place.length) {
          double v = (1 - up) * level[k][c] + up * level[k + 1][c];
          x[c + to] = (float) v;
        }
      }
      workspace.device().write(rows.rows(0, 1), x);
      waiting = true;
      return 1;
    }

    @Override
    public void take(Answers answers) {
      waiting = false;
      float[] g = workspace.device().read(answers.gradients());
      boolean keeps = keeps();
      boolean mirrored = mirrored();
      for (int i = 0; i < place.length; i++) {
        int k = below(sharpness(i, keeps));
        int from = (mirrored ? across[i] : i) - i;
        for (int c = i; c < g.length; c += place.length) {
          // deleting, the reward is the negative score, and the sharpness falls as the mask grows
          slope[place[i]] += g[c + from] * (LEVELS - 1.0) * (level[k + 1][c] - level[k][c]);
        }
      }
      if (!mirrored || iteration == 0) {
        last = answers.scores()[0];
      }
      part++;
      if (part == parts()) {
        part = 0;
        step();
        iteration++;
        grow();
      }
    }

    /**
     * 1 for the largest of a mask but for so many; of equal ones for those that gain the reward
     * most, a share where that, too, is equal, as it is beyond the image.
     */
    private double[] largest(int first) {
      double[] wanted = new double[m.length];
      if (first == m.length) {
        return wanted;
      }
      // around the threshold: a fixed grid would part values that only rounding tells apart
      double threshold = Floats.ascending(m, first);
      double[] equal = new double[m.length];
      int n = 0;
      int left = m.length - first;
      for (int i = 0; i < m.length; i++) {
        if (Math.abs(m[i] - threshold) <= EQUAL) {
          equal[n++] = slope[i];
        } else if (m[i] > threshold) {
          wanted[i] = 1;
          left--;
        }
      }
      left = Math.min(left, n);
      if (left == 0) {
        return wanted; // NaN is neither equal nor larger
      }
      Arrays.sort(equal, 0, n);
      double least = equal[n - left];
      int more = 0;
      int same = 0;
      for (int i = 0; i < n; i++) {
        more += equal[i] > least ? 1 : 0;
        same += equal[i] == least ? 1 : 0;
      }
      for (int i = 0; i < m.length; i++) {
        if (Math.abs(m[i] - threshold) <= EQUAL && slope[i] >= least) {
          wanted[i] = slope[i] > least ? 1 : (double) (left - more) / same;
        }
      }
      return wanted;
    }

    private void step() {
      double[] wanted = largest((int) (m.length * (1 - area)));
      double by = weight * Math.pow(GROWTH, iteration);
      float[] dy = new float[m.length];
      for (int i = 0; i < m.length; i++) {
        dy[i] = (float) (slope[i] - 2 * by * (m[i] - wanted[i]) / m.length);
      }
      mask.ascend(dy, rate);
    }

    @Override
    public Attribution result() {
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("score", last);
      float[] map = new float[place.length];
      double mean = 0;
      for (int i = 0; i < map.length; i++) {
        map[i] = m[place[i]];
        mean += map[i] / map.length;
      }
      notes.put("area", mean);
      notes.put("step", (double) spacing(image));
      notes.put("sigma", reach(image));
      return new Attribution(image.with(0, 1), map, channels(), notes);
    }
  }
}
