package candela.method;

import candela.device.Kernels;
import candela.device.Unary;
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
 * The descent of {@link MeaningfulPerturbation}: the search of the disc it starts from, then one
 * row a step.
 */
final class MaskDescent implements Staged<Attribution> {
  /** Of what blurring everything takes away, so much may be left by the disc of the start. */
  private static final double LEFT = 0.01;

  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPSILON = 1e-8f;

  private final MeaningfulPerturbation method;

  /** Whether the mask is 1 where the image is hidden, not where it is seen. */
  private final boolean preserves;

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

  /** Makes up other for the mask of each step; null where it is the same in all. */
  private final Inpainter.Filling filling;

  private final float[] pixels;

  /** [iterations + 1, 2], none for the search of the start. */
  private final int[] moves;

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

  MaskDescent(
      MeaningfulPerturbation method, Subject subject, Workspace workspace, List<Integer> counts) {
    this.method = method;
    preserves = method.variant() == MeaningfulPerturbation.Variant.PRESERVE;
    this.workspace = workspace;
    kernels = workspace.device().kernels();
    image = subject.image();
    target = subject.target();
    counts.stream().filter(c -> c < method.iterations()).forEach(c -> stages.put(c, null));
    int h = image.dim(1);
    int w = image.dim(2);
    tall = Math.min(method.mask(), h);
    wide = Math.min(method.mask(), w);
    boolean bilinear = method.upsampling() == MeaningfulPerturbation.Upsampling.BILINEAR;
    down = new MaskAxis(workspace, tall, h, bilinear, method.maskBlur());
    across = new MaskAxis(workspace, wide, w, bilinear, method.maskBlur());
    x = workspace.tensor(subject.shape(), subject.pixels());
    pixels = subject.pixels();
    filling =
        method.fill() == Fill.INPAINT
            ? method.inpainter().open(image, subject.levels(), workspace)
            : null;
    other = other(subject);
    moves = shifts();
    shifts = workspace.ints(moves);
    m = floats(tall * wide);
    gradient = floats(tall * wide);
    first = floats(tall * wide);
    second = floats(tall * wide);
    half = floats(h * wide);
    full = floats(h * w);
    search =
        new double
            [method.start() == MeaningfulPerturbation.Start.CIRCULAR
                ? 1 + Disc.count(tall, wide)
                : 0];
    begin(
        method.start() == MeaningfulPerturbation.Start.RANDOM
            ? Draws.uniform(workspace, method.seed(), 1, tall * wide)[0]
            : ones());
  }

  private Tensor other(Subject subject) {
    return switch (method.fill()) {
      case BLUR -> Baseline.blurred(subject, method.blur(), workspace);
      case INPAINT -> workspace.tensor(subject.shape());
      default -> method.fill().image(subject, method.seed(), workspace);
    };
  }

  private MemorySegment floats(int n) {
    return workspace.allocate((long) n * Tensor.BYTES);
  }

  private float[] ones() {
    float[] ones = new float[tall * wide];
    Arrays.fill(ones, 1);
    return ones;
  }

  private int[] shifts() {
    float[][] u = Draws.uniform(workspace, method.seed(), 1, method.iterations(), 2);
    int[] s = new int[2 + 2 * u.length];
    for (int i = 2; i < s.length && method.jitter() > 0; i++) {
      int moved = (int) (u[i / 2 - 1][i % 2] * method.jitter());
      s[i] = Math.min(moved, method.jitter() - 1) - method.jitter() / 2;
    }
    return s;
  }

  private void begin(float[] values) {
    workspace.device().write(new Tensor(Shape.of(values.length), m), values);
  }

  @Override
  public Ask ask() {
    return Ask.gradient(method.score());
  }

  @Override
  public Shape rowShape() {
    return x.shape();
  }

  @Override
  public int target() {
    return target;
  }

  @Override
  public int size() {
    return search.length + method.iterations();
  }

  @Override
  public int width() {
    return 1;
  }

  @Override
  public int next(Tensor rows) {
    if (searched < search.length) {
      begin(searched == 0 ? ones() : disc(searched));
    } else if (written == method.iterations()) {
      return 0;
    } else {
      written++;
    }
    enlarge();
    if (filling != null || method.binary()) {
      hide();
    }
    kernels
        .blend()
        .blendForward(
            1,
            image.dim(0),
            image.dim(1),
            image.dim(2),
            preserves ? other.data() : x.data(),
            preserves ? x.data() : other.data(),
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

  /** What the mask hides at this step is filled; with binary the mask becomes 0 and 1. */
  private void hide() {
    Tensor mask = new Tensor(Shape.of(image.dim(1), image.dim(2)), full);
    float[] u = workspace.device().read(mask);
    byte[] hole = holes(u);
    if (filling != null) {
      float[] moved = moved(moves[2 * written], moves[2 * written + 1]);
      float[] y = new float[moved.length];
      filling.fill(moved, hole, y);
      workspace.device().write(x, moved);
      workspace.device().write(other, y);
    }
    if (method.binary()) {
      for (int i = 0; i < u.length; i++) {
        u[i] = preserves ? hole[i] : 1 - hole[i];
      }
      workspace.device().write(mask, u);
    }
  }

  /** Where what is seen is below one half, or below its middle where that is more. */
  private byte[] holes(float[] mask) {
    float[] u = mask.clone();
    for (int i = 0; i < u.length && preserves; i++) {
      u[i] = 1 - u[i];
    }
    float least = Float.POSITIVE_INFINITY;
    float most = 0;
    for (float v : u) {
      least = Math.min(least, v);
      most = Math.max(most, v);
    }
    float level = Math.max(0.5f, 0.5f * (least + most));
    byte[] hole = new byte[u.length];
    for (int i = 0; i < u.length; i++) {
      hole[i] = (byte) (u[i] < level ? 1 : 0);
    }
    return hole;
  }

  /** The image seen so many pixels further down and across, its edges repeated. */
  private float[] moved(int down, int across) {
    int h = image.dim(1);
    int w = image.dim(2);
    float[] y = new float[pixels.length];
    for (int i = 0; i < y.length; i++) {
      int row = Math.clamp(i / w % h + down, 0, h - 1);
      int column = Math.clamp(i % w + across, 0, w - 1);
      y[i] = pixels[i / (h * w) * h * w + row * w + column];
    }
    return y;
  }

  /** None where x was moved before it was filled. */
  private MemorySegment shift() {
    return shifts.asSlice(filling != null ? 0 : written * 8L);
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
    // with x and other in their places: that is the slope of −f where they were exchanged
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
            (float) method.l1(),
            (float) method.tv(),
            (float) method.beta(),
            method.variation() == MeaningfulPerturbation.Variation.JOINT,
            m,
            gradient);
    kernels
        .learn()
        .adamStep(
            n,
            taken + 1,
            (float) method.rate(),
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
    return new Attribution(shape, a, method.channels(), Map.of("score", last));
  }

  private Tensor smoothed(Tensor map) {
    if (method.smooth() > 0) {
      Baseline.blur(map, method.smooth(), workspace);
    }
    return map;
  }
}
