package candela.method;

import candela.graph.ScoreKind;
import candela.image.Slic;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What each superpixel adds to the score, by a linear model of the score over images in which some
 * superpixels are filled.
 *
 * <p><b>Definition:</b> superpixels S_j by {@link Slic}; z_i in {0, 1}ⁿ, z_0 all ones, the others
 * by fair coins; x_i is x with S_j filled where z_ij = 0; weights π_i = sqrt(exp(−d_i² / width²)),
 * d_i = 1 − cos(z_i, 1). A pixel of S_j has the slope β_j of min Σ π_i (f(x_i) − b − z_i β)² +
 * alpha |β|², or, with estimate=mean, the mean of f(x_i) over the samples that show S_j.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w].
 *
 * <p><b>Parameters:</b> samples (1 or more, the unchanged image counted in, default 1,000; the
 * first k of more samples are those of k); segments, compactness, sigma (of SLIC, defaults 50, 30,
 * 3); fill (zero: 0 at the network's input; grey: between black and white; black; random: uniform
 * between them, by value; superpixel_mean; blur: 10 pixels; default zero); estimate (ridge or mean,
 * default ridge); width (of the kernel, default 0.25); alpha (above 0, default 1); seed (of coins
 * and random fill, default 0); score (default probability). Presets: sam, lime.
 *
 * <p><b>Cost:</b> samples forward rows.
 *
 * <p><b>Source:</b> Ribeiro, Singh and Guestrin 2016; marcotcr/lime 0.1.1.36, which takes the root
 * of the kernel; Bansal, Agarwal and Nguyen 2020 (SAM), section 3.2. The mean is RISE (Petsiuk, Das
 * and Saenko 2018) over superpixels.
 *
 * <p><b>Differences:</b> coins are Philox's, not NumPy's. SAM hides with 0 in the picture, which is
 * fill=black. lime's own superpixels are quickshift's; its preset here has SLIC with scikit-image's
 * defaults. All superpixels are kept, as in lime for fewer than 100,000.
 */
