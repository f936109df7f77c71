package candela.method;

import candela.graph.ScoreKind;
import candela.graph.SessionOptions;
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
 * Where the features are without which the score falls; asks no gradient.
 *
 * <p><b>Definition:</b> a = max(Σ_k w_k A_k, 0), w_k = (f(A) − f(A without k)) / |f(A)|, f the
 * score as a function of the layer, without k where all of channel k is 0; not divided where f(A)
 * is 0.
 *
 * <p><b>Shapes:</b> x[c,h,w], A[k,h',w'] → a[1,h,w], or a[1,h',w'] without upsampling.
 *
 * <p><b>Parameters:</b> layer (a value of the model that all of the score goes through, [c,h,w] or
 * tokens of the image's patches; default empty: what the last attention reads, or the last
 * convolution with what follows at its size); relu (false keeps what is below zero, default true);
 * upsampling (bilinear, nearest, none; default bilinear); score (default logit).
 *
 * <p><b>Cost:</b> 1 forward and backward row, then as many forward rows and one as the layer has
 * channels that are not 0 everywhere, each from the layer on.
 *
 * <p><b>Source:</b> Ramaswamy and Desai 2020, "Ablation-CAM: visual explanations for deep
 * convolutional network via gradient-free localization", section 3.
 *
 * <p><b>Differences:</b> the paper divides by f(A) itself, which turns the map round where that is
 * below zero. pytorch-grad-cam puts a number of −1e7 or less for a channel where the least value of
 * the layer is not 0, runs what comes before the layer for every channel again, and scales the map
 * to 0…1.
 */
public record AblationCam(String layer, boolean relu, Upsampling upsampling, ScoreKind score)
    implements Method {
  public AblationCam() {
    this("", true, Upsampling.BILINEAR, ScoreKind.LOGIT);
  }

  @Override
  public Channels channels() {
    return relu ? Channels.SUM_ABSOLUTE : Channels.SUM;
  }

  @Override
  public Probe<Attribution> probe(Subject subject, Workspace workspace) {
    var features =
        new ClassActivation(
            this, subject, workspace, at(), upsampling, (a, g) -> new double[a.pixels()]);
    return new Phased(features, () -> new Ablated(subject, workspace, features));
  }

  private String at() {
    return SessionOptions.layerOfAll(layer);
  }

  /** Row 0 is the layer as it is, then comes one channel a row. */
  private final class Ablated extends Sampled<Attribution> {
    private final Shape image;
    private final Workspace workspace;
    private final FeatureMap a;
    private final int[] channel;
    private final double[] scores;
    private final Tensor whole;
    private final Tensor nothing;

    /** Of every value of the layer. */
    private final MemorySegment channelOf;

    /** By row; −1 where all are there. */
    private final MemorySegment gone;

    Ablated(Subject subject, Workspace workspace, ClassActivation features) {
      this(subject, workspace, features, present(features.values()));
    }

    private Ablated(Subject subject, Workspace workspace, ClassActivation features, int[] channel) {
      super(
          Ask.scoreFrom(at(), AblationCam.this.score), null, subject.target(), channel.length + 1);
      this.workspace = workspace;
      this.channel = channel;
      image = subject.image();
      a = features.values();
      scores = new double[channel.length + 1];
      Shape layer = features.shape();
      whole = workspace.tensor(layer, features.row());
      nothing = workspace.tensor(layer);
      int size = FeatureMap.channelsLast(image, layer) ? 1 : a.pixels();
      int[] of = new int[layer.count()];
      Arrays.setAll(of, i -> i / size % a.channels());
      channelOf = workspace.ints(of);
      int[] row = new int[channel.length + 1];
      Arrays.setAll(row, i -> i == 0 ? -1 : channel[i - 1]);
      gone = workspace.ints(row);
    }

    /** Channels that are not 0 everywhere: of the others the weight does not matter. */
    private static int[] present(FeatureMap a) {
      return IntStream.range(0, a.channels())
          .filter(k -> IntStream.range(0, a.pixels()).anyMatch(i -> a.at(k, i) != 0))
          .toArray();
    }

    @Override
    protected void fill(int first, Tensor rows) {
      workspace
          .device()
          .kernels()
          .mask()
          .selectFeatures(
              rows.shape().dim(0),
              whole.count(),
              whole.data(),
              nothing.data(),
              channelOf,
              gone.asSlice((long) first * Integer.BYTES),
              rows.data());
    }

    @Override
    protected void add(int first, Answers answers) {
      answers.scoresLater(scores, first);
    }

    @Override
    public Attribution result() {
      double[] weight = new double[a.channels()];
      double by = scores[0] == 0 ? 1 : Math.abs(scores[0]);
      for (int i = 0; i < channel.length; i++) {
        weight[channel[i]] = (scores[0] - scores[i + 1]) / by;
      }
      double[] map = ClassActivation.weighted(weight, a, relu);
      return ClassActivation.map(map, a, image, upsampling, channels(), scores[0]);
    }
  }
}
