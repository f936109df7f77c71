package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Scores of images in which the 0, step, 2 step, … most important pixels are exchanged, and the
 * area under them.
 */
final class RemovalCurve extends Sampled<Score> {
  /** Whose probability is followed. */
  enum Followed {
    TARGET,
    /** The class that the model gives to the whole image. */
    PREDICTED
  }

  private final Device device;
  private final Tensor before;
  private final Tensor after;
  private final MemorySegment rank;
  private final MemorySegment count;
  private final Followed followed;
  private final boolean normalise;
  private final boolean endsWhole;
  private final int target;

  /** By row; of all classes where the class is not known before. */
  private final float[][] scores;

  /**
   * The curve of a map; of one that is not finite, no number.
   *
   * @param insertion whether pixels go into the substrate, not out of the image
   */
  static Probe<Score> of(
      Explained explained,
      Workspace workspace,
      ScoreKind kind,
      int step,
      Substrate substrate,
      boolean insertion,
      boolean predicted,
      boolean normalise) {
    if (!Vectors.isFinite(explained.map())) {
      return new Known(explained.target(), Score.NONE);
    }
    Tensor image = workspace.tensor(explained.shape(), explained.pixels());
    Tensor without = substrate.of(explained, workspace);
    return new RemovalCurve(
        explained,
        workspace,
        kind,
        step,
        insertion ? without : image,
        insertion ? image : without,
        insertion,
        predicted ? Followed.PREDICTED : Followed.TARGET,
        normalise);
  }

  /**
   * @param before the image with no pixel exchanged
   * @param after with all
   * @param endsWhole whether the last image is the unchanged one, not the first
   */
  private RemovalCurve(
      Explained explained,
      Workspace workspace,
      ScoreKind kind,
      int step,
      Tensor before,
      Tensor after,
      boolean endsWhole,
      Followed followed,
      boolean normalise) {
    super(
        Ask.score(followed == Followed.PREDICTED ? ScoreKind.PROBABILITY : kind),
        explained.target(),
        Math.ceilDiv(explained.height() * explained.width(), step) + 1);
    device = workspace.device();
    this.before = before;
    this.after = after;
    this.endsWhole = endsWhole;
    this.followed = followed;
    this.normalise = normalise;
    target = explained.target();
    int[] ofPixel = explained.ranks();
    int[] ofValue = new int[before.count()];
    for (int i = 0; i < ofValue.length; i++) {
      ofValue[i] = ofPixel[i % ofPixel.length];
    }
    rank = workspace.ints(ofValue);
    int[] counts = new int[all()];
    Arrays.setAll(counts, i -> Math.min(i * step, ofPixel.length));
    count = workspace.ints(counts);
    scores = new float[all()][];
    know(0, workspace.asked(device.read(before), ask(), target()));
    know(all() - 1, workspace.asked(device.read(after), ask(), target()));
  }

  @Override
  protected void fill(int first, Tensor rows) {
    device
        .kernels()
        .mask()
        .selectRanked(
            rows.shape().dim(0),
            before.count(),
            before.data(),
            after.data(),
            rank,
            count.asSlice(first * 4L),
            rows.data());
  }

  @Override
  protected void add(int first, Answers answers) {
    if (followed == Followed.PREDICTED) {
      float[] logits = device.read(answers.logits());
      int classes = logits.length / answers.rows();
      for (int i = 0; i < answers.rows(); i++) {
        scores[first + i] =
            probabilities(Arrays.copyOfRange(logits, i * classes, (i + 1) * classes));
      }
      return;
    }
    answers.scoresLater(
        s -> {
          for (int i = 0; i < s.length; i++) {
            scores[first + i] = new float[] {s[i]};
          }
        });
  }

  private static float[] probabilities(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (float z : logits) {
      most = Math.max(most, z);
    }
    double sum = 0;
    for (float z : logits) {
      sum += Math.exp(z - most);
    }
    float[] p = new float[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = (float) (Math.exp(logits[i] - most) / sum);
    }
    return p;
  }

  private int followedClass() {
    if (followed == Followed.TARGET) {
      return 0;
    }
    float[] whole = scores[endsWhole ? all() - 1 : 0];
    int best = 0;
    for (int i = 1; i < whole.length; i++) {
      best = whole[i] > whole[best] ? i : best;
    }
    return best;
  }

  @Override
  public Score result() {
    if (taken() < all()) {
      return Score.NONE;
    }
    int of = followedClass();
    List<Double> curve = new ArrayList<>();
    double sum = 0;
    double most = Double.NEGATIVE_INFINITY;
    for (float[] s : scores) {
      curve.add((double) s[of]);
      sum += s[of];
      most = Math.max(most, s[of]);
    }
    double ends = curve.getFirst() + curve.getLast();
    double area = (sum - ends / 2) / (all() - 1);
    return new Score(
        normalise ? area / most : area,
        Map.of("class", (double) (followed == Followed.TARGET ? target : of)),
        curve);
  }
}