public record Lime(
    int samples,
    int segments,
    double compactness,
    double sigma,
    Fill fill,
    Estimate estimate,
    double width,
    double alpha,
    long seed,
    ScoreKind score)
    implements Nested {
  /** What hides a superpixel. */
  public enum Fill {
    ZERO,
    GREY,
    BLACK,
    RANDOM,
    SUPERPIXEL_MEAN,
    BLUR
  }

  /** What a superpixel's value is. */
  public enum Estimate {
    RIDGE,
    MEAN
  }

  public Lime() {
    this(1000, 50, 30, 3, Fill.ZERO, Estimate.RIDGE, 0.25, 1, 0, ScoreKind.PROBABILITY);
  }

  public Lime {
    Check.atLeast(1, samples, "lime: samples");
    Check.positive(width, "lime: width");
    Check.positive(alpha, "lime: alpha");
    var unused = new Slic(segments, compactness, sigma);
  }

  /** As SAM runs it. */
  public static Lime sam() {
    return new Lime().filled(Fill.BLACK);
  }

  /** As marcotcr/lime runs it, quickshift aside. */
  public static Lime lime() {
    return new Lime(
        1000, 100, 10, 0, Fill.SUPERPIXEL_MEAN, Estimate.RIDGE, 0.25, 1, 0, ScoreKind.PROBABILITY);
  }

  private Lime filled(Fill other) {
    return new Lime(
        samples, segments, compactness, sigma, other, estimate, width, alpha, seed, score);
  }

  @Override
  public int count() {
    return samples;
  }

  @Override
  public Lime with(int count) {
    return new Lime(count, segments, compactness, sigma, fill, estimate, width, alpha, seed, score);
  }

  @Override
  public Channels channels() {
    // there is one plane; mean scores have no sign
    return estimate == Estimate.RIDGE || score != ScoreKind.PROBABILITY
        ? Channels.SUM
        : Channels.SUM_ABSOLUTE;
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    return new Coalitions(subject, workspace, superpixels(subject));
  }

  /** The superpixel of every pixel. */
  private int[] superpixels(Subject subject) {
    Shape image = subject.image();
    int c = image.dim(0);
    int n = image.count(1, 3);
    Levels levels = subject.levels();
    boolean known = levels.black().size() == c && levels.white().size() == c;
    double[] rgb = new double[image.count()];
    for (int i = 0; i < rgb.length; i++) {
      int k = levels.blueFirst() && c == 3 ? 2 - i / n : i / n;
      rgb[i] = subject.pixels()[k * n + i % n];
      if (known) {
        double black = levels.black().get(k);
        // pictures have 256 levels: without the rounding of the preprocessing
        rgb[i] = Math.rint((rgb[i] - black) / (levels.white().get(k) - black) * 255) / 255;
      }
    }
    return new Slic(segments, compactness, sigma).labels(rgb, c, image.dim(1), image.dim(2));
  }

  private final class Coalitions extends Sampled<Attribution> implements Staged<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final int[] superpixel;
    private final int features;
    private final Tensor x;
    private final Tensor hidden;
    private final MemorySegment feature;

    /** [samples, features], 1 where it is shown; here and on the device. */
    private final byte[] on;

    private final MemorySegment shown;
    private final double[] scores = new double[samples];

    Coalitions(Subject subject, Workspace workspace, int[] superpixel) {
      super(Ask.score(score), subject.target(), samples);
      this.workspace = workspace;
      this.superpixel = superpixel;
      image = subject.image();
      features = Arrays.stream(superpixel).max().orElse(-1) + 1;
      x = workspace.tensor(subject.shape(), subject.pixels());
      hidden = hidden(subject);
      int[] values = new int[x.count()];
      for (int i = 0; i < values.length; i++) {
        values[i] = superpixel[i % superpixel.length];
      }
      feature = workspace.ints(values);
      on = coins();
      shown = workspace.bytes(on);
    }

    private byte[] coins() {
      if ((long) samples * features > Integer.MAX_VALUE / Tensor.BYTES) {
        throw CandelaException.of(
            "lime: samples of at most %d expected for %d superpixels, got %d",
            Integer.MAX_VALUE / Tensor.BYTES / features, features, samples);
      }
      long[] ids = new long[samples];
      Arrays.setAll(ids, i -> i);
      byte[] coins = new byte[samples * features];
      try (var scratch = new Workspace(workspace.device())) {
        Tensor drawn = scratch.tensor(Shape.of(samples, features));
        workspace
            .device()
            .kernels()
            .noise()
            .uniformNoise(samples, features, 0, 1, seed, scratch.longs(ids), drawn.data());
        float[] u = workspace.device().read(drawn);
        for (int i = 0; i < coins.length; i++) {
          coins[i] = (byte) (i < features || u[i] < 0.5f ? 1 : 0);
        }
      }
      return coins;
    }

    private Tensor hidden(Subject subject) {
      return switch (fill) {
        case ZERO -> Baseline.ZERO.of(subject, seed, workspace);
        case BLACK -> Baseline.BLACK.of(subject, seed, workspace);
        case RANDOM -> Baseline.RANDOM.of(subject, seed, workspace);
        case BLUR -> Baseline.BLUR.of(subject, seed, workspace);
        case GREY -> workspace.tensor(subject.shape(), grey(subject.levels()));
        case SUPERPIXEL_MEAN -> workspace.tensor(subject.shape(), means(subject.pixels()));
      };
    }

    private float[] grey(Levels told) {
      Levels levels = told.forChannels(image.dim(0), "grey");
      int n = superpixel.length;
      float[] y = new float[image.count()];
      for (int i = 0; i < y.length; i++) {
        y[i] = (levels.black().get(i / n) + levels.white().get(i / n)) / 2;
      }
      return y;
    }

    private float[] means(float[] pixels) {
      int n = superpixel.length;
      double[] sum = new double[image.dim(0) * features];
      int[] size = new int[features];
      for (int i = 0; i < pixels.length; i++) {
        sum[i / n * features + superpixel[i % n]] += pixels[i];
        size[superpixel[i % n]] += i < n ? 1 : 0;
      }
      float[] y = new float[pixels.length];
      for (int i = 0; i < y.length; i++) {
        int s = superpixel[i % n];
        y[i] = (float) (sum[i / n * features + s] / size[s]);
      }
      return y;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      workspace
          .device()
          .kernels()
          .mask()
          .selectVisible(
              rows.shape().dim(0),
              x.count(),
              features,
              x.data(),
              hidden.data(),
              feature,
              shown.asSlice((long) first * features),
              rows.data());
    }

    @Override
    protected void add(int first, Answers answers) {
      for (int i = 0; i < answers.rows(); i++) {
        scores[first + i] = answers.scores()[i];
      }
    }

    @Override
    public Attribution result() {
      return result(taken());
    }

    @Override
    public Attribution result(int count) {
      double[] y = Arrays.copyOf(scores, Math.min(count, taken()));
      double[] value = estimate == Estimate.RIDGE ? slopes(y) : means(y);
      float[] a = new float[superpixel.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) value[superpixel[i]];
      }
      return new Attribution(
          image.with(0, 1),
          a,
          channels(),
          Map.of("score", y.length > 0 ? y[0] : 0.0, "superpixels", (double) features));
    }

    private double[] slopes(double[] y) {
      double[] weight = new double[y.length];
      for (int i = 0; i < weight.length; i++) {
        int seen = 0;
        for (int j = 0; j < features; j++) {
          seen += on[i * features + j];
        }
        double distance = 1 - Math.sqrt((double) seen / features);
        weight[i] = Math.sqrt(Math.exp(-distance * distance / (width * width)));
      }
      return y.length == 0 ? new double[features] : Ridge.slopes(on, features, y, weight, alpha);
    }

    private double[] means(double[] y) {
      double[] mean = new double[features];
      int[] times = new int[features];
      for (int i = 0; i < y.length; i++) {
        for (int j = 0; j < features; j++) {
          if (on[i * features + j] != 0) {
            mean[j] += y[i];
            times[j]++;
          }
        }
      }
      for (int j = 0; j < features; j++) {
        // the unchanged image shows every superpixel
        mean[j] /= Math.max(times[j], 1);
      }
      return mean;
    }
  }
}
