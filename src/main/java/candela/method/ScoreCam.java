package candela.method;

import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where the features are that show the class when nothing else is seen; asks no gradient.
 *
 * <p><b>Definition:</b> a = max(Σ_k w_k A_k, 0), w_k = f(x ⊙ H_k), H_k the channel A_k, upsampled
 * and scaled to 0…1; channels without contrast count 0. With weights=softmax, w is the softmax of
 * these scores over the channels.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model, [c,h,w] or tokens of the image's patches;
 * default empty: what the last attention reads, or the last convolution with what follows at its
 * size); weights (score, softmax; default score); upsampling (bilinear, nearest, none of the
 * result; default bilinear); score (default probability).
 *
 * <p><b>Cost:</b> 1 forward and backward row, then as many forward rows as the layer has channels:
 * 512 to 2048 in common networks.
 *
 * <p><b>Source:</b> Wang et al. 2020, "Score-CAM: score-weighted visual explanations for
 * convolutional neural networks", section 3, and its code.
 *
 * <p><b>Differences:</b> the paper subtracts the score of a baseline, the same for all channels,
 * and takes the softmax; its code, and the default here, the probability itself. Not scaled to 0…1.
 */
public record ScoreCam(String layer, Weights weights, Upsampling upsampling, ScoreKind score)
    implements Method {
  /** What a channel's score becomes. */
  public enum Weights {
    SCORE,
    SOFTMAX
  }

  public ScoreCam() {
    this("", Weights.SCORE, Upsampling.BILINEAR, ScoreKind.PROBABILITY);
  }

  @Override
  public Channels channels() {
    return Channels.SUM_ABSOLUTE;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    var features =
        new ClassActivation(
            this, subject, workspace, layer, upsampling, (a, g) -> new double[a.pixels()]);
    return new Phased(features, () -> new Masked(subject, workspace, features));
  }

  /** One channel a row. */
  private final class Masked extends Sampled<Attribution> {
    private final Workspace workspace;
    private final Shape image;
    private final FeatureMap a;
    private final int[] contrasted;
    private final Tensor x;
    private final Tensor nothing;
    private final double[] scores;

    /** Of the image as it is. */
    private final double whole;

    Masked(Subject subject, Workspace workspace, ClassActivation features) {
      this(subject, workspace, features, contrasted(features.values()));
    }

    private Masked(
        Subject subject, Workspace workspace, ClassActivation features, int[] contrasted) {
      super(Ask.score(ScoreCam.this.score), subject.shape(), subject.target(), contrasted.length);
      this.workspace = workspace;
      a = features.values();
      whole = features.score();
      this.contrasted = contrasted;
      image = subject.image();
      x = workspace.tensor(subject.shape(), subject.pixels());
      nothing = workspace.tensor(subject.shape());
      scores = new double[a.channels()];
    }

    private static int[] contrasted(FeatureMap a) {
      return IntStream.range(0, a.channels()).filter(k -> most(a, k) > least(a, k)).toArray();
    }

    private static double most(FeatureMap a, int k) {
      double most = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < a.pixels(); i++) {
        most = Math.max(most, a.at(k, i));
      }
      return most;
    }

    private static double least(FeatureMap a, int k) {
      double least = Double.POSITIVE_INFINITY;
      for (int i = 0; i < a.pixels(); i++) {
        least = Math.min(least, a.at(k, i));
      }
      return least;
    }

    @Override
    protected void fill(int first, Tensor rows) {
      int n = rows.shape().dim(0);
      int pixels = image.count(1, 3);
      float[] masks = new float[n * pixels];
      IntStream.range(0, n)
          .parallel()
          .forEach(
              r -> System.arraycopy(mask(contrasted[first + r]), 0, masks, r * pixels, pixels));
      try (var own = new Workspace(workspace.device())) {
        workspace
            .device()
            .kernels()
            .mask()
            .blend(
                n,
                x.count(),
                pixels,
                own.floats(masks),
                MemorySegment.NULL,
                x.data(),
                nothing.data(),
                rows.data());
      }
    }

    /** The channel at the image's size, from 0 to 1. */
    private float[] mask(int k) {
      float[] small = Arrays.copyOfRange(a.values(), k * a.pixels(), (k + 1) * a.pixels());
      Upsampling how = upsampling == Upsampling.NONE ? Upsampling.BILINEAR : upsampling;
      float[] mask = how.of(small, a.h(), a.w(), image.dim(1), image.dim(2));
      float least = Float.POSITIVE_INFINITY;
      float most = Float.NEGATIVE_INFINITY;
      for (float v : mask) {
        least = Math.min(least, v);
        most = Math.max(most, v);
      }
      for (int i = 0; i < mask.length; i++) {
        mask[i] = most > least ? (mask[i] - least) / (most - least) : 0;
      }
      return mask;
    }

    @Override
    protected void add(int first, Answers answers) {
      answers.scoresLater(
          s -> {
            for (int r = 0; r < s.length; r++) {
              scores[contrasted[first + r]] = s[r];
            }
          });
    }

    @Override
    public Attribution result() {
      double[] weight = scores.clone();
      if (weights == Weights.SOFTMAX) {
        double most = Arrays.stream(contrasted).mapToDouble(k -> scores[k]).max().orElse(0);
        double sum = 0;
        for (int k : contrasted) {
          weight[k] = Math.exp(scores[k] - most);
          sum += weight[k];
        }
        for (int k : contrasted) {
          weight[k] /= sum;
        }
      }
      double[] map = ClassActivation.weighted(weight, a, true);
      return ClassActivation.map(map, a, image, upsampling, channels(), whole);
    }
  }
}
