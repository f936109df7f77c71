package candela.metric;

import candela.device.Device;
import candela.graph.ScoreKind;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Scores of images in which more and more pixels are exchanged, and the number they give. */
final class RemovalCurve extends Sampled<Score> {
  private final Device device;
  private final Tensor before;
  private final Tensor after;
  private final MemorySegment rank;
  private final MemorySegment count;

  /** Whether the class is followed that the model gives to the whole image. */
  private final boolean predicted;

  private final ToDoubleFunction<List<Double>> value;
  private final boolean endsWhole;
  private final int target;

  /** By row; of all classes where the class is not known before. */
  private final float[][] scores;

  /** Pixels go out of the image, and the score of the explained class is followed. */
  static Probe<Score> deletion(
      Explained explained,
      Workspace workspace,
      ScoreKind kind,
      RemovalOrder order,
      Substrate substrate,
      ToDoubleFunction<List<Double>> value) {
    return of(explained, workspace, kind, order, substrate, false, false, value);
  }

  /**
   * The curve of a map; of one that is not finite, no number.
   *
   * @param insertion whether pixels go into the substrate, not out of the image
   * @param predicted whether the class is followed that the model gives to the whole image
   * @param value of the curve
   */
  static Probe<Score> of(
      Explained explained,
      Workspace workspace,
      ScoreKind kind,
      RemovalOrder order,
      Substrate substrate,
      boolean insertion,
      boolean predicted,
      ToDoubleFunction<List<Double>> value) {
    if (!Vectors.isFinite(explained.map())) {
      return Known.notFinite(explained);
    }
    Tensor image = workspace.tensor(explained.shape(), explained.pixels());
    Tensor without = substrate.of(explained, workspace);
    return new RemovalCurve(
        explained,
        workspace,
        kind,
        order,
        insertion ? without : image,
        insertion ? image : without,
        insertion,
        predicted,
        value);
  }

  /** Area under a curve over 0 … 1, by trapezoids. */
  static double area(List<Double> curve) {
    double sum = 0;
    for (double f : curve) {
      sum += f;
    }
    double ends = curve.getFirst() + curve.getLast();
    return (sum - ends / 2) / (curve.size() - 1);
  }

  /**
   * The same, over the largest value of the curve where so normalised; NaN where that is not above
   * 0.
   */
  static double area(List<Double> curve, boolean normalise) {
    double by = normalise ? Collections.max(curve) : 1;
    return by > 0 ? area(curve) / by : Double.NaN;
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
      RemovalOrder order,
      Tensor before,
      Tensor after,
      boolean endsWhole,
      boolean predicted,
      ToDoubleFunction<List<Double>> value) {
    super(
        Ask.score(predicted ? ScoreKind.PROBABILITY : kind),
        explained.shape(),
        explained.target(),
        order.count().length);
    device = workspace.device();
    this.before = before;
    this.after = after;
    this.endsWhole = endsWhole;
    this.predicted = predicted;
    this.value = value;
    target = explained.target();
    int[] ofPixel = order.rank();
    int[] ofValue = new int[before.count()];
    for (int i = 0; i < ofValue.length; i++) {
      ofValue[i] = ofPixel[i % ofPixel.length];
    }
    rank = workspace.ints(ofValue);
    count = workspace.ints(order.count());
    scores = new float[all()][];
    know(0, workspace.asked(device.read(before), ask(), target()));
    if (order.takesAll()) {
      know(all() - 1, workspace.asked(device.read(after), ask(), target()));
    }
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
    if (predicted) {
      int at = first;
      for (Prediction p : answers.predictions(device)) {
        scores[at++] = p.probabilities();
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

  private int followedClass() {
    return predicted ? Prediction.best(scores[endsWhole ? all() - 1 : 0]) : 0;
  }

  @Override
  public Score result() {
    if (taken() < all()) {
      return Score.NOT_YET;
    }
    int of = followedClass();
    List<Double> curve = new ArrayList<>();
    for (float[] s : scores) {
      curve.add((double) s[of]);
    }
    // of finite scores only a share of one that is 0 or less has no number
    boolean finite = curve.stream().allMatch(Double::isFinite);
    return new Score(
        value.applyAsDouble(curve),
        Map.of("class", (double) (predicted ? of : target)),
        curve,
        finite ? Reason.notPositive(curve.get(endsWhole ? all() - 1 : 0)) : "");
  }
}
