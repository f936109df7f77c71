package candela.method;

import candela.device.Binary;
import candela.device.Kernels;
import candela.device.Unary;
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
import java.util.Optional;

/**
 * How probable it is that a pixel is seen, in the distribution of masks that keeps the class with
 * the fewest pixels (ssr), or loses it with the fewest (sdr).
 *
 * <p><b>Definition:</b> a pixel is seen with probability p = the bilinear enlargement of σ(l), l of
 * cells × cells; unseen pixels show the fill. l minimises over Adam's steps E[−log odds(x ⊙ z)] + λ
 * Σ p (ssr), or E[log odds(x ⊙ z)] + λ Σ (1 − p) (sdr), sums over pixels, z = σ((log p − log(1 − p)
 * + log u − log(1 − u)) / temperature) with u uniform, pixel by pixel (concrete dropout). The rate
 * falls linearly to 0; λ grows from 0 to weight in 30 steps. a = p for ssr, 1 − p for sdr. With
 * fill=inpaint, the fill of a mask is x as the inpainter makes it up where z is below ½, taken as
 * constant.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> objective (ssr: smallest sufficient region, sdr: smallest destroying
 * region; default ssr); cells (along a side, default 0, a quarter of the shorter side: 56 of 224);
 * nSteps (of Adam, default 300); samples (masks a step, default 8); rate (of Adam, default 0.05);
 * weight (default 0.001); temperature (default 0.1); fill (zero, grey, black, white, random, mean,
 * blur or inpaint, default blur); inpainter (of fill=inpaint: telea, with radius, or an ONNX file,
 * default telea:radius=5); seed (default 0).
 *
 * <p><b>Cost:</b> nSteps · samples forward and backward rows: 2,400 for the defaults; with
 * fill=inpaint a filling each.
 *
 * <p><b>Source:</b> Chang et al. 2019, "Explaining image classifiers by counterfactual generation",
 * section 3.
 *
 * <p><b>Differences:</b> numbers of the authors' code (their run of ResNet-50), which shows p − ½,
 * of sdr its negative. The authors' best fill is a contextual-attention GAN, whose place Telea's
 * inpainting takes unless a model is given. Cells are enlarged between their centres, the authors'
 * PyTorch aligned the corners.
 */
