package candela.method;

import candela.probe.Answers;
import candela.probe.Ask;
import candela.probe.Sampled;
import candela.probe.Workspace;
import candela.tensor.CandelaException;
import candela.tensor.Shape;
import candela.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** One coalition of features a row: what others lack is taken from the baseline. */
abstract class Coalitions extends Sampled<Attribution> {
  protected final FeatureMask mask;

  /** Score of every coalition. */
  protected final double[] scores;

  private final Workspace workspace;
  private final Shape image;
  private final Channels channels;
  private final Tensor x;
  private final Tensor fill;
  private final MemorySegment feature;
  private final MemorySegment table;

  /** Elements of a table: 1 GiB. */
  private static final long LARGEST = 1 << 28;

  /** Refuses, before they are drawn, more coalitions than a table can hold. */
  static void check(String method, long samples, long rows, int features) {
    if (rows * features > LARGEST) {
      throw CandelaException.of(
          "%s: samples: %d rows of %d features are more than a table holds; take fewer of either,"
              + " got samples=%d",
          method, rows, features, samples);
    }
  }

  /**
   * @param table [rows,features]: 1 where the feature is there, 0 where not, parts between
   */
  Coalitions(
      Method method,
      Subject subject,
      Workspace workspace,
      Tensor fill,
      FeatureMask mask,
      float[] table) {
    super(
        Ask.score(method.score()), subject.shape(), subject.target(), table.length / mask.count());
    this.mask = mask;
    this.workspace = workspace;
    this.fill = fill;
    image = subject.image();
    channels = method.channels();
    x = workspace.tensor(subject.shape(), subject.pixels());
    feature = workspace.ints(mask.values(x.count()));
    this.table = workspace.floats(table);
    scores = new double[table.length / mask.count()];
  }

  @Override
  protected final void fill(int first, Tensor rows) {
    workspace
        .device()
        .kernels()
        .mask()
        .blend(
            rows.shape().dim(0),
            x.count(),
            mask.count(),
            table.asSlice((long) first * mask.count() * Tensor.BYTES),
            feature,
            x.data(),
            fill.data(),
            rows.data());
  }

  @Override
  protected final void add(int first, Answers answers) {
    answers.scoresLater(scores, first);
  }

  /** The value of each feature. */
  abstract double[] values();

  /** What else is known. */
  abstract Map<String, Double> notes(double[] values);

  @Override
  public final Attribution result() {
    double[] values = values();
    return mask.spread(image, values, channels, notes(values));
  }
}
