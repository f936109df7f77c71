package candela.method;

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
import java.util.LinkedHashMap;
import java.util.Map;

/** The samples of {@link Lime}: which superpixels each shows, their scores, and what follows. */
final class LimeSamples extends Sampled<Attribution> implements Staged<Attribution> {
  /** Of a regression: half a GiB and a minute. */
  private static final int MOST = 8192;

  private final Lime lime;
  private final Workspace workspace;
  private final Shape image;
  private final int[] superpixel;
  private final int features;
  private final Tensor x;

  /** What superpixels show when they do not show x; null where it depends on the others. */
  private final Tensor hidden;

  private final Inpainted inpainted;
  private final MemorySegment feature;

  /** [samples, features], 1 where it is shown; here and on the device. */
  private final byte[] on;

  private final MemorySegment shown;
  private final double[] scores;

  LimeSamples(Lime lime, Subject subject, Workspace workspace, int[] superpixel) {
    super(Ask.score(lime.score()), subject.shape(), subject.target(), lime.samples());
    this.lime = lime;
    scores = new double[lime.samples()];
    this.workspace = workspace;
    this.superpixel = superpixel;
    image = subject.image();
    features = Arrays.stream(superpixel).max().orElse(-1) + 1;
    if (lime.estimate() == Lime.Estimate.RIDGE && features > MOST) {
      throw CandelaException.of(
          "lime: segments: at most %d superpixels expected for a regression, got %d; take fewer, or"
              + " estimate=mean",
          MOST, features);
    }
    x = workspace.tensor(subject.shape(), subject.pixels());
    hidden = hidden(subject);
    inpainted = hidden == null ? new Inpainted(lime.inpainter(), subject, workspace) : null;
    int[] values = new int[x.count()];
    for (int i = 0; i < values.length; i++) {
      values[i] = superpixel[i % superpixel.length];
    }
    feature = workspace.ints(values);
    on = coins();
    shown = workspace.bytes(on);
    know(0, workspace.asked(subject.pixels(), ask(), target()));
  }

  private byte[] coins() {
    if ((long) lime.samples() * features > Integer.MAX_VALUE / Tensor.BYTES) {
      throw CandelaException.of(
          "lime: samples of at most %d expected for %d superpixels, got %d",
          Integer.MAX_VALUE / Tensor.BYTES / features, features, lime.samples());
    }
    byte[] coins = new byte[lime.samples() * features];
    try (var scratch = new Workspace(workspace.device())) {
      Tensor drawn = scratch.tensor(Shape.of(lime.samples(), features));
      workspace
          .device()
          .kernels()
          .noise()
          .uniformNoise(
              lime.samples(),
              features,
              0,
              1,
              lime.seed(),
              scratch.samples(lime.samples()),
              drawn.data());
      float[] u = workspace.device().read(drawn);
      for (int i = 0; i < coins.length; i++) {
        coins[i] = (byte) (i < features || u[i] < 0.5f ? 1 : 0);
      }
    }
    return coins;
  }

  private Tensor hidden(Subject subject) {
    return switch (lime.fill()) {
      case SUPERPIXEL_MEAN -> workspace.tensor(subject.shape(), means(subject.pixels()));
      case INPAINT -> null;
      default -> lime.fill().image(subject, lime.seed(), workspace);
    };
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
    if (inpainted != null) {
      inpainted.write(holes(first, rows.shape().dim(0)), rows);
      return;
    }
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

  private byte[] holes(int first, int rows) {
    int n = superpixel.length;
    byte[] hole = new byte[rows * n];
    for (int i = 0; i < hole.length; i++) {
      hole[i] = (byte) (1 - on[(first + i / n) * features + superpixel[i % n]]);
    }
    return hole;
  }

  @Override
  protected void add(int first, Answers answers) {
    answers.scoresLater(scores, first);
  }

  @Override
  public Attribution result() {
    return result(taken());
  }

  @Override
  public Attribution result(int count) {
    double[] y = Arrays.copyOf(scores, Math.min(count, taken()));
    double[] value = lime.estimate() == Lime.Estimate.RIDGE ? slopes(y) : means(y);
    Map<String, Double> notes = new LinkedHashMap<>();
    notes.put("score", y.length > 0 ? y[0] : 0);
    notes.put("superpixels", (double) features);
    return new FeatureMask(superpixel, features).spread(image, value, lime.channels(), notes);
  }

  private double[] slopes(double[] y) {
    double[] weight = new double[y.length];
    for (int i = 0; i < weight.length; i++) {
      int seen = 0;
      for (int j = 0; j < features; j++) {
        seen += on[i * features + j];
      }
      double distance = 1 - Math.sqrt((double) seen / features);
      weight[i] = Math.sqrt(Math.exp(-distance * distance / (lime.width() * lime.width())));
    }
    return y.length == 0
        ? new double[features]
        : Ridge.slopes(on, features, y, weight, lime.alpha());
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
