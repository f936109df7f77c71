package candela.method;

import candela.device.Kernels;
import candela.device.Unary;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The smallest smooth region whose blurring takes the class away, found by gradient descent on a
 * mask.
 *
 * <p><b>Definition:</b> m in [0, 1] minimises l1 Σ |1 − m| + tv V(m) + f(u(m) x + (1 − u(m)) b), b
 * the blurred image, u the enlarging of the mask to the image; V = Σ |d|^β + |e|^β, or (d² +
 * e²)^(β/2) where variation=joint, over the differences d, e of neighbours. Adam (0.9, 0.999) with
 * rate, m cut to [0, 1] after every step. In step i, x and b are shifted by whole pixels, −jitter/2
 * … (jitter − 1)/2 down and across, edges repeated. The map is 1 − u(m), smoothed.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[1,h,w] in 0 … 1.
 *
 * <p><b>Parameters:</b> iterations (1 or more, default 300; the first k of more are those of k);
 * mask (side in mask pixels, default 28; at most the image's counts); upsampling (nearest or
 * bilinear, default nearest); maskBlur (σ in pixels, of the enlarged mask, default 0); start
 * (circular, random or ones, default circular: the smallest disc, of radius 0, 5, 10, … mask
 * pixels, blurred by 10, that takes away 99 % of what blurring everything takes); blur (σ of b in
 * pixels, above 0, default 10); jitter (pixels, default 4); l1 (default 1e-4), tv (default 1e-2),
 * beta (1 or more, default 3), variation (separate or joint, default separate); rate (default 0.1);
 * smooth (σ in pixels, of the map alone, default 1); seed (of jitter and a random start, default
 * 0); score (default probability). Presets: sam, fong.
 *
 * <p><b>Cost:</b> iterations forward and backward rows, one after the other; a circular start asks
 * 6 more for 28 x 28.
 *
 * <p><b>Source:</b> Fong and Vedaldi 2017, section 4; ruthcfong/perturb_explanations (joint
 * variation, mask blurred by 5); Bansal, Agarwal and Nguyen 2020 (SAM), section 3.2, whose settings
 * are the defaults.
 *
 * <p><b>Differences:</b> SAM blurs the photo before it is resized, so that its radius 10 is about 5
 * pixels of the input for photos of 500 pixels; here blur counts in the input's pixels. SAM's
 * jitter sees 4 more pixels of the photo where edges are repeated here. Its maps are rounded to 8
 * bits, these are not. PIL's blur is three boxes, this one is a Gaussian cut at 3 σ. Randomness is
 * Philox's.
 */
