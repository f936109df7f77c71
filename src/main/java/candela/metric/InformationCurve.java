package candela.metric;

import candela.device.Device;
import candela.device.Philox;
import candela.graph.ScoreKind;
import candela.image.LinearImputer;
import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.InTurn;
import candela.probe.Prediction;
import candela.probe.Probe;
import candela.probe.Range;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What the model says to an image (row 0), to its blurred version (row 1), and to that with more
 * and more of the most important pixels in focus; with the information that each holds. Asked once
 * for all metrics of a map.
 */
final class InformationCurve extends Sampled<List<InformationCurve.Said>> {
  /** Shares of the pixels that are in focus: those of PAIR's example. */
  private static final double[] SHARES = {
    0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.10, 0.13, 0.21, 0.34, 0.5, 0.75
  };

  /** Rows before those. */
  private static final int FIRST = 2;

  /** Intervals of the curve: PAIR's. */
  private static final int INTERVALS = 1000;

  private final Device device;
  private final float[] pixels;
  private final Shape image;
  private final Range range;
  private final int[] ranks;

  /** Pixels of which even the blurred image knows. */
  private final boolean[] known;

  private final double[] bits;
  private final List<Said> said = new ArrayList<>();
  private boolean asked;

  /** What is the same for all metrics of a map. */
  private record OfMap(Explained explained, ScoreKind score, double known, long seed) {}

  /**
   * What the model said to a row.
   *
   * @param bits information of the image
   * @param score of the explained class
   * @param right whether no class is likelier
   */
  record Said(double bits, double score, boolean right) {}

  /** What is followed over the information. */
  enum Performance {
    SCORE,
    RIGHT;

    private double of(Said said) {
      return this == SCORE ? said.score() : said.right() ? 1 : 0;
    }

    /** Why there is no curve. */
    private String reason(double whole, double blurred, double least) {
      if (!(whole >= least)) {
        return this == SCORE
            ? "the image scores " + (float) whole + ", below least (" + least + ")"
            : "the model does not give the image this class";
      }
      if (!(whole > blurred)) {
        return this == SCORE
            ? "the image scores " + (float) whole + ", no more than blurred, " + (float) blurred
            : "the model gives the blurred image this class, too";
      }
      return "the image holds no more information than blurred";
    }
  }

  /**
   * The probe of a map; of one that is not finite, no number.
   *
   * @param known share of the pixels
   * @param least performance of the image as it is
   */
  static Probe<Score> of(
      Explained explained,
      Workspace workspace,
      ScoreKind score,
      double known,
      long seed,
      double least,
      Performance performance) {
    if (!Vectors.isFinite(explained.map())) {
      return Known.notFinite(explained);
    }
    InformationCurve rows =
        workspace.once(
            new OfMap(explained, score, known, seed),
            () -> new InformationCurve(explained, workspace, score, known, seed));
    boolean asks = !rows.asked;
    rows.asked = true;
    return new InTurn<>(
        explained.target(),
        asks ? List.of(rows) : List.of(),
        () -> rows.taken() < rows.all() ? Score.NOT_YET : score(rows.said, least, performance));
  }

  private InformationCurve(
      Explained explained, Workspace workspace, ScoreKind score, double share, long seed) {
    super(Ask.score(score), explained.shape(), explained.target(), FIRST + SHARES.length);
    device = workspace.device();
    pixels = explained.pixels();
    image = explained.image();
    range = Range.of(pixels);
    ranks = explained.ranks();
    int[] order = new Philox(MetricSeed.of(seed), 0).permutation(ranks.length);
    known = new boolean[ranks.length];
    for (int i = 0; i < Math.max(1, (int) (share * known.length)); i++) {
      known[order[i]] = true;
    }
    bits = new double[all()];
    bits[0] = Information.bits(pixels, 0, image, range);
    know(0, workspace.asked(pixels, ask(), target()));
  }

  @Override
  protected void fill(int first, Tensor rows) {
    float[] values = new float[rows.count()];
    IntStream.range(0, rows.shape().dim(0))
        .parallel()
        .forEach(i -> write(first + i, values, i * pixels.length));
    device.write(rows, values);
  }

  private void write(int row, float[] values, int at) {
    if (row == 0) {
      System.arraycopy(pixels, 0, values, at, pixels.length);
      return;
    }
    int n = ranks.length;
    int focused = row < FIRST ? 0 : 1 + (int) (SHARES[row - FIRST] * (n - 1));
    byte[] hole = new byte[n];
    for (int i = 0; i < n; i++) {
      hole[i] = (byte) (known[i] || ranks[i] < focused ? 0 : 1);
    }
    LinearImputer.fill(pixels, image.dim(0), image.dim(1), image.dim(2), hole, values, at);
    bits[row] = Information.bits(values, at, image, range);
  }

  @Override
  protected void add(int first, Answers answers) {
    float[] scores = answers.scores();
    List<Prediction> predictions = answers.predictions(device);
    for (int i = 0; i < scores.length; i++) {
      said.add(new Said(bits[first + i], scores[i], predictions.get(i).predicts(target())));
    }
  }

  @Override
  public List<Said> result() {
    return said;
  }

  /** A place on the curve, both from 0 (the blurred image) to 1 (the image). */
  private record Place(double information, double performance) {}

  /** The area under the performance over the information. */
  private static Score score(List<Said> said, double least, Performance performance) {
    double whole = performance.of(said.get(0));
    double blurred = performance.of(said.get(1));
    double most = said.get(0).bits();
    double fewest = said.get(1).bits();
    Map<String, Double> parts = Map.of("blurred", blurred);
    if (!(whole >= least && whole > blurred && most > fewest)) {
      return Score.of(Double.NaN, parts, performance.reason(whole, blurred, least));
    }
    List<Place> places = new ArrayList<>();
    places.add(new Place(0, 0));
    for (Said s : said.subList(FIRST, said.size())) {
      places.add(
          new Place(
              Math.clamp((s.bits() - fewest) / (most - fewest), 0, 1),
              Math.clamp((performance.of(s) - blurred) / (whole - blurred), 0, 1)));
    }
    places.add(new Place(1, 1));
    List<Double> curve = curve(places);
    return new Score(RemovalCurve.area(curve), parts, curve, "");
  }

  /** At equal distances from 0 to 1; never falls, and is linear between places. */
  private static List<Double> curve(List<Place> places) {
    List<Place> sorted = new ArrayList<>(places);
    sorted.sort(Comparator.comparingDouble(Place::information));
    List<Double> curve = new ArrayList<>();
    int at = 0;
    double below = 0;
    for (int i = 0; i <= INTERVALS; i++) {
      double x = (double) i / INTERVALS;
      while (at < sorted.size() && sorted.get(at).information() <= x) {
        below = Math.max(below, sorted.get(at).performance());
        at++;
      }
      if (at == sorted.size()) {
        curve.add(below);
      } else {
        double from = sorted.get(at - 1).information();
        Place next = sorted.get(at);
        double above = Math.max(below, next.performance());
        curve.add(below + (above - below) * (x - from) / (next.information() - from));
      }
    }
    return curve;
  }
}
