package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Staged;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The gradient, averaged over noisy copies of the image.
 *
 * <p><b>Definition:</b> g_i = ∂f(x + σ z_i)/∂x with z_i standard normal; smoothgrad = mean g_i,
 * smoothgrad_sq = mean g_i², vargrad = mean g_i² − (mean g_i)². σ = spread · (max x − min x), or
 * stdev where it is given.
 *
 * <p><b>Shapes:</b> x[c,h,w] → a[c,h,w].
 *
 * <p><b>Parameters:</b> samples (1 or more, default 50; the first k of more samples are those of
 * k); spread (fraction of the range of x, default 0.15); stdev (units of the network's input, 0 =
 * by spread, default 0); type (default smoothgrad); seed (default 0); score (default logit);
 * channels (default sum_absolute).
 *
 * <p><b>Cost:</b> samples forward rows, samples backward rows.
 *
 * <p><b>Source:</b> Smilkov et al. 2017, section 3; Hooker et al. 2019 (squared); Adebayo et al.
 * 2018 (VarGrad).
 *
 * <p><b>Differences:</b> spread and its default are PAIR's, which squares by default; stdev is
 * Captum's (default 1.0 there). VarGrad is biased, as Captum's; Xplique divides by samples − 1.
 */
public record SmoothGrad(
    int samples,
    double spread,
    double stdev,
    Type type,
    long seed,
    ScoreKind score,
    Channels channels)
    implements Nested {
  /** What is averaged. */
  public enum Type {
    SMOOTHGRAD,
    SMOOTHGRAD_SQ,
    VARGRAD
  }

  public SmoothGrad() {
    this(50, 0.15, 0, Type.SMOOTHGRAD, 0, ScoreKind.LOGIT, Channels.SUM_ABSOLUTE);
  }

  public SmoothGrad {
    Check.atLeast(1, samples, "smoothgrad: samples");
    Check.notNegative(spread, "smoothgrad: spread");
    Check.notNegative(stdev, "smoothgrad: stdev");
  }

  @Override
  public int count() {
    return samples;
  }

  @Override
  public SmoothGrad with(int count) {
    return new SmoothGrad(count, spread, stdev, type, seed, score, channels);
  }

  @Override
  public Staged<Attribution> probe(Subject subject, Workspace workspace, List<Integer> counts) {
    return new Noisy(subject, workspace, counts);
  }

  private final class Noisy extends Sampled<Attribution> implements Staged<Attribution> {
    /** Results at counts before the last. */
    private final SortedMap<Integer, Attribution> stages = new TreeMap<>();

    private final Workspace workspace;
    private final Shape image;
    private final Tensor x;
    private final float sigma;
    private final MemorySegment sample;
    private final MemorySegment sum;
    private final MemorySegment square;

    /** On the device, once somebody asks: what the moments come to, and its map. */
    private Tensor mean;

    private Tensor map;

    Noisy(Subject subject, Workspace workspace, List<Integer> counts) {
      super(Ask.gradient(score), subject.shape(), subject.target(), samples);
      this.workspace = workspace;
      counts.stream().filter(c -> c < samples).forEach(c -> stages.put(c, null));
      image = subject.image();
      sample = workspace.samples(samples);
      long bytes = image.count() * 8L;
      sum = workspace.allocate(bytes);
      square = type == Type.SMOOTHGRAD ? MemorySegment.NULL : workspace.allocate(bytes);
      // A card is done with what is queued by then, and has nothing before the image but to wait.
      sigma = (float) (stdev > 0 ? stdev : spread * subject.range());
      x = workspace.tensor(subject.shape(), subject.pixels());
    }

    @Override
    protected void fill(int first, Tensor rows) {
      workspace
          .device()
          .kernels()
          .noise()
          .gaussianNoise(
              rows.shape().dim(0),
              x.count(),
              x.data(),
              sigma,
              seed,
              sample.asSlice(first * 8L),
              rows.data());
    }

    @Override
    protected void add(int first, Answers answers) {
      Tensor gradients = answers.gradients();
      int from = first;
      for (int stage : List.copyOf(stages.keySet())) {
        if (stage > first && stage <= first + answers.rows()) {
          add(gradients.rows(from - first, stage - first));
          stages.put(stage, mean(stage));
          from = stage;
        }
      }
      add(gradients.rows(from - first, answers.rows()));
    }

    private void add(Tensor gradients) {
      workspace
          .device()
          .kernels()
          .noise()
          .moments(
              gradients.shape().dim(0),
              x.count(),
              MemorySegment.NULL,
              gradients.data(),
              sum,
              square);
    }

    @Override
    public Attribution result(int count) {
      return stages.containsKey(count) ? stages.get(count) : result();
    }

    @Override
    public Attribution result() {
      return mean(Math.max(taken(), 1));
    }

    private Attribution mean(double count) {
      if (mean == null) {
        mean = workspace.unset(image);
        map = workspace.unset(Shape.of(image.count(1, 3)));
      }
      workspace
          .device()
          .kernels()
          .noise()
          .meanMoments(kind(), x.count(), count, sum, square, mean.data());
      Map<String, Double> notes = Map.of("sigma", (double) sigma);
      boolean all = workspace.wantsChannels();
      return Attribution.read(workspace, image, mean, channels, notes, all, map);
    }

    private int kind() {
      return switch (type) {
        case SMOOTHGRAD -> 0;
        case SMOOTHGRAD_SQ -> 1;
        case VARGRAD -> 2;
      };
    }
  }
}