public record Fido(
    Objective objective,
    int cells,
    int nSteps,
    int samples,
    double rate,
    double weight,
    double temperature,
    Fill fill,
    Inpainter inpainter,
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

  /** Steps in which the penalty grows to its weight: the authors' 30. */
  private static final double RAMP = 30;

  /** p (1 − p) that is divided by: beyond it a mask hardly changes. */
  private static final double LEAST = 1e-6;

  public Fido() {
    this(Objective.SSR, 0, 300, 8, 0.05, 0.001, 0.1, Fill.BLUR, Inpainter.DEFAULT, 0);
  }

  public Fido {
    Check.atLeast(0, cells, "fido: cells");
    Check.atLeast(1, nSteps, "fido: nSteps");
    Check.atLeast(1, samples, "fido: samples");
    if ((long) nSteps * samples > Integer.MAX_VALUE) {
      throw CandelaException.of(
          "fido: samples: at most %d expected for %d steps, got %d",
          Integer.MAX_VALUE / nSteps, nSteps, samples);
    }
    Check.positive(rate, "fido: rate");
    Check.notNegative(weight, "fido: weight");
    Check.positive(temperature, "fido: temperature");
    fill.withoutSuperpixels("fido");
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
  public Optional<Inpainting> inpainting(Shape image) {
    return Inpainting.of(fill, inpainter, 0.5);
  }

  @Override
  public Method on(Shape image) {
    return new Fido(
        objective, side(image), nSteps, samples, rate, weight, temperature, fill, inpainter, seed);
  }

  /** Cells along a side on such an image. */
  private int side(Shape image) {
    return cells > 0 ? cells : Sides.share(Sides.shorter(image), 56);
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
    private final Kernels kernels;
    private final Shape image;
    private final int pixels;
    private final Enlarged enlarged;
    private final int values;
    private final Blended blended;
    private final double[] l;
    private final double[] first;
    private final double[] second;

    /** Of each pixel: the probability that it is seen, and the slope of its log odds so far. */
    private float[] seen;

    private final double[] slope;

    /** The masks of a batch, on the device, and of a step, here. */
    private Tensor drawn;

    private final float[][] z = new float[samples][];

    /** x less what each mask shows where it hides x. */
    private final float[][] apart = new float[samples][];

    private int written;
    private int answered;
    private double odds;

    Descent(Subject subject, Workspace workspace) {
      this.subject = subject;
      this.workspace = workspace;
      kernels = workspace.device().kernels();
      image = subject.image();
      pixels = image.count(1, 3);
      int side = side(image);
      l = new double[side * side];
      first = new double[l.length];
      second = new double[l.length];
      enlarged = new Enlarged(side, side, image.dim(1), image.dim(2));
      values = image.count();
      blended = new Blended(subject, workspace, fill, inpainter, seed);
      slope = new double[pixels];
      seen = enlarged.of(probabilities());
    }

    private double[] probabilities() {
      double[] p = new double[l.length];
      for (int i = 0; i < p.length; i++) {
        p[i] = 1 / (1 + Math.exp(-l[i]));
      }
      return p;
    }

    @Override
    public Ask ask() {
      return Ask.gradient(ScoreKind.LOG_PROBABILITY);
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
      return nSteps * samples;
    }

    @Override
    public int width() {
      return samples;
    }

    @Override
    public int next(Tensor rows) {
      int left = samples - written % samples;
      int n = written == size() || answered < written ? 0 : Math.min(rows.shape().dim(0), left);
      if (n == 0) {
        return 0;
      }
      if (drawn == null || drawn.shape().dim(0) < n) {
        drawn = workspace.tensor(Shape.of(n, pixels));
      }
      try (var own = new Workspace(workspace.device())) {
        draw(n, own);
        float[] masks = workspace.device().read(drawn);
        for (int r = 0; r < n; r++) {
          int k = (written + r) % samples;
          z[k] = Arrays.copyOfRange(masks, r * pixels, (r + 1) * pixels);
        }
      }
      blended.write(drawn, rows.rows(0, n));
      for (int r = 0; r < n; r++) {
        apart[(written + r) % samples] = blended.apart(r);
      }
      written += n;
      return n;
    }

    /** drawn[n,pixels] = σ((log odds of seen + log u − log(1 − u)) / temperature). */
    private void draw(int n, Workspace own) {
      long[] ids = new long[n];
      Arrays.setAll(ids, i -> written + i);
      float[] shift = new float[pixels];
      for (int i = 0; i < pixels; i++) {
        shift[i] = (float) (Math.log(seen[i]) - Math.log1p(-seen[i]));
      }
      int count = n * pixels;
      Tensor other = own.tensor(Shape.of(n, pixels));
      var elementwise = kernels.elementwise();
      kernels.noise().uniformNoise(n, pixels, 0, 1, seed, own.longs(ids), drawn.data());
      elementwise.unaryForward(Unary.LINEAR, -1, 1, count, drawn.data(), other.data());
      elementwise.unaryForward(Unary.LOG, 0, 0, count, drawn.data(), drawn.data());
      elementwise.unaryForward(Unary.LOG, 0, 0, count, other.data(), other.data());
      int[] dims = {n, pixels};
      int[] rowwise = {pixels, 1};
      var broadcast = kernels.broadcast();
      broadcast.binaryForward(
          Binary.SUB, 2, dims, rowwise, rowwise, drawn.data(), other.data(), drawn.data());
      broadcast.binaryForward(
          Binary.ADD,
          2,
          dims,
          rowwise,
          new int[] {0, 1},
          drawn.data(),
          own.floats(shift),
          drawn.data());
      float steep = (float) (1 / temperature);
      elementwise.unaryForward(Unary.LINEAR, steep, 0, count, drawn.data(), drawn.data());
      elementwise.unaryForward(Unary.SIGMOID, 0, 0, count, drawn.data(), drawn.data());
    }

    @Override
    public void take(Answers answers) {
      float[] g = workspace.device().read(answers.gradients());
      for (int r = 0; r < answers.rows(); r++) {
        double p = Math.exp(answers.scores()[r]);
        odds = answers.scores()[r] - Math.log1p(-Math.min(p, 1 - 1e-7));
        add(answered % samples, g, r * values, 1 / Math.max(1 - p, 1e-7));
        answered++;
        if (answered % samples == 0) {
          step(answered / samples - 1);
        }
      }
    }

    /** Adds the slope of −log odds, or of log odds, at each pixel's; log p is less steep. */
    private void add(int k, float[] g, int at, double by) {
      double scale = (objective == Objective.SSR ? -by : by) / temperature / samples;
      for (int i = 0; i < pixels; i++) {
        double sum = 0;
        for (int v = i; v < values; v += pixels) {
          sum += (double) g[at + v] * apart[k][v];
        }
        slope[i] += scale * sum * z[k][i] * (1 - z[k][i]);
      }
    }

    /** Adam's step t = 0, 1, …, the rate falling to 0, the penalty rising to its weight. */
    private void step(int t) {
      double penalty = weight * Math.min(1, t / RAMP) * (objective == Objective.SSR ? 1 : -1);
      for (int i = 0; i < pixels; i++) {
        slope[i] = slope[i] / Math.max((double) seen[i] * (1 - seen[i]), LEAST) + penalty;
      }
      double[] gradient = enlarged.back(slope);
      double[] p = probabilities();
      double now = rate * (nSteps - t) / nSteps;
      for (int i = 0; i < l.length; i++) {
        double g = gradient[i] * p[i] * (1 - p[i]);
        first[i] = BETA1 * first[i] + (1 - BETA1) * g;
        second[i] = BETA2 * second[i] + (1 - BETA2) * g * g;
        double mean = first[i] / (1 - Math.pow(BETA1, t + 1));
        double size = Math.sqrt(second[i] / (1 - Math.pow(BETA2, t + 1)));
        l[i] -= now * mean / (size + EPSILON);
      }
      Arrays.fill(slope, 0);
      seen = enlarged.of(probabilities());
    }

    @Override
    public Attribution result() {
      float[] a = new float[pixels];
      double mean = 0;
      for (int i = 0; i < pixels; i++) {
        a[i] = objective == Objective.SSR ? seen[i] : 1 - seen[i];
        mean += (double) a[i] / pixels;
      }
      Map<String, Double> notes = new LinkedHashMap<>();
      notes.put("logOdds", odds);
      notes.put("meanProbability", mean);
      notes.put("cells", (double) side(image));
      return new Attribution(image.with(0, 1), a, channels(), notes);
    }
  }
}