public record MeaningfulPerturbation(
    int iterations,
    int mask,
    Upsampling upsampling,
    double maskBlur,
    Start start,
    double blur,
    int jitter,
    double l1,
    double tv,
    double beta,
    Variation variation,
    double rate,
    double smooth,
    long seed,
    ScoreKind score)
    implements Nested {
  /** How the mask comes to the image's size. */
  public enum Upsampling {
    NEAREST,
    BILINEAR
  }

  /** What the mask is at first. */
  public enum Start {
    CIRCULAR,
    RANDOM,
    ONES
  }

  /** How the differences down and across count. */
  public enum Variation {
    SEPARATE,
    JOINT
  }

  /** Of what blurring everything takes away, so much may be left by the disc of the start. */
  private static final double LEFT = 0.01;

  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPSILON = 1e-8f;

  /** SAM's settings. */
  public MeaningfulPerturbation() {
    this(
        300,
        28,
        Upsampling.NEAREST,
        0,
        Start.CIRCULAR,
        10,
        4,
        1e-4,
        1e-2,
        3,
        Variation.SEPARATE,
        0.1,
        1,
        0,
        ScoreKind.PROBABILITY);
  }

  public MeaningfulPerturbation {
    String name = "meaningful-perturbation: ";
    Check.atLeast(1, iterations, name + "iterations");
    Check.atLeast(1, mask, name + "mask");
    Check.notNegative(maskBlur, name + "maskBlur");
    Check.positive(blur, name + "blur");
    Check.atLeast(0, jitter, name + "jitter");
    Check.notNegative(l1, name + "l1");
    Check.notNegative(tv, name + "tv");
    Check.atLeast(1, beta, name + "beta");
    Check.positive(rate, name + "rate");
    Check.notNegative(smooth, name + "smooth");
  }

  /** As SAM runs it: the defaults. */
  public static MeaningfulPerturbation sam() {
    return new MeaningfulPerturbation();
  }

  /** As ruthcfong/perturb_explanations runs it. */
  public static MeaningfulPerturbation fong() {
    return new MeaningfulPerturbation(
        300,
        28,
        Upsampling.NEAREST,
        5,
        Start.CIRCULAR,
        10,
        4,
        1e-4,
        1e-2,
        3,
        Variation.JOINT,
        0.1,
        0,
        0,
        ScoreKind.PROBABILITY);
  }

  @Override
  public int count() {
    return iterations;
  }

  @Override
  public MeaningfulPerturbation with(int count) {
    return new MeaningfulPerturbation(
        count,
        mask,
        upsampling,
        maskBlur,
        start,
        blur,
        jitter,
        l1,
        tv,
        beta,
        variation,
        rate,
        smooth,
        seed,
        score);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    return new Descent(subject, workspace, counts);
  }

  private final class Descent implements Staged<Attribution> {
    private final Workspace workspace;
    private final Kernels kernels;
    private final Shape image;
    private final int target;

    /** The mask's rows and columns. */
    private final int tall;

    private final int wide;
    private final MaskAxis down;
    private final MaskAxis across;
    private final Tensor x;
    private final Tensor other;

    /** [iterations + 1, 2], none for the search of the start. */
    private final MemorySegment shifts;

    private final MemorySegment m;
    private final MemorySegment gradient;
    private final MemorySegment first;
    private final MemorySegment second;

    /** [h, wide] and [h, w]. */
    private final MemorySegment half;

    private final MemorySegment full;

    /** Maps at counts before the last. */
    private final SortedMap<Integer, Attribution> stages = new TreeMap<>();

    /** Scores of the image and of each disc. */
    private final double[] search;

    private int searched;
    private int written;
    private int taken;
    private double last = Double.NaN;

    Descent(Subject subject, Workspace workspace, List<Integer> counts) {
      this.workspace = workspace;
      kernels = workspace.device().kernels();
      image = subject.image();
      target = subject.target();
      counts.stream().filter(c -> c < iterations).forEach(c -> stages.put(c, null));
      int h = image.dim(1);
      int w = image.dim(2);
      tall = Math.min(mask, h);
      wide = Math.min(mask, w);
      boolean bilinear = upsampling == Upsampling.BILINEAR;
      down = new MaskAxis(workspace, tall, h, bilinear, maskBlur);
      across = new MaskAxis(workspace, wide, w, bilinear, maskBlur);
      x = workspace.tensor(subject.shape(), subject.pixels());
      other = Baseline.blurred(subject, blur, workspace);
      shifts = workspace.ints(shifts());
      m = floats(tall * wide);
      gradient = floats(tall * wide);
      first = floats(tall * wide);
      second = floats(tall * wide);
      half = floats(h * wide);
      full = floats(h * w);
      search = new double[start == Start.CIRCULAR ? 1 + Disc.count(tall, wide) : 0];
      begin(start == Start.RANDOM ? uniform(0, 1, tall * wide) : ones());
    }

    private MemorySegment floats(int n) {
      return workspace.allocate((long) n * Tensor.BYTES);
    }

    private float[] ones() {
      float[] ones = new float[tall * wide];
      Arrays.fill(ones, 1);
      return ones;
    }

    /** rows x n numbers in 0 … 1 of the samples from, from + 1, …. */
    private float[] uniform(int from, int rows, int n) {
      long[] ids = new long[rows];
      Arrays.setAll(ids, i -> from + i);
      try (var scratch = new Workspace(workspace.device())) {
        Tensor u = scratch.tensor(Shape.of(rows, n));
        kernels.noise().uniformNoise(rows, n, 0, 1, seed, scratch.longs(ids), u.data());
        return workspace.device().read(u);
      }
    }

    private int[] shifts() {
      float[] u = uniform(1, iterations, 2);
      int[] s = new int[2 + u.length];
      for (int i = 0; i < u.length && jitter > 0; i++) {
        s[2 + i] = Math.min((int) (u[i] * jitter), jitter - 1) - jitter / 2;
      }
      return s;
    }

    private void begin(float[] values) {
      workspace.device().write(new Tensor(Shape.of(values.length), m), values);
    }

    @Override
    public Ask ask() {
      return Ask.gradient(score);
    }

    @Override
    public int target() {
      return target;
    }

    @Override
    public int size() {
      return search.length + iterations;
    }

    @Override
    public int width() {
      return 1;
    }

    @Override
    public int next(Tensor rows) {
      if (searched < search.length) {
        begin(searched == 0 ? ones() : disc(searched));
      } else if (written == iterations) {
        return 0;
      } else {
        written++;
      }
      enlarge();
      kernels
          .blend()
          .blendForward(
              1,
              image.dim(0),
              image.dim(1),
              image.dim(2),
              x.data(),
              other.data(),
              full,
              shift(),
              rows.data());
      return 1;
    }

    private float[] disc(int number) {
      return Disc.mask(tall, wide, (number - 1) * Disc.STEP);
    }

    private void enlarge() {
      down.enlarge(1, wide, m, half);
      across.enlarge(image.dim(1), 1, half, full);
    }

    private MemorySegment shift() {
      return shifts.asSlice(written * 8L);
    }

    @Override
    public void take(Answers answers) {
      last = answers.scores()[0];
      if (searched < search.length) {
        search[searched++] = last;
        if (searched == search.length) {
          begin(disc(found()));
        }
        return;
      }
      kernels
          .blend()
          .blendBackward(
              1,
              image.dim(0),
              image.dim(1),
              image.dim(2),
              x.data(),
              other.data(),
              shift(),
              answers.gradients().data(),
              full);
      across.enlargeBackward(image.dim(1), 1, full, half);
      down.enlargeBackward(1, wide, half, gradient);
      step();
      taken++;
      if (stages.containsKey(taken)) {
        stages.put(taken, result());
      }
    }

    /** The first disc that leaves little of the score; the last covers everything. */
    private int found() {
      double all = search[search.length - 1];
      for (int i = 1; i < search.length; i++) {
        if ((search[i] - all) / (search[0] - all) < LEFT) {
          return i;
        }
      }
      return search.length - 1;
    }

    private void step() {
      int n = tall * wide;
      kernels
          .blend()
          .maskPenalty(
              tall,
              wide,
              (float) l1,
              (float) tv,
              (float) beta,
              variation == Variation.JOINT,
              m,
              gradient);
      kernels
          .learn()
          .adamStep(
              n,
              taken + 1,
              (float) rate,
              BETA1,
              BETA2,
              EPSILON,
              0,
              false,
              gradient,
              first,
              second,
              m);
      kernels.elementwise().unaryForward(Unary.CLIP, 0, 1, n, m, m);
    }

    @Override
    public Attribution result(int count) {
      return stages.containsKey(count) ? stages.get(count) : result();
    }

    @Override
    public Attribution result() {
      enlarge();
      Shape shape = image.with(0, 1);
      float[] kept = workspace.device().read(smoothed(new Tensor(shape, full)));
      float[] a = new float[kept.length];
      for (int i = 0; i < a.length; i++) {
        a[i] = 1 - kept[i];
      }
      return new Attribution(shape, a, channels(), Map.of("score", last));
    }

    private Tensor smoothed(Tensor map) {
      if (smooth > 0) {
        Baseline.blur(map, smooth, workspace);
      }
      return map;
    }
  }
}
